import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { hostsOf, killHosts } from "#test/kit/hosts.ts";

import type { NotesDesk } from "./notes-desk.ts";
import { createNotesDesk, RUN, WAIT } from "./notes-desk.ts";

/* A second terminal of the same user whose variables differ, as under cron, `su` or a container's shell. */

let desk: NotesDesk;
let elsewhere: { readonly variables: Readonly<Record<string, string>> };
beforeAll(async () => {
  desk = await createNotesDesk();
  const folder = join(desk.state, "../elsewhere");
  mkdirSync(folder, { mode: 0o700 });
  elsewhere = { variables: { XDG_RUNTIME_DIR: folder } };
});
afterAll(async () => {
  await killHosts(desk.workspace);
  desk.dispose();
});

describe("a terminal with another folder for sockets than the host's", { timeout: 180_000 }, () => {
  test("finds the host: lists what waits, starts no second one, and stops", async () => {
    const detached = await desk.writ([...RUN, "--detach", "--consent", desk.consent]);
    expect(detached.code, detached.err.join("\n")).toBe(0);
    const [run = ""] = detached.out;
    await desk.reached("approval.asked");
    const listed = (await desk.writ(["ps", "--json"], elsewhere)).events();
    expect(listed).toMatchObject([{ run, state: "waiting-for-person" }]);
    expect((await desk.writ(["approvals", "list", "--json"], elsewhere)).events()).toMatchObject([{ run }]);
    const second = await desk.writ([...RUN, "--detach", "--consent", desk.consent], elsewhere);
    expect(second.code, second.err.join("\n")).toBe(0);
    expect(hostsOf(desk.workspace)).toHaveLength(1);
    for (const one of [run, second.out[0] ?? ""]) {
      const stopped = await desk.writ(["stop", one], elsewhere);
      expect(stopped).toMatchObject({ code: 0, out: [`${one.slice(-8)}  cancelled`] });
    }
  });

  test("starts no second one where both begin at the same moment", async () => {
    await killHosts(desk.workspace);
    const detached = [...RUN, "--detach", "--consent", desk.consent];
    const both = await Promise.all([desk.writ(detached), desk.writ(detached, elsewhere)]);
    expect(both.map(({ code, err }) => ({ code, err: code === 0 ? [] : err }))).toEqual([
      { code: 0, err: [] },
      { code: 0, err: [] },
    ]);
    // One that came too late is about to end.
    await vi.waitFor(() => expect(hostsOf(desk.workspace)).toHaveLength(1), WAIT);
    for (const one of both) {
      const run = one.out[0] ?? "";
      for (const terminal of [{}, elsewhere]) {
        const listed = (await desk.writ(["ps", "--json"], terminal)).events();
        expect(listed).toContainEqual(expect.objectContaining({ run }));
      }
      expect((await desk.writ(["stop", run])).code).toBe(0);
    }
  });

  test("names the process of a host that does not answer, and what to do about it", async () => {
    const [pid = 0] = hostsOf(desk.workspace);
    process.kill(pid, "SIGSTOP");
    try {
      const listed = await desk.writ(["ps"]);
      expect(listed).toMatchObject({ code: 3, out: [] });
      const said = listed.err.join(" ").replaceAll(/\s+/g, " ");
      expect(said).toContain(`the workspace's host, process ${pid}, does not answer`);
      expect(said).toContain(`\`kill -CONT ${pid}\``);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    expect((await desk.writ(["ps"])).code).toBe(0);
  });

  test("finds the host again whose folder for sockets was taken away, as at the end of a session", async () => {
    // Of two that began at the same moment either may live, in either folder; this one is of this terminal.
    await killHosts(desk.workspace);
    const detached = await desk.writ([...RUN, "--detach", "--consent", desk.consent]);
    const [run = ""] = detached.out;
    const [pid = 0] = hostsOf(desk.workspace);
    const folder = desk.variables["XDG_RUNTIME_DIR"] ?? "";
    rmSync(join(folder, "writ"), { recursive: true });
    expect((await desk.writ(["ps", "--json"])).events()).toMatchObject([{ run }]);
    renameSync(folder, `${folder}-over`);
    const listed = await desk.writ(["ps"]);
    expect(listed).toMatchObject({ code: 3, out: [] });
    const said = listed.err.join(" ").replaceAll(/\s+/g, " ");
    expect(said).toContain(`the workspace's host, process ${pid}, is there and nobody hears it`);
    expect(said).toContain(`\`kill ${pid}\` cancels its runs`);
    renameSync(`${folder}-over`, folder);
    expect((await desk.writ(["stop", run])).code).toBe(0);
    expect(hostsOf(desk.workspace)).toEqual([pid]);
  });

  test("says what it cannot know where nothing names the host", async () => {
    const detached = await desk.writ([...RUN, "--detach", "--consent", desk.consent]);
    const [run = ""] = detached.out;
    rmSync(join(desk.state, "hosts"), { recursive: true });
    const listed = await desk.writ(["approvals", "list"], elsewhere);
    expect(listed).toMatchObject({ code: 0, out: ["No call waits for an approval."] });
    expect(listed.err.join(" ").replaceAll(/\s+/g, " ")).toMatch(
      /^1 run of this workspace goes on in another process, .*XDG_RUNTIME_DIR and TMPDIR have to be those/,
    );
    const stopped = await desk.writ(["stop", run], elsewhere);
    expect(stopped.code).toBe(3);
    expect(stopped.err.join(" ")).toContain("XDG_RUNTIME_DIR and TMPDIR have to be those");
    expect((await desk.writ(["stop", run])).code).toBe(0);
  });

  test("looks no further than its own place once the host is dead", async () => {
    await killHosts(desk.workspace);
    expect(await desk.writ(["approvals", "list"], elsewhere)).toMatchObject({
      code: 0,
      out: ["No call waits for an approval."],
      err: [],
    });
  });
});
