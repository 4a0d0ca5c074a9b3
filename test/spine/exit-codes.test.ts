/*
 * Every command with every exit code that it has, on real adapters: 0 done, 1 ended otherwise, 2 usage,
 * 3 something missing on this machine, 130 interrupted. With `--json` the reason is one line for programs.
 */
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { ExitCode } from "#cli/command.ts";
import { COMMANDS } from "#cli/commands.ts";
import { startFakeEngine } from "#test/kit/fake-engine.ts";
import { verifies } from "#test/kit/verifies.ts";

import type { Desk, DeskOptions } from "./desk.ts";
import { createDesk } from "./desk.ts";

const FILE = "agents/release-notes.symbi";
/** The same agent where nobody has agreed to its powers yet. */
const STRANGER = "agents/stranger.symbi";
const MODEL = "scripted:model.json";
const RUN = ["run", FILE, "--model", MODEL, "--input", "version=2.4.0"];
const ASKING = RUN.map((word) => (word === FILE ? STRANGER : word));
const ASK = (question: string): readonly string[] => [question, "--agent-file", FILE];

/** An agent that never asks a model. */
const MODELLESS = `agent copy(path: String) -> String {
    policy desk { allow: list_files }
    with sandbox = "wasm" { let names = list_files(); return "none"; }
}
`;

let desk: Desk;
let consent: string;

beforeAll(async () => {
  desk = createDesk("release-notes");
  desk.write("broken.symbi", "agent broken {");
  desk.write("copy.symbi", MODELLESS);
  desk.write("may.json", '{ "tool": "read_file", "arguments": { "path": "changes/0042-time-zones.md" } }');
  desk.write("may-not.json", '{ "tool": "read_file", "arguments": { "path": "private/reporters.csv" } }');
  desk.write(STRANGER, desk.read(FILE));
  desk.write("openapi.yaml", readFileSync("examples/orders-api/openapi.yaml", "utf8"));
  desk.write("broken.yaml", "openapi: [");
  consent = await desk.powers(FILE, MODEL);
  await desk.writ([...RUN, "--consent", consent]);
  const [ledger = ""] = readdirSync(join(desk.state, "ledgers"));
  cpSync(join(desk.state, "ledgers", ledger), join(desk.workspace, "changed"), { recursive: true });
  const log = readdirSync(join(desk.workspace, "changed")).find((name) => !name.endsWith(".lock")) ?? "";
  const lines = join(desk.workspace, "changed", log, "000001.jsonl");
  writeFileSync(lines, readFileSync(lines, "utf8").replace("run.started", "run.storted"));
}, 60_000);
afterAll(() => desk.dispose());

interface Row {
  readonly code: ExitCode;
  readonly when: string;
  readonly line: () => readonly string[];
  readonly options?: DeskOptions;
  /** Makes the machine lack something, and gives back what undoes it. */
  readonly without?: () => () => void;
}

const interrupted: DeskOptions = { signal: AbortSignal.abort() };

const engine = await startFakeEngine({ version: "20.10.24", runtimes: ["runc"], images: ["any"] });
afterAll(() => engine.close());
const withEngine: DeskOptions = { variables: { DOCKER_HOST: engine.host, WRIT_SANDBOX_IMAGE: "any" } };

/** A file where the ledgers of this user have to lie. */
const withoutLedgers = (): (() => void) => {
  const ledgers = join(desk.state, "ledgers");
  const saved = join(desk.state, "saved");
  cpSync(ledgers, saved, { recursive: true });
  rmSync(ledgers, { recursive: true });
  writeFileSync(ledgers, "");
  return () => {
    rmSync(ledgers);
    cpSync(saved, ledgers, { recursive: true });
    rmSync(saved, { recursive: true });
  };
};

const withChangedFile = (): (() => void) => {
  const before = desk.read(FILE);
  desk.write(FILE, `${before}\n`);
  return () => desk.write(FILE, before);
};

/** A policy file of the workspace that leads nowhere. */
const withUnreadablePolicy = (): (() => void) => {
  const file = join(desk.workspace, "policies", "other.cedar");
  symlinkSync("nowhere", file);
  return () => rmSync(file);
};

const lastRun = (): string => {
  const started = desk.entries().find(({ type }) => type === "run.started");
  return started?.run?.id ?? "";
};

