import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import type { JsonObject } from "#kernel/json.ts";
import { hostsOf, killHosts } from "#test/kit/hosts.ts";
import type { Desk, Said } from "#test/spine/desk.ts";
import { createDesk } from "#test/spine/desk.ts";

/*
 * Runs of a real host, in a process of its own, driven by the commands that a person has. The
 * desk's folders are scratch, and every host of it is ended by its id.
 */

const FILE = "agents/notes.symbi";
const MODEL = "scripted:model.json";
const WAIT = { timeout: 90_000, interval: 50 };

const AGENT = `agent notes(topic: String, count: int) -> String {
    capabilities = ["write_file", "publish_file", "run_javascript"]

    policy desk {
        allow: [write_file, run_javascript]
        allow: publish_file(path) if path.starts_with("notes/")
        require: approval(write_file)
    }

    with sandbox = "wasm", timeout = 5.minutes, max_iterations = 20 {
        return reason("You take notes.", topic).response;
    }
}
`;

const NOTES = "notes/tides.md";
/** With a zero-width space, which nobody would see. */
const TEXT = "Low ti\u200bde at noon.\n";

const call = (tool: string, given: JsonObject): JsonObject => ({
  text: "",
  toolCalls: [{ tool, arguments: given }],
});

const PUBLISHING = {
  turns: [
    call("write_file", { path: NOTES, content: TEXT }),
    call("publish_file", { path: NOTES }),
    { text: "Done." },
  ],
};
const ENDLESS = { turns: [call("run_javascript", { code: "for (;;) {}" }), { text: "Done." }] };

const RUN = ["run", FILE, "--model", MODEL, "--detach", "--input", "topic=tides"];

let desk: Desk;
let consent: string;

const detach = (...more: readonly string[]): Promise<Said> =>
  desk.writ([...RUN, "--input", "count=3", ...more]);

const started = async (): Promise<string> => {
  const { code, out, err } = await detach("--consent", consent);
  expect(code, err.join("\n")).toBe(0);
  return out[0] ?? "";
};

const runs = async (): Promise<readonly JsonObject[]> =>
  (await desk.writ(["ps", "--all", "--json"])).events();

const stateOf = async (run: string): Promise<unknown> =>
  (await runs()).find((one) => one["run"] === run)?.["state"];

const model = (script: object): void => void desk.write("model.json", JSON.stringify(script));

beforeAll(async () => {
  desk = createDesk(null);
  desk.write(FILE, AGENT);
  model(PUBLISHING);
  consent = await desk.powers(FILE, MODEL);
});
afterAll(async () => {
  await killHosts(desk.workspace);
  desk.dispose();
});

describe("without a host", { timeout: 300_000 }, () => {
  test("nothing goes on, nothing waits, and none is started to say so", async () => {
    expect(await desk.writ(["ps"])).toMatchObject({ code: 0, out: ["No run goes on here."] });
    expect(await desk.writ(["ps", "--json"])).toMatchObject({ code: 0, out: [] });
    expect(await desk.writ(["approvals", "list"])).toMatchObject({
      code: 0,
      out: ["No call waits for an approval."],
    });
    expect(await desk.writ(["stop", "0123456789ab"])).toMatchObject({ code: 2 });
    expect(
      await desk.writ(["approvals", "answer", "0123456789ab", "--fingerprint", consent, "approve"]),
    ).toMatchObject({ code: 2 });
    expect(hostsOf(desk.workspace)).toEqual([]);
  });

  test.each([
    [["--dir", "/nowhere"], "do not go together"],
    [["--consent", "0123456789abcdef"], "whole digest"],
  ])("a detached run with %j is a mistake of usage", async (more, why) => {
    const { code, err } = await detach(...more);
    expect(code).toBe(2);
    expect(err.join("\n")).toContain(why);
    expect(hostsOf(desk.workspace)).toEqual([]);
  });

  test("problems of the file are shown here, and no host is asked", async () => {
    desk.write(FILE, AGENT.replace("allow:", "allwo:"));
    const { code, err, out } = await detach("--consent", consent);
    desk.write(FILE, AGENT);
    expect(code).toBe(1);
    expect([...err, ...out].join("\n")).toContain("allwo");
    expect(hostsOf(desk.workspace)).toEqual([]);
  });

  test("an input of the wrong type is a mistake of usage", async () => {
    const { code } = await desk.writ([...RUN, "--input", "count=many"]);
    expect(code).toBe(2);
  });
});

