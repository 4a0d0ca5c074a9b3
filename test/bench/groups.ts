import { apitestComparisons } from "./apitest.ts";
import { checkComparisons } from "./check.ts";
import { cliComparisons } from "./cli.ts";
import { decisionComparisons } from "./decisions.ts";
import { engineComparisons } from "./engines.ts";
import { gateComparisons } from "./gate.ts";
import { hostComparisons } from "./host.ts";
import { ledgerComparisons } from "./ledger.ts";
import type { Comparison } from "./measure.ts";
import { sandboxComparisons } from "./sandbox.ts";

/** Comparisons that belong together, by a word that the command line can name. */
export interface Group {
  readonly name: string;
  /** Whether it starts the built command. */
  readonly needsBuild: boolean;
  run(): Promise<readonly Comparison[]>;
}

export const groups: readonly Group[] = [
  { name: "cli", needsBuild: true, run: cliComparisons },
  { name: "check", needsBuild: true, run: checkComparisons },
  { name: "decisions", needsBuild: false, run: decisionComparisons },
  { name: "gate", needsBuild: false, run: gateComparisons },
  { name: "host", needsBuild: true, run: hostComparisons },
  { name: "ledger", needsBuild: false, run: ledgerComparisons },
  { name: "apitest", needsBuild: false, run: apitestComparisons },
  { name: "sandbox", needsBuild: true, run: sandboxComparisons },
  { name: "engines", needsBuild: false, run: engineComparisons },
];
