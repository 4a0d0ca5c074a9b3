import { parentPort } from "node:worker_threads";

import { sha256OfBytes } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";
import { lowerSource } from "#language/lower/lower.ts";

import type { LowerAnswer, LowerJob } from "./messages.ts";
import { sha256Bytes } from "./short-digest.ts";

/** The thread in which agent files are parsed: it has no environment and may be killed at any time. */
const port = parentPort;
invariant(port !== null, "the lowering worker runs as a worker thread");

port.on("message", (job: LowerJob) => {
  const answer: LowerAnswer = lowerSource(
    { path: job.path, bytes: job.bytes },
    { tools: job.tools, digest: (bytes) => sha256OfBytes(sha256Bytes(bytes)) },
  );
  port.postMessage(answer);
});
