import { readdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { runCommand } from "#cli/run.ts";
import { digestOf } from "#test/kit/decisions.ts";
import type { Desk } from "#test/spine/desk.ts";
import { createDesk } from "#test/spine/desk.ts";

const FILE = "agents/release-notes.symbi";
const MODEL = "scripted:model.json";
const RUN = ["run", FILE, "--model", MODEL, "--input", "version=2.4.0"];

let desk: Desk;
let consent: string;
beforeAll(async () => {
  desk = createDesk("release-notes");
  consent = await desk.powers(FILE, MODEL);
}, 60_000);
afterAll(() => desk.dispose());

describe("--consent with other powers than the run has", () => {
  test("is one line of JSON that names the right ones", async () => {
    const { code, out, err } = await desk.writ([...RUN, "--json", "--consent", digestOf("0")]);
    expect(code).toBe(1);
    expect(out.filter((line) => !line.startsWith("{"))).toEqual([]);
    expect(err.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        fault: {
          code: "CLI_CONSENT_REFUSED",
          message: "nothing was run: --consent names other powers than this run's",
          help: `the powers of this run are ${consent}; \`writ check --powers\` says what they allow`,
          retryable: false,
        },
      },
    ]);
  });

  test("is said to a person with the right ones", async () => {
    const { code, err } = await desk.writ([...RUN, "--consent", "abc"]);
    expect(code).toBe(1);
    expect(err.join("\n")).toMatch(/^writ: nothing was run: --consent names other powers/);
    expect(err.join("\n")).toContain(consent);
  });
});

describe("without consent, where nobody can be asked", () => {
  const MESSAGE =
    "nobody here can be asked whether the agent may have its powers, and no --consent names them";
  const help = (): string =>
    `read what the agent may do with \`writ check --powers\`, then run again with \`--consent ${consent}\``;

  test("nothing runs, and what to add to the command is said", async () => {
    expect(await desk.writ(RUN)).toMatchObject({
      code: 2,
      out: [],
      err: [`writ: ${MESSAGE}`, `  ${help()}`],
    });
  });

  test("programs are told the same in one line", async () => {
    const { code, err } = await desk.writ([...RUN, "--json"]);
    expect(code).toBe(2);
    expect(err.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        fault: { code: "CLI_CONSENT_UNAVAILABLE", message: MESSAGE, help: help(), retryable: false },
      },
    ]);
  });
});

test("a policy about a path that no call has is told about, and not to programs", async () => {
  const file = desk.write(
    "policies/paths.cedar",
    'forbid (principal, action, resource) when { context.args has path && context.args.path like "./*" };\n',
  );
  const told = await desk.writ([...RUN, "--consent", "abc"]);
  const silent = await desk.writ([...RUN, "--consent", "abc", "--json"]);
  rmSync(file);
  expect(told.err[0]).toBe('warning WRIT103: no call has a path like `"./*"`: it has a part `.`');
  expect(told.err[1]).toContain("policies/paths.cedar:1:93");
  expect(silent.err).toHaveLength(1);
});

test("help says which of several agents a run takes", () => {
  const option = runCommand.options.find(({ name }) => name === "agent");
  expect(option?.summary).toContain("named like the file");
});

describe("a workspace whose identity was removed", () => {
  test("is told to be new before it runs, with the ledger that it may have had", async () => {
    await desk.writ([...RUN, "--consent", "abc"]);
    const [ledger = ""] = readdirSync(join(desk.state, "ledgers"));
    const lose = (): void => rmSync(join(desk.state, "workspaces"), { recursive: true });
    lose();
    const told = await desk.writ([...RUN, "--consent", "abc"]);
    expect(told.err[0]).toBe(
      "this workspace is new, and 1 ledger in the state folder belongs to no known workspace",
    );
    expect(told.err[1]).toContain(`writ audit list --dir ${join(desk.state, "ledgers", ledger)}`);
    lose();
    expect((await desk.writ([...RUN, "--consent", "abc", "--json"])).err).toHaveLength(1);
  });
});

test("why a run could not begin is said once, with what to do", async () => {
  const file = desk.write("huge.txt", "");
  truncateSync(file, 1024 ** 3);
  const { code, out, err } = await desk.writ([...RUN, "--consent", consent]);
  rmSync(file);
  expect(code).toBe(3);
  expect(err[0]).toMatch(/^writ: the workspace is too large for a run/);
  expect(err[1]).toContain("have git ignore");
  expect(out.join("\n")).toContain("failed (SESSION_UNAVAILABLE)");
  expect(out.join("\n")).not.toContain("too large");
});
