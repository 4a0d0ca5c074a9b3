import type { SampleLog } from "./sample-logs.ts";
import { changedLines } from "./tampered/changed-lines.ts";
import type { Add, Originals, TamperedLog } from "./tampered/table.ts";
import { unreadableLines } from "./tampered/unreadable-lines.ts";
import { wrongAuthors } from "./tampered/wrong-authors.ts";
import { wrongCommits } from "./tampered/wrong-commits.ts";
import { wrongEnds } from "./tampered/wrong-ends.ts";
import { wrongSegments } from "./tampered/wrong-segments.ts";
import { valueOf, WORKSPACE } from "./world.ts";

/** At least one log for each way in which verification can fail, with the first fault that it must report. */
export const tamperedLogs = async (samples: readonly SampleLog[]): Promise<readonly TamperedLog[]> => {
  const originals = await originalsAmong(samples);
  const found: TamperedLog[] = [];
  const add: Add = (name, about, from, fault, change) => {
    const { log, files, anchor, publicKey } = { ...from, ...change };
    found.push({ name, about, log, files, anchor, publicKey, fault: { kind: fault[0], index: fault[1] } });
  };
  unreadableLines(add, originals);
  changedLines(add, originals);
  wrongAuthors(add, originals);
  wrongCommits(add, originals);
  wrongSegments(add, originals);
  wrongEnds(add, originals);
  return found;
};

const originalsAmong = async (samples: readonly SampleLog[]): Promise<Originals> => {
  const named = (name: string): SampleLog => {
    const found = samples.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no sample ${name}`);
    return found;
  };
  const secret = async (of: SampleLog, name: string): Promise<Uint8Array> =>
    valueOf(await of.world.keys.read(name)) ?? new Uint8Array();
  const plain = named("plain");
  const rotated = named("rotated");
  return {
    plain,
    content: named("content"),
    rotated,
    segments: named("segments"),
    recovered: named("recovered"),
    retired: named("retired"),
    odd: named("odd-values"),
    live: named("live"),
    workspace: await secret(plain, `workspace.${WORKSPACE}`),
    writer: await secret(plain, `writer.${plain.log}`),
    rotatedWorkspace: await secret(rotated, `workspace.${WORKSPACE}`),
    foreign: { workspace: new Uint8Array(32).fill(0xaa), writer: new Uint8Array(32).fill(0xbb) },
  };
};
