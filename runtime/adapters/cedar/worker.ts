import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "#kernel/invariant.ts";
import { checkPolicies, decideRequest, isAlive, loadSets, startCedar } from "./cedar-module.ts";
import type { Answer, Batch, BatchAnswer, Question, WorkerStart } from "./messages.ts";

/*
 * The thread in which Cedar lives. It can be lost or ended at any moment; whoever started it
 * starts another. Nothing is kept here but the sets that were loaded.
 */

const port = parentPort;
invariant(port !== null, "the decider's worker is started as a worker");
startCedar((workerData as WorkerStart).wasm);

port.on("message", ({ number, questions }: Batch) => {
  const answers: Answer[] = [];
  for (const question of questions) {
    const answer = answerTo(question);
    answers.push(answer);
    if (answer.k === "lost") break;
  }
  port.postMessage({ number, answers } satisfies BatchAnswer);
});

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
