import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { checkPolicies, decideRequest, isAlive, loadSets, startCedar } from "./cedar-module.ts";
import type { Answer, Batch, BatchAnswer, Question, WorkerStart } from "./messages.ts";
import { POSTED, WORKER_READY } from "./messages.ts";

/*
 * The thread in which Cedar lives. It can be lost or ended at any moment; whoever started it
 * starts another. Nothing is kept here but the sets that were loaded.
 */

/**
 * How long the thread stays awake for the next batch. Waking a sleeping thread costs several
 * decisions, and an agent's calls come in bursts.
 */
const AWAKE_MS = 0.3;

const { wasm, port, posted } = workerData as WorkerStart;
const counters = new Int32Array(posted);
let taken = 0;
startCedar(wasm);
post({ number: WORKER_READY, answers: [] });

port.on("message", (first: Batch) => {
  reply(first);
  let asleepAtMs = performance.now() + AWAKE_MS;
  while (performance.now() < asleepAtMs) {
    const next = Atomics.load(counters, POSTED.batches) === taken ? undefined : receiveMessageOnPort(port);
    if (next === undefined) continue;
    reply(next.message as Batch);
    asleepAtMs = performance.now() + AWAKE_MS;
  }
});

function reply({ number, questions }: Batch): void {
  taken = (taken + 1) | 0;
  const answers: Answer[] = [];
  for (const question of questions) {
    const answer = answerTo(question);
    answers.push(answer);
    if (answer.k === "lost") break;
  }
  post({ number, answers });
}

function post(answer: BatchAnswer): void {
  port.postMessage(answer);
  Atomics.add(counters, POSTED.answers, 1);
}

function answerTo(question: Question): Answer {
  try {
    switch (question.k) {
      case "check":
        return { k: "checked", check: checkPolicies(question.policies, question.schema) };
      case "load":
        return { k: "loaded", problems: loadSets(question.sets) };
      case "decide":
        return { k: "decided", answers: decideRequest(question.request, question.sets) };
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { k: isAlive() ? "refused" : "lost", message };
  }
}
