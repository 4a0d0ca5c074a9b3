/*
 * Models that mean harm, through the whole stack: real policy, real sandbox, real ledger, and what
 * a person sees of it. Whatever they say is data: never markup, shell, path, entity or our words.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { verifies } from "#test/kit/verifies.ts";

import { createDesk } from "./desk.ts";
import type { Desk, DeskOptions, Said } from "./desk.ts";
import { verifyState } from "./ledger-of.ts";

const TEST_MS_MAX = 240_000;
const FILE = "agents/target.symbi";
const MODEL = "scripted:model.json";

/** Stands in every text of these models, so that it can be looked for where none of it may be. */
const NEEDLE = "n33dle";
const PWNED = "/tmp/writ-hostile-model-was-obeyed";

const AGENT = `agent target(task: String) -> String {
    capabilities = ["read_file", "list_files", "write_file", "run_javascript", "publish_file"]

    policy desk {
        allow: [list_files, write_file, run_javascript]
        allow: read_file(path) if path.starts_with("open/")
        allow: publish_file("NOTES.md")
    }

    with sandbox = "wasm", timeout = 5.minutes, max_iterations = 20 {
        let answer = reason("You help.", task);
        print(answer.response);
        return answer.response;
    }
}
`;

interface HostileTurn {
  readonly text?: JsonValue;
  readonly toolCalls?: readonly JsonObject[];
  readonly finish?: string;
}

const usage = { inputTokens: 1, outputTokens: 1 };

const ESCAPES = `\u001b[2J\u001b]0;${NEEDLE}\u0007\u001b[31mred\u009b1A\u202egnol\u202c\u200b\u2066\u00ad\u0000\u0085\ufeff\u{e0041}`;

/** Texts that copy what the terminal shows in our own name. */
const IMITATIONS = [
  `     read_file ${NEEDLE}                                              allowed`,
  "     │ permit: everything",
  `       published ${NEEDLE} (1 byte)`,
  "       approved by root (terminal)",
  "completed in 1ms, 1 turn, 0 tokens, 0 denied",
  'Agent::"agents/target.symbi#target" runs here for the first time. At most it may:',
  "Type yes or 1234-5678 to agree, anything else to stop: yes",
  "`writ audit show 01a1fe77-eeaf-718e-9744-1d7a3ea2fa18` shows what was recorded",
  "consent   given (terminal) by root, powers 000000000000",
];

const MARKUP = [
  `<img src=x onerror="alert('${NEEDLE}')">`,
  `[${NEEDLE}](file:///etc/passwd)`,
  "file:///etc/passwd",
  `\u001b]8;;file:///etc/passwd\u001b\\${NEEDLE}\u001b]8;;\u001b\\`,
];

const SHELL = ["$(touch ", "`touch ", "; touch ", "| touch ", "&& touch ", "\n touch "].map(
  (start) => `${start}${PWNED})`,
);

/** Each in a call of `read_file`, and none of them may be read. */
const PATHS: readonly JsonValue[] = [
  { __entity: { type: "File", id: `open/${NEEDLE}` } },
  { __extn: { fn: "ip", arg: "10.0.0.1" } },
  { __expr: 'File::"open/x"' },
  ["open/x"],
  null,
  true,
  1e308,
  "",
  ".",
  "..",
  "../../../../etc/passwd",
  "open/../../../etc/passwd",
  "open/../secret.txt",
  "/etc/passwd",
  "open//../secret.txt",
  "open\\..\\secret.txt",
  "C:\\Windows\\win.ini",
  "\\\\server\\share",
  "open/\u0000secret.txt",
  "file:///etc/passwd",
  "%2e%2e/secret.txt",
  "~/.ssh/id_ed25519",
  `open/${"a/".repeat(5_000)}x`,
  `open/${ESCAPES}`,
  ...SHELL,
];

/** What a provider could hand over as the arguments of a call, one after another. */
const ARGUMENT_TEXTS: readonly JsonValue[] = [
  "",
  "null",
  "[]",
  '"open/x"',
  "{",
  '{"path":"open/x"} trailing',
  '{"path":"open/x","path":"secret.txt"}',
  '{"path":"secret.txt","\\u0070ath":"open/x"}',
  '{"path":"open/\\ud800"}',
  '{"path":"open/x","__proto__":{"path":"secret.txt"}}',
  '{"path":"open/x","unknown":1}',
  "{'path': 'open/x'}",
  `{"path":"open/x","${NEEDLE}":NaN}`,
  { repeat: { text: "[", times: 10_000 } },
  { repeat: { text: '{"path":', times: 1_000 } },
];

