/** What `npm run check`, `npm test` and `npm run soak` do, as data. */
import { join } from "node:path";
import type { Command } from "./command.ts";

export interface Step {
  readonly title: string;
  readonly command: Command;
  /** Where a vitest run leaves its report: such a step counts its tests, any other counts as one. */
  readonly reportFile?: string;
}

const SCRIPT_MS = 120_000;
const INSTALL_MS = 900_000;
const SUITE_MS = 1_500_000;
const SOAK_MS = 7_200_000;

/** One script of package.json, so that each can also be run by itself. */
function script(title: string, name: string): Step {
  return { title, command: { argv: ["npm", "run", "--silent", name], timeoutMs: SCRIPT_MS } };
}

const build: Step = script("Build", "build");
const provision: Step = script("What the tests need", "provision");

const checks: readonly Step[] = [
  script("Types", "check:types"),
  script("Lint", "check:lint"),
  script("Layout", "check:format"),
  script("Generated code", "check:generated"),
  script("Dead code", "check:dead"),
  script("Dead code in what ships", "check:dead-production"),
  script("Licences", "check:licences"),
];

/** The majors of npm that a newcomer may have. */
const npmVersions = [10, 11, 12] as const;

function installsWith(major: (typeof npmVersions)[number]): Step {
  const argv = ["node", "test/soak/installs-with.ts", String(major)] as const;
  return { title: `npm ${major} accepts the lock`, command: { argv, timeoutMs: INSTALL_MS } };
}

/** @param scratch a folder for reports. */
function suite(
  scratch: string,
  { timeoutMs = SUITE_MS, env = {} }: { timeoutMs?: number; env?: Readonly<Record<string, string>> } = {},
): Step {
  const reportFile = join(scratch, "vitest.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  return {
    title: "Tests",
    command: { argv: ["vitest", "run", ...reporters], env, timeoutMs },
    reportFile,
  };
}

/** Throws on a name it does not know. */
export function planNamed(name: string, scratch: string): readonly Step[] {
  switch (name) {
    case "check":
      return checks;
    case "test":
      return [provision, build, ...checks, suite(scratch)];
    case "soak":
      return [
        ...npmVersions.map(installsWith),
        provision,
        build,
        suite(scratch, { timeoutMs: SOAK_MS, env: { WRIT_SOAK: "1" } }),
      ];
    default:
      throw new Error(`there is no plan named "${name}": check, test, soak`);
  }
}
