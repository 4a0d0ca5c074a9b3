import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { checkPolicies, decideRequest, isAlive, loadSets, startCedar } from "./cedar-module.ts";
import type { Answer, Batch, BatchAnswer, Question, WorkerStart } from "./messages.ts";
import { WORKER_READY } from "./messages.ts";

/*
 * The thread in which Cedar lives. It can be lost or ended at any moment; whoever started it
 * starts another. Nothing is kept here but the sets that were loaded.
 */

/**
 * How long the thread stays awake for the next batch. Waking a sleeping thread costs several
 * decisions, and an agent's calls come in bursts.
 */
const AWAKE_MS = 0.1;

const { wasm, port } = workerData as WorkerStart;
startCedar(wasm);
port.postMessage({ number: WORKER_READY, answers: [] } satisfies BatchAnswer);

port.on("message", (first: Batch) => {
  reply(first);
  let asleepAtMs = performance.now() + AWAKE_MS;
  while (performance.now() < asleepAtMs) {
    const next = receiveMessageOnPort(port);
    if (next === undefined) continue;
    reply(next.message as Batch);
    asleepAtMs = performance.now() + AWAKE_MS;
  }
});

function reply({ number, questions }: Batch): void {
  const answers: Answer[] = [];
  for (const question of questions) {
    const answer = answerTo(question);
    answers.push(answer);
    if (answer.k === "lost") break;
  }
  port.postMessage({ number, answers } satisfies BatchAnswer);
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