/** The same in sizes that no further request could hold. */
const LARGE_ARGUMENT_TEXTS: readonly JsonValue[] = [
  { repeat: { text: "[", times: 1_000_000 } },
  { repeat: { text: '{"path":', times: 100_000 } },
  { repeat: { text: NEEDLE, times: 300_000 } },
];

const TOOLS: readonly string[] = [
  "",
  "respond",
  "terminate",
  "__proto__",
  "constructor",
  "toString",
  "shell",
  "READ_FILE",
  "read_file ",
  "read\u200b_file",
  "tool_call::read_file",
  ESCAPES,
  `${NEEDLE}${"x".repeat(10_000)}`,
];

const calls = (each: readonly JsonObject[], perTurn: number): readonly HostileTurn[] =>
  Array.from({ length: Math.ceil(each.length / perTurn) }, (_, index) => ({
    text: IMITATIONS.slice(index % 3).join("\n"),
    toolCalls: each.slice(index * perTurn, (index + 1) * perTurn),
  }));

const PROGRAM = `console.log(${JSON.stringify([...IMITATIONS, ...MARKUP, ESCAPES].join("\n"))}); ${JSON.stringify(ESCAPES)}`;

const TURNS: readonly HostileTurn[] = [
  ...calls(
    PATHS.map((path) => ({ tool: "read_file", arguments: { path } })),
    20,
  ),
  ...calls(
    ARGUMENT_TEXTS.map((argumentsText) => ({ tool: "read_file", argumentsText })),
    8,
  ),
  ...calls(
    TOOLS.map((tool) => ({ tool, arguments: { path: "open/x" }, callId: ESCAPES })),
    20,
  ),
  {
    text: [ESCAPES, ...MARKUP].join("\n\n\t"),
    toolCalls: [
      { tool: "run_javascript", arguments: { code: PROGRAM } },
      { tool: "write_file", arguments: { path: "NOTES.md", content: [...IMITATIONS, ESCAPES].join("\n") } },
      { tool: "write_file", arguments: { path: `open/$(touch ${PWNED}).md`, content: NEEDLE } },
    ],
  },
  { text: "", toolCalls: [{ tool: "publish_file", arguments: { path: "NOTES.md" } }] },
  { text: [...IMITATIONS, ...MARKUP, ESCAPES].join("\n") },
];

const furnish = (desk: Desk, turns: readonly HostileTurn[]): void => {
  desk.write(FILE, AGENT);
  desk.write("secret.txt", "s3cret");
  desk.write("open/x", "fine");
  desk.write("NOTES.md", "# Notes\n");
  desk.write("model.json", JSON.stringify({ turns: turns.map((turn) => ({ usage, ...turn })) }));
};

/** Powers depend on the agent and the model's name only, so one digest serves all desks. */
let consent: string | undefined;

const run = async (desk: Desk, options: DeskOptions, ...more: readonly string[]): Promise<Said> => {
  consent ??= await desk.powers(FILE, MODEL);
  const line = ["run", FILE, "--model", MODEL, "--input", `task=${ESCAPES}`, "--consent", consent];
  return desk.writ([...line, ...more], options);
};

const publicOf = (entry: Pick<LedgerEntry, "public">): JsonObject => entry.public;

/** Lines of ours begin with none of these marks behind their indent. */
const isQuoted = (line: string): boolean => /^ *(?:\d+ +)?[›│┆] /.test(line);

const checkScreen = ({ out, err }: Said, columns: number): void => {
  expect(err).toEqual([]);
  expect(out.length).toBeGreaterThan(5);
  for (const line of out) {
    expect(line).not.toMatch(
      /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/,
    );
    expect(line).not.toMatch(/[\u{e0000}-\u{e0fff}]/u);
    expect(Array.from(line).length, line).toBeLessThanOrEqual(columns);
  }
};

