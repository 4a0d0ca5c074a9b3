import { createHash } from "node:crypto";
import { parentPort } from "node:worker_threads";

import { type DocumentTests, planTests } from "#apitest/plan-tests.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";
import type { DocumentFiles } from "#ports/document-files.ts";

import type { FromTester, TesterJob, ToTester } from "./messages.ts";

/*
 * The thread in which API documents are read, tests are made of them and answers are judged. Patterns and
 * schemas of strangers run here, so it has no environment and no files, and may be killed at any time.
 */
const port = parentPort;
invariant(port !== null, "the reader of API documents runs as a worker thread");

let tests: DocumentTests | null = null;
type FileAnswer = Extract<ToTester, { k: "file" }>["file"];
let waiting: ((file: FileAnswer) => void) | undefined;

const tell = (message: FromTester): void => port.postMessage(message);

const files: DocumentFiles = {
  read: (path) =>
    new Promise((resolve) => {
      waiting = resolve;
      tell({ k: "read", path });
    }),
};

const work = async (job: TesterJob): Promise<unknown> => {
  switch (job.k) {
    case "plan": {
      // Whoever wants it to stop ends the thread.
      const planned = await planTests(job.input, files, digest, new AbortController().signal);
      tests = planned.tests;
      return { plan: tests === null ? null : tests.plan, problems: planned.problems };
    }
    case "judge":
      return tests?.judge(job.caseId, job.answer);
    case "smaller":
      return tests?.smaller(job.caseId);
  }
};

const digest = (bytes: Uint8Array) => sha256OfBytes(createHash("sha256").update(bytes).digest());

port.on("message", (message: ToTester) => {
  if (message.k === "file") waiting?.(message.file);
  else void work(message.job).then((value) => tell({ k: "done", value }));
});
