/**
 * `npm run bench`: what our layers cost beside the bare operation, in one run. With a word behind
 * it (`npm run bench -- ledger`) only the groups that have it in their name.
 */
import { cpus } from "node:os";
import process from "node:process";

import { groups } from "./groups.ts";
import type { Comparison } from "./measure.ts";
import { table } from "./report.ts";

const wanted = process.argv[2] ?? "";
const comparisons: Comparison[] = [];
for (const group of groups.filter(({ name }) => name.includes(wanted))) {
  process.stderr.write(`${group.name} ...\n`);
  comparisons.push(...(await group.run()));
}
if (comparisons.length === 0) {
  process.stderr.write(`no group has \`${wanted}\` in its name: ${groups.map(({ name }) => name).join(", ")}\n`);
  process.exitCode = 2;
}
process.stdout.write(`${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}\n\n`);
process.stdout.write(`${table(comparisons)}\n`);
