/*
 * What a rule keeps from the agent it keeps from the agent's programs, on real adapters: an agent
 * that may read and write one folder runs programs that try more.
 */
import { afterAll, beforeAll, expect, test } from "vitest";

import type { JsonObject } from "#kernel/json.ts";

import { createDesk } from "./desk.ts";
import type { Desk, Said } from "./desk.ts";

const FILE = "agents/curious.symbi";
const MODEL = "scripted:model.json";

const AGENT = `metadata { version = "1.0.0" }

agent curious() -> String {
    policy desk {
        allow: [list_files, run_javascript]
        allow: read_file(path) if path.starts_with("open/")
        allow: write_file(path) if path.starts_with("open/")
    }

    with sandbox = "wasm", timeout = 2.minutes {
        return reason("You look round.", "What is here?").response;
    }
}
`;

const LOOKS = `const attempt = (act) => { try { return act() } catch (error) { return error.message } };
[files.list(), attempt(() => files.read("vault/key.txt")), attempt(() => files.write("vault/key.txt", ""))]`;

let desk: Desk;
let said: Said;

beforeAll(async () => {
  desk = createDesk(null);
  desk.write(FILE, AGENT);
  desk.write("open/a.txt", "for everybody");
  desk.write("vault/key.txt", "planted-content");
  const calls = [
    { tool: "list_files", arguments: {} },
    { tool: "run_javascript", arguments: { code: LOOKS } },
    {
      tool: "run_javascript",
      arguments: { code: `files.write("open/b.txt", ""); files.write("c.txt", "")` },
    },
    { tool: "run_javascript", arguments: { code: `files.write("open/b.txt", files.read("open/a.txt"))` } },
  ];
  const turns = [...calls.map((call) => ({ toolCalls: [call] })), { text: "That is all." }];
  desk.write("model.json", JSON.stringify({ turns }));
  const consent = await desk.powers(FILE, MODEL);
  said = await desk.writ(["run", FILE, "--model", MODEL, "--consent", consent, "--json"]);
}, 60_000);
afterAll(() => desk.dispose());

const ofTools = (type: string, part: string): readonly JsonObject[] =>
  said
    .events()
    .filter((event) => event["type"] === type && (event["public"] as JsonObject)["action"] === "tool_call")
    .map((event) => (event["content"] as JsonObject)[part] as JsonObject);

test("programs and lists hold what the agent may read, and keep what it may write", () => {
  expect([said.code, said.err]).toEqual([0, []]);
  expect(ofTools("action.completed", "result")).toMatchObject([
    { status: "done", text: "open/a.txt (13 bytes)" },
    {
      status: "done",
      value: {
        value: [
          ["open/a.txt"],
          "the run has no file `vault/key.txt`",
          "`vault/key.txt` cannot be written here",
        ],
      },
    },
    {
      status: "failed",
      text: "Failed: the program ran, but none of its changes were kept: the rules of this run do not let it write `c.txt`.",
    },
    { status: "done" },
  ]);
  expect(ofTools("action.completed", "changes")).toMatchObject([
    [],
    [],
    [],
    [{ path: "open/b.txt", kind: "created", sizeBytes: 13 }],
  ]);
});

test("the evidence of each call says what it saw", () => {
  const details = ofTools("action.decided", "prepared").map((prepared) => prepared["details"]);
  expect(details).toMatchObject(details.map(() => ({ files: { count: 4, shown: ["open/a.txt"] } })));
  expect(details).toHaveLength(4);
});

test("the hidden file's text is nowhere in what the run said", () => {
  expect(said.out.join("\n")).not.toContain("planted-content");
});
