/*
 * The sandbox process: reads one job from its standard input, runs it, writes frames to its
 * standard output and ends. It reads and writes synchronously, because a guest that runs lets
 * nothing else run.
 *
 * It ends as soon as nobody waits for it: at the end of its input, at a broken output, when its
 * parent is gone, and at the latest by the limit on processor time that it was started with.
 */
import { readSync, writeSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { QuickJS } from "quickjs-wasi";

import { utf8 } from "#kernel/bytes.ts";
import { createFileSet, writtenOf } from "#sandbox/file-set.ts";
import { guardedFiles } from "#sandbox/hidden-files.ts";

import { EXIT } from "./exit-codes.ts";
import { encodeFrame } from "./frames.ts";
import type { FrameKind } from "./frames.ts";
import { runGuest } from "./guest.ts";
import { inspectWalls } from "./inspect-walls.ts";
import { encodeAnswer, readJob } from "./messages.ts";
import type { Job } from "./messages.ts";
import { createOutput } from "#sandbox/output.ts";

const STDIN = 0;
/** As it was at the start; another one means that the parent is gone. */
const PARENT = process.ppid;
const STDOUT = 1;

/** Interrupts between two looks at whether the parent is still there. */
const INTERRUPTS_PER_LOOK = 64;

const main = async (): Promise<void> => {
  const job = readJob(readExactly);
  if (job === null) leave(EXIT.noJob);
  if (!walled()) leave(EXIT.noWalls);
  if (job.kind === "inspect") await inspect(job);
  else await run(job);
  leave(EXIT.done);
};

const inspect = async (job: Job): Promise<void> => {
  send("started");
  const vm = await QuickJS.create({ wasm: new WebAssembly.Module(new Uint8Array(job.wasm)) });
  const { quickjs, "quickjs-wasi": wrapper } = vm.versions;
  const engine = `quickjs-ng ${quickjs} (quickjs-wasi ${wrapper}) on Node ${process.versions.node}`;
  const value = JSON.stringify({ engine, walls: inspectWalls() });
  send("answer", encodeAnswer({ ended: "exited", exitCode: 0, droppedBytes: 0, value, files: [] }));
};

const run = async (job: Job): Promise<void> => {
  const files = createFileSet(job.files, job.limits);
  if (!files.ok) leave(EXIT.noJob);
  const wasm = new WebAssembly.Module(new Uint8Array(job.wasm));
  const output = createOutput(job.limits.outputBytesMax, send);
  const startedMs = performance.now();
  let interrupts = 0;
  send("started");
  const end = await runGuest({
    wasm,
    program: job.program,
    files: guardedFiles(files.value, job.hidden),
    fileBytesMax: job.limits.fileBytesMax,
    memoryBytesMax: job.limits.memoryBytesMax,
    valueBytesMax: job.limits.outputBytesMax,
    seed: job.seed,
    wallMs: () => job.wallMs + Math.floor(performance.now() - startedMs),
    expired: () => {
      interrupts += 1;
      if (interrupts % INTERRUPTS_PER_LOOK === 0 && process.ppid !== job.parentPid) leave(EXIT.orphaned);
      return performance.now() - startedMs >= job.timeoutMs;
    },
    print: (stream, text) => output.print(stream, text),
  });
  const changed = end.ended === "exited" ? writtenOf(files.value.changes()) : [];
  send("answer", encodeAnswer({ ...end, droppedBytes: output.droppedBytes(), files: changed }));
};

/** Whether this Node holds the walls that it was started with; one that does not know the flags does not. */
const walled = (): boolean => {
  const { permission } = process as { readonly permission?: NodeJS.ProcessPermission };
  return (
    permission !== undefined &&
    ["fs.read", "fs.write", "child", "worker"].every((scope) => !permission.has(scope))
  );
};

const send = (kind: FrameKind, bytes: Uint8Array = utf8("")): void => {
  const frame = encodeFrame(kind, bytes);
  try {
    for (let at = 0; at < frame.length;) at += writeSync(STDOUT, frame, at);
  } catch {
    leave(EXIT.orphaned);
  }
};

const readExactly = (count: number): Uint8Array | null => {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const got = readSync(STDIN, bytes, at, count - at, null);
    if (got === 0) return null;
    at += got;
  }
  return bytes;
};

function leave(code: number): never {
  // Node's own way out joins the engine's threads and can wait for one of them for ever. Whoever
  // waits for this process would end it; when nobody does, it ends itself, and nobody reads a code.
  if (code === EXIT.orphaned || process.ppid !== PARENT) process.kill(process.pid, "SIGKILL");
  process.exit(code);
}

await main();