describe("a detached run", { timeout: 300_000 }, () => {
  test("needs consent, which nobody is asked for", async () => {
    const { code, err } = await detach("--json");
    expect(code).toBe(2);
    const message =
      "nobody could be asked whether the agent may have its powers, and no --consent named them";
    const help = `read what the agent may do with \`writ check --powers\`, then agree with \`--consent ${consent}\``;
    expect(JSON.parse(err[0] ?? "{}")).toEqual({
      fault: { code: "RUN_CONSENT_UNAVAILABLE", message, help, retryable: false },
    });
    expect(await detach()).toMatchObject({ code: 2, out: [], err: [`writ: ${message}`, `  ${help}`] });
    const other = await detach("--consent", "0".repeat(64));
    expect(other.code).toBe(1);
    expect(other.err[0]).toBe("writ: nothing was run: --consent names other powers than this run's");
    expect(other.err.join("\n")).toContain(consent);
  });

  test("waits for a person, who sees the whole call, and is answered from another terminal", async () => {
    const run = await started();
    await vi.waitFor(async () => expect(await stateOf(run)).toBe("waiting-for-person"), WAIT);
    expect((await desk.writ(["ps"])).out.join("\n")).toMatch(
      new RegExp(`^${run.slice(-8)}  waiting-for-person .*notes.*1 question$`, "m"),
    );
    const shown = (await desk.writ(["approvals", "list"])).out.join("\n");
    expect(shown).toContain("write_file");
    expect(shown).toContain(String.raw`{"content":"Low ti\u{200b}de at noon.\n","path":"notes/tides.md"}`);
    expect(shown).toContain(String.raw`+Low ti\u{200b}de at noon.`);
    expect(shown).not.toContain("\u200b");
    const [one] = (await desk.writ(["approvals", "list", "--json"])).events();
    const { approval, fingerprint } = one as { approval: string; fingerprint: string };
    const id = approval.slice(-8);
    expect(shown).toContain(fingerprint);

    const answer = (...words: readonly string[]): Promise<Said> =>
      desk.writ(["approvals", "answer", id, ...words]);
    // Without the fingerprint, under another, and with no word that is an answer.
    expect((await answer("approve")).code).toBe(2);
    expect((await answer("--fingerprint", fingerprint.slice(0, 11), "approve")).code).toBe(2);
    const long = await answer("--fingerprint", fingerprint, "approve", "--reason", "x".repeat(2_001));
    expect(long.code).toBe(2);
    expect(long.err[0]).toContain("--reason has 2001 characters, and at most 2000 go on record");
    expect((await answer("--fingerprint", "0".repeat(64), "approve")).code).toBe(1);
    expect((await answer("--fingerprint", fingerprint, "yes")).code).toBe(2);
    expect(await stateOf(run)).toBe("waiting-for-person");

    const done = await answer("--fingerprint", fingerprint.slice(0, 12), "approve");
    expect(done, done.err.join("\n")).toMatchObject({ code: 0, out: [`${id}  approved`] });
    await vi.waitFor(async () => expect(await stateOf(run)).toBe("completed"), WAIT);
    expect(desk.read(NOTES)).toBe(TEXT);
    // Whoever comes later is told who was first, with and without the host.
    for (const _ of ["host", "no host"]) {
      const late = await answer("--fingerprint", fingerprint.slice(0, 12), "refuse");
      expect(late.code).toBe(1);
      expect(late.err.join("\n")).toMatch(/the question is over: approved by \S+ \(terminal\) at \d{4}-/);
      await killHosts(desk.workspace);
    }
    const answered = desk
      .entries()
      .find(({ type, run: of }) => type === "approval.answered" && of?.id === run);
    expect(answered?.public).toMatchObject({ answer: "approved", surface: "terminal" });
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
  });

  test("is on record with the key that started it and the digest of its file", async () => {
    const entry = desk.entries().find(({ type }) => type === "run.started");
    expect(entry?.public).toMatchObject({
      agent: `${FILE}#notes`,
      source: createHash("sha256").update(AGENT).digest("hex"),
      startKey: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test("is stopped from another terminal, and all of it is gone then", async () => {
    model(ENDLESS);
    const run = await started();
    await vi.waitFor(
      () =>
        expect(
          desk.entries().filter((one) => one.type === "action.intended" && one.run?.id === run),
        ).toHaveLength(1),
      WAIT,
    );
    const stopped = await desk.writ(["stop", run.slice(-8), "--json"]);
    expect(stopped.events()).toEqual([{ run, state: "cancelled" }]);
    const types = desk.entries().flatMap((one) => (one.run?.id === run ? [one.type] : []));
    expect(types.at(-1)).toBe("run.ended");
    expect(types).toContain("sandbox.closed");
    // It is over: stopping it again says so and changes nothing.
    expect((await desk.writ(["stop", run])).out).toEqual([`${run.slice(-8)}  cancelled`]);
    model(PUBLISHING);
  });
});

describe("a host", { timeout: 300_000 }, () => {
  test("is one, however many start it at the same time", async () => {
    await killHosts(desk.workspace);
    const both = await Promise.all([started(), started(), started()]);
    expect(new Set(both).size).toBe(3);
    // Those that lost the race end by themselves.
    await vi.waitFor(() => expect(hostsOf(desk.workspace)).toHaveLength(1), WAIT);
    expect(await Promise.all(both.map(stateOf))).not.toContain(undefined);
  });

  test("that is killed leaves runs that are interrupted, which the next one puts on record", async () => {
    model(ENDLESS);
    const run = await started();
    await vi.waitFor(
      () =>
        expect(
          desk.entries().filter((one) => one.type === "action.intended" && one.run?.id === run),
        ).toHaveLength(1),
      WAIT,
    );
    await killHosts(desk.workspace);
    // Nobody is there to say so: the ledger does.
    const listed = (await desk.writ(["ps"])).out.join("\n");
    expect(listed).toMatch(new RegExp(`^${run.slice(-8)}  interrupted`, "m"));
    expect(desk.entries().filter(({ type }) => type === "run.interrupted")).toEqual([]);

    model(PUBLISHING);
    const next = await started();
    const interrupted = desk.entries().filter(({ type }) => type === "run.interrupted");
    expect(interrupted.map((one) => one.run?.id)).toContain(run);
    expect(await stateOf(run)).toBe("interrupted");
    await vi.waitFor(async () => expect(await stateOf(next)).toBe("waiting-for-person"), WAIT);
    expect((await desk.writ(["stop", next])).code).toBe(0);
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
  });
});