const table: Readonly<Record<string, readonly Row[]>> = {
  check: [
    { code: 0, when: "nothing is wrong", line: () => ["check", FILE] },
    { code: 1, when: "the file does not run", line: () => ["check", "broken.symbi"] },
    { code: 2, when: "there is no such file", line: () => ["check", "none.symbi"] },
    { code: 2, when: "the workspace is not there", line: () => ["check", FILE, "--workspace", "none"] },
    { code: 2, when: "powers are asked for without a model", line: () => ["check", FILE, "--powers"] },
    {
      code: 2,
      when: "the tier is none",
      line: () => ["check", FILE, "--powers", "--model", MODEL, "--sandbox", "tent"],
    },
    {
      code: 3,
      when: "powers are asked for with a model that is not there",
      line: () => ["check", FILE, "--powers", "--model", "other:model"],
    },
    {
      code: 3,
      when: "the sandbox is not there",
      line: () => ["check", FILE, "--powers", "--model", MODEL, "--sandbox", "gvisor"],
    },
    { code: 130, when: "it is interrupted", line: () => ["check", FILE], options: interrupted },
  ],
  run: [
    { code: 0, when: "the run completes", line: () => [...RUN, "--consent", consent] },
    {
      code: 2,
      when: "nobody can be asked about an agent without a model",
      line: () => ["run", "copy.symbi", "--input", "path=a.md"],
    },
    {
      code: 2,
      when: "an agent that asks a model has none",
      line: () => ["run", FILE, "--input", "version=2.4.0"],
    },
    { code: 1, when: "consent is refused", line: () => ASKING, options: { answers: ["no"] } },
    { code: 2, when: "there is no such file", line: () => ["run", "none.symbi", "--model", MODEL] },
    { code: 2, when: "there is no such script", line: () => ["run", FILE, "--model", "scripted:none.json"] },
    { code: 2, when: "nobody can be asked", line: () => ASKING },
    { code: 2, when: "no such run can go on", line: () => ["run", "--resume", "ffffffffffff"] },
    { code: 2, when: "the run that shall go on is over", line: () => ["run", "--resume", lastRun()] },
    {
      code: 2,
      when: "the run that shall go on is over, and its file changed",
      line: () => ["run", "--resume", lastRun()],
      without: withChangedFile,
    },
    {
      code: 3,
      when: "the ledger of the run that shall go on cannot be read",
      line: () => ["run", "--resume", "ffffffffffff"],
      without: withoutLedgers,
    },
    {
      code: 130,
      when: "it is interrupted before it goes on",
      line: () => ["run", "--resume", lastRun()],
      options: interrupted,
    },
    { code: 3, when: "there is no such model", line: () => ["run", FILE, "--model", "other:model"] },
    {
      code: 3,
      when: "the ledger cannot be written",
      line: () => [...RUN, "--consent", consent],
      without: withoutLedgers,
    },
    {
      code: 130,
      when: "it is interrupted",
      line: () => [...RUN, "--consent", consent],
      options: interrupted,
    },
  ],
  ps: [
    { code: 0, when: "no host runs", line: () => ["ps", "--all"] },
    { code: 2, when: "a run is named", line: () => ["ps", "ffffffffffff"] },
    { code: 3, when: "the ledger cannot be read", line: () => ["ps"], without: withoutLedgers },
    { code: 130, when: "it is interrupted", line: () => ["ps"], options: interrupted },
  ],
  stop: [
    { code: 0, when: "the run is over", line: () => ["stop", lastRun()] },
    { code: 2, when: "there is no such run", line: () => ["stop", "ffffffffffff"] },
    {
      code: 3,
      when: "the ledger cannot be read",
      line: () => ["stop", "ffffffffffff"],
      without: withoutLedgers,
    },
    { code: 130, when: "it is interrupted", line: () => ["stop", lastRun()], options: interrupted },
  ],
  "approvals list": [
    { code: 0, when: "nothing waits", line: () => ["approvals", "list"] },
    { code: 2, when: "a question is named", line: () => ["approvals", "list", "ffffffffffff"] },
  ],
  "approvals answer": [
    {
      code: 2,
      when: "there is no such question",
      line: () => ["approvals", "answer", "ffffffffffff", "approve", "--fingerprint", "0".repeat(12)],
    },
  ],
  "test generate": [
    { code: 0, when: "the document can be tested", line: () => ["test", "generate", "openapi.yaml"] },
    { code: 1, when: "the document has an error", line: () => ["test", "generate", "broken.yaml"] },
    { code: 2, when: "there is no such document", line: () => ["test", "generate", "none.yaml"] },
    {
      code: 130,
      when: "it is interrupted",
      line: () => ["test", "generate", "openapi.yaml"],
      options: interrupted,
    },
  ],
  "test run": [
    { code: 2, when: "no origin is confirmed", line: () => ["test", "run", "openapi.yaml"] },
    {
      code: 3,
      when: "no server is there",
      line: () => ["test", "run", "openapi.yaml", "--origin", "http://127.0.0.1:1"],
    },
    {
      code: 130,
      when: "it is interrupted",
      line: () => ["test", "run", "openapi.yaml", "--origin", "http://127.0.0.1:1"],
      options: interrupted,
    },
  ],
  doctor: [
    {
      code: 0,
      when: "nothing that was looked at is in the way",
      line: () => ["doctor", "--no-probe"],
      options: withEngine,
    },
    { code: 1, when: "there is no engine of containers", line: () => ["doctor"] },
    { code: 2, when: "something is named", line: () => ["doctor", "docker"] },
    { code: 130, when: "it is interrupted", line: () => ["doctor"], options: interrupted },
  ],
  "policy evaluate": [
    { code: 0, when: "it is allowed", line: () => ["policy", "evaluate", ...ASK("may.json")] },
    { code: 1, when: "it is denied", line: () => ["policy", "evaluate", ...ASK("may-not.json")] },
    { code: 2, when: "there is no such request", line: () => ["policy", "evaluate", ...ASK("none.json")] },
    {
      code: 2,
      when: "the folder of policies to try is not there",
      line: () => ["policy", "evaluate", ...ASK("may.json"), "--policies", "none"],
    },
    {
      code: 3,
      when: "a policy cannot be read",
      line: () => ["policy", "evaluate", ...ASK("may.json")],
      without: withUnreadablePolicy,
    },
    {
      code: 130,
      when: "it is interrupted",
      line: () => ["policy", "evaluate", ...ASK("may.json")],
      options: interrupted,
    },
  ],
  "policy explain": [
    { code: 0, when: "it is allowed", line: () => ["policy", "explain", ...ASK("may.json")] },
    { code: 1, when: "it is denied", line: () => ["policy", "explain", ...ASK("may-not.json")] },
    { code: 2, when: "there is no such request", line: () => ["policy", "explain", ...ASK("none.json")] },
    {
      code: 3,
      when: "a policy cannot be read",
      line: () => ["policy", "explain", ...ASK("may.json")],
      without: withUnreadablePolicy,
    },
    {
      code: 130,
      when: "it is interrupted",
      line: () => ["policy", "explain", ...ASK("may.json")],
      options: interrupted,
    },
  ],
  "audit list": [
    { code: 0, when: "there is a ledger", line: () => ["audit", "list"] },
    { code: 2, when: "there is no such folder", line: () => ["audit", "list", "--dir", "none"] },
    { code: 3, when: "the ledger cannot be read", line: () => ["audit", "list"], without: withoutLedgers },
    { code: 130, when: "it is interrupted", line: () => ["audit", "list"], options: interrupted },
  ],
  "audit show": [
    { code: 0, when: "there is such a run", line: () => ["audit", "show", lastRun()] },
    { code: 2, when: "there is no such run", line: () => ["audit", "show", "ffffffffffff"] },
    {
      code: 3,
      when: "the ledger cannot be read",
      line: () => ["audit", "show", "ffffffffffff"],
      without: withoutLedgers,
    },
    { code: 130, when: "it is interrupted", line: () => ["audit", "show", lastRun()], options: interrupted },
  ],
  "audit verify": [
    { code: 0, when: "nothing was changed", line: () => ["audit", "verify"] },
    { code: 1, when: "a letter was changed", line: () => ["audit", "verify", "--dir", "changed"] },
    { code: 2, when: "there is no such folder", line: () => ["audit", "verify", "--dir", "none"] },
    { code: 3, when: "the ledger cannot be read", line: () => ["audit", "verify"], without: withoutLedgers },
    { code: 130, when: "it is interrupted", line: () => ["audit", "verify"], options: interrupted },
  ],
};

