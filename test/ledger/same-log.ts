import type { LogFiles } from "./forge.ts";
import type { SampleLog } from "./sample-logs.ts";

/** Whether nothing was changed at all. */
export const isSame = (sample: SampleLog, files: LogFiles, anchor: Uint8Array | null): boolean =>
  (anchor === sample.anchor ||
    Buffer.compare(anchor ?? new Uint8Array(), sample.anchor ?? new Uint8Array()) === 0) &&
  [...new Set([...sample.files.keys(), ...files.keys()])].every((name) => {
    const [before, after] = [sample.files.get(name), files.get(name)];
    return before !== undefined && after !== undefined && Buffer.compare(before, after) === 0;
  });

/**
 * Whether two folders hold the same log: the same lines, the same sealed bytes beside each of them,
 * and the same aside files, however the lines are spread over segments. Written out here from the
 * format page, so that no verifier decides what it has to find.
 */
export const isSameLog = (before: LogFiles, after: LogFiles): boolean => {
  if (segmentsOf(before).length === 1 && segmentsOf(after).length === 1) {
    // The usual case: there is no other way to cut it.
    return [...new Set([...before.keys(), ...after.keys()])].every(
      (name) => Buffer.compare(before.get(name) ?? NOTHING, after.get(name) ?? NOTHING) === 0,
    );
  }
  const [left, right] = [normalForm(before), normalForm(after)];
  return left.length === right.length && left.every((item, index) => item === right[index]);
};

const NOTHING = new Uint8Array();

const segmentsOf = (files: LogFiles): readonly number[] => {
  const names = [...files.keys()].filter((name) => /^[0-9]{6}\.(?:jsonl|content)$/.test(name));
  return [...new Set(names.map((name) => Number(name.slice(0, 6))))].sort((left, right) => left - right);
};

const normalForm = (files: LogFiles): readonly string[] => {
  const form: string[] = [];
  const numbers = segmentsOf(files);
  for (const [index, number] of numbers.entries()) {
    const prefix = String(number).padStart(6, "0");
    const text = Buffer.from(files.get(`${prefix}.jsonl`) ?? []).toString("latin1");
    const content = Buffer.from(files.get(`${prefix}.content`) ?? []);
    const lines = text.split("\n");
    const torn = lines.pop() ?? "";
    let taken = 0;
    if (number !== index + 1) form.push("gap");
    if (lines.length === 0 && number !== numbers.at(-1)) form.push("segment without lines");
    for (const line of lines) {
      const bytes = sealedBytesOf(line);
      form.push(`${line} ${content.subarray(taken, taken + bytes).toString("hex")}`);
      taken += bytes;
    }
    if (torn !== "") form.push(`torn ${torn}`);
    if (content.length > taken) form.push(`stray ${content.subarray(taken).toString("hex")}`);
  }
  for (const name of [...files.keys()].filter((file) => file.endsWith(".aside")).sort()) {
    form.push(`${name} ${Buffer.from(files.get(name) ?? []).toString("hex")}`);
  }
  return form;
};

const sealedBytesOf = (line: string): number => {
  try {
    const { content } = JSON.parse(line) as { content: readonly { sealedBytes: number }[] };
    return content.reduce((sum, { sealedBytes }) => sum + sealedBytes, 0);
  } catch {
    return 0;
  }
};
