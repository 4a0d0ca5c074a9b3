import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createDesk } from "#test/spine/desk.ts";
import type { Desk } from "#test/spine/desk.ts";

/* A state folder that is not this user's alone. */

let desk: Desk;
beforeAll(() => {
  desk = createDesk(null);
  mkdirSync(join(desk.state, "keys"), { recursive: true, mode: 0o700 });
});
afterAll(() => desk.dispose());

const exposing = async (part: string, act: () => Promise<void>): Promise<void> => {
  const folder = join(desk.state, part);
  chmodSync(folder, 0o777);
  try {
    await act();
  } finally {
    chmodSync(folder, 0o700);
  }
};

const ID = "018bcfe56800";
const ACTING = [
  ["run", "notes.symbi"],
  ["run", "notes.symbi", "--detach"],
  ["run", "--resume", ID],
  ["stop", ID],
  ["approvals", "answer", ID, "--fingerprint", ID, "approve"],
  ["test", "run", "openapi.yaml", "--origin", "http://127.0.0.1:9"],
].map((line) => [line.join(" "), line] as const);
const READING = [["ps"], ["approvals", "list"], ["audit", "list"], ["audit", "verify"]].map(
  (line) => [line.join(" "), line] as const,
);

describe("a state folder that others can write", () => {
  test.each(ACTING)("is refused by `writ %s`, with what to do", (_name, line) =>
    exposing(".", async () => {
      const said = await desk.writ(line);
      expect(said).toMatchObject({ code: 3, out: [] });
      expect(said.err.join(" ")).toContain("can be written by others (mode 0777)");
      expect(said.err.join(" ")).toContain(`\`chmod 700 '${desk.state}'\``);
      const [told = ""] = (await desk.writ([...line, "--json"])).err;
      expect(JSON.parse(told)).toMatchObject({ fault: { code: "STATE_EXPOSED" } });
      expect(existsSync(join(desk.state, "ledgers"))).toBe(false);
    }),
  );

  test.each(READING)("is warned of by `writ %s`, which does its work", (_name, line) =>
    exposing(".", async () => {
      const plain = await desk.writ([...line, "--json"]);
      const warned = await desk.writ(line);
      expect(warned.code).toBe(plain.code);
      expect(warned.err.join(" ")).toContain("warning: ");
      expect(warned.err.join(" ")).toContain("can be written by others");
      expect(plain.err.join(" ")).not.toContain("warning");
    }),
  );

  test("is refused by a host, which nobody starts then", () =>
    exposing(".", async () => {
      expect(await desk.writ(["host"])).toMatchObject({ code: 3, out: [] });
    }));

  test("is refused for a folder of it too, and for none that is as it should be", async () => {
    await exposing("keys", async () => {
      const said = await desk.writ(["stop", ID]);
      expect(said.err.join(" ")).toContain(`\`chmod 700 '${join(desk.state, "keys")}'\``);
      expect(said.code).toBe(3);
    });
    expect((await desk.writ(["stop", ID])).code).toBe(2);
  });
});