/**
 * Which codes a command has here where that is not all of them. What only lists or shows judges nothing, so
 * nothing can have ended otherwise; what needs a host that runs, or a server, is tried where one is.
 */
const CODES: Readonly<Record<string, readonly ExitCode[]>> = {
  "audit list": [0, 2, 3, 130],
  "audit show": [0, 2, 3, 130],
  ps: [0, 2, 3, 130],
  stop: [0, 2, 3, 130],
  "approvals list": [0, 2],
  "approvals answer": [2],
  "test generate": [0, 1, 2, 130],
  "test run": [2, 3, 130],
  // What is missing is what it reports.
  doctor: [0, 1, 2, 130],
};

test("the table has every command, and every code that can come of it", () => {
  verifies("card.beyond.cli");
  // Clients start the host, nobody else.
  const names = COMMANDS.map(({ name }) => name).filter((name) => name !== "host");
  expect(Object.keys(table).sort()).toEqual(names.sort());
  for (const [name, rows] of Object.entries(table)) {
    const codes = CODES[name] ?? [0, 1, 2, 3, 130];
    const shown = [...new Set(rows.map(({ code }) => code))].toSorted((one, other) => one - other);
    expect(shown, name).toEqual(codes);
  }
});

describe.each(Object.entries(table))("writ %s", (_, rows) => {
  test.each(rows.map((row) => [row.code, row.when, row] as const))(
    "ends with %i when %s",
    async (code, _when, row) => {
      verifies("card.beyond.cli");
      const restore = row.without?.();
      try {
        const said = await desk.writ(row.line(), row.options);
        expect(said.code, said.err.join("\n")).toBe(code);
        // What ended otherwise was done and tells its own story; `check` answers for each file.
        if (code < 2) return;
        expect(said.err.filter((line) => /^writ: \S/.test(line))).toHaveLength(1);
        const { code: again, out, err } = await desk.writ([...row.line(), "--json"], row.options);
        expect(again).toBe(code);
        const told = [...err, ...(err.length === 0 ? [out.join("\n")] : [])];
        expect(told).toHaveLength(1);
        expect(told[0]).toMatch(/"fault": ?\{\s*"code": ?"[A-Z_]+"/);
        expect(() => JSON.parse(told[0] ?? "") as unknown).not.toThrow();
      } finally {
        restore?.();
      }
    },
  );
});
