/**
 * `npm run bench`: what our layers cost beside the bare operation, in one run. With a word behind
 * it (`npm run bench -- ledger`) only the groups that have it in their name; `--write` puts the
 * table of all groups into docs/BENCHMARKS.md.
 */
import { writeFileSync } from "node:fs";
import process from "node:process";

import { groups } from "./groups.ts";
import { ensureBuild } from "./kit/build.ts";
import { machineText } from "./kit/machine.ts";
import type { Comparison } from "./measure.ts";
import { benchmarksPage, withTable } from "./page.ts";
import { table } from "./report.ts";

const main = async (given: readonly string[]): Promise<number> => {
  const write = given.includes("--write");
  const [word = "", ...more] = given.filter((argument) => argument !== "--write");
  const wanted = groups.filter(({ name }) => name.includes(word));
  if (wanted.length === 0 || more.length > 0 || (write && word !== "")) {
    say("usage: npm run bench [-- <group>], or npm run bench -- --write for all");
    say(`groups: ${groups.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  if (wanted.some(({ needsBuild }) => needsBuild)) ensureBuild(say);

  const before = machineText();
  const comparisons: Comparison[] = [];
  for (const group of wanted) {
    say(`${group.name} ...`);
    comparisons.push(...(await group.run()));
  }
  const text = `${before.processor}, ${before.node}, ${before.day}. Load average over a minute: ${before.load} when it began, ${machineText().load} when it ended.\n\n${table(comparisons)}\n`;
  process.stdout.write(text);
  if (write) writeFileSync(benchmarksPage.path, withTable(benchmarksPage.read(), text));
  return 0;
};

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

process.exitCode = await main(process.argv.slice(2));