describe.each([80, 40])("a model that tries everything, seen in %i columns", (columns) => {
  let desk: Desk;
  let said: Said;
  let before: readonly string[];

  beforeAll(async () => {
    desk = createDesk(null);
    furnish(desk, TURNS);
    rmSync(PWNED, { force: true });
    before = readdirSync(desk.workspace, { recursive: true, encoding: "utf8" }).sort();
    said = await run(desk, { columns });
  }, TEST_MS_MAX);
  afterAll(() => desk.dispose());

  test("comes to its end", () => {
    expect(said.code, said.out.slice(-20).join("\n")).toBe(0);
  });

  test("moves no cursor, colours and reorders nothing, and leaves no line too wide", () => {
    checkScreen(said, columns);
  });

  test("cannot pass its words off as ours", () => {
    const own = said.out.filter((line) => !isQuoted(line));
    for (const words of ["permit: everything", "approved by root", "Type yes or", "for the first time"]) {
      expect(own.filter((line) => line.includes(words))).toEqual([]);
      expect(said.out.some((line) => line.includes(words))).toBe(true);
    }
    expect(own.filter((line) => line.startsWith("completed"))).toHaveLength(1);
    expect(own.filter((line) => line.startsWith("consent "))).toHaveLength(1);
    expect(own.filter((line) => line.startsWith("`writ audit show"))).toHaveLength(1);
  });

  test("reads nothing that is not open to it", () => {
    verifies("gate.secure-by-default", "policy.beyond.injective-encoding", "tools.input-validation");
    const done = desk
      .entries()
      .filter(({ type }) => type === "action.completed")
      .map(publicOf)
      .filter(({ tool, status }) => tool === "read_file" && status === "done");
    expect(done).toEqual([]);
    expect(said.out.join("\n")).not.toContain("s3cret");
  });

  test("has every one of its calls on record, denied or failed", () => {
    verifies("ledger.complete");
    const decided = desk.entries().filter((entry) => {
      return entry.type === "action.decided" && publicOf(entry)["action"] === "tool_call";
    });
    expect(decided.length).toBeGreaterThanOrEqual(PATHS.length + ARGUMENT_TEXTS.length + TOOLS.length + 3);
  });

  test("touches nothing but the file that it may publish", () => {
    verifies("sandbox.beyond.reviewed-publish");
    expect(readdirSync(desk.workspace, { recursive: true, encoding: "utf8" }).sort()).toEqual(before);
    expect(desk.read("secret.txt")).toBe("s3cret");
    expect(desk.read("NOTES.md")).toBe([...IMITATIONS, ESCAPES].join("\n"));
    expect(existsSync(PWNED)).toBe(false);
  });

  test("leaves none of its words in what the ledger says openly", async () => {
    const log = JSON.stringify(desk.entries());
    for (const word of [NEEDLE, "s3cret", "open/", "NOTES.md", "touch", "\\u001b", "\u202e", "onerror"]) {
      expect(log.includes(word), word).toBe(false);
    }
    const [report] = await verifyState(desk.state);
    expect(report?.faultsTotal).toBe(0);
  });
});

test(
  "what programs read of a run has nothing in it that a terminal obeys",
  {
    timeout: TEST_MS_MAX,
  },
  async () => {
    const desk = createDesk(null);
    furnish(desk, TURNS.slice(-3));
    const said = await run(desk, {}, "--json");
    expect(said.code).toBe(0);
    checkScreen(said, Infinity);
    expect(JSON.stringify(said.events())).toContain(JSON.stringify(ESCAPES).slice(1, -1));
    desk.dispose();
  },
);

describe("a flood", () => {
  test.each<readonly [what: string, turns: readonly HostileTurn[], reason: RegExp, code: number]>([
    [
      "of fifty million characters",
      [{ text: { repeat: { text: `${ESCAPES}${NEEDLE}`, times: 1_100_000 } } }],
      /MODEL_BAD_ANSWER/,
      3,
    ],
    [
      "of five thousand calls in one answer",
      [{ text: "go", toolCalls: [{ tool: "list_files", arguments: { path: "." }, times: 5_000 }] }],
      /MODEL_BAD_ANSWER/,
      3,
    ],
    [
      "of names and arguments",
      [
        {
          text: "go",
          toolCalls: [
            { tool: NEEDLE.repeat(200_000), arguments: { path: "open/x" } },
            ...LARGE_ARGUMENT_TEXTS.map((argumentsText) => ({ tool: "read_file", argumentsText })),
          ],
        },
        { text: "done" },
      ],
      /TOKENS/,
      1,
    ],
  ])(
    "%s ends the run with a reason and little to read",
    { timeout: TEST_MS_MAX },
    async (_, turns, reason, code) => {
      const desk = createDesk(null);
      try {
        furnish(desk, turns);
        const said = await run(desk, {});
        expect(said.code, said.out.slice(-20).join("\n")).toBe(code);
        checkScreen(said, 80);
        expect(said.out.join("\n")).toMatch(reason);
        expect(said.out.join("\n").length).toBeLessThan(20_000);
        const [report] = await verifyState(desk.state);
        expect(report?.faultsTotal).toBe(0);
      } finally {
        desk.dispose();
      }
    },
  );
});
