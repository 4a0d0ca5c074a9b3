import { PassThrough } from "node:stream";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { endReason, isOverSoon } from "#adapters/docker/container-end.ts";
import type { Container } from "#adapters/docker/container.ts";
import type { ControlGroup } from "#adapters/docker/control-group.ts";
import type { ContainerState } from "#adapters/docker/engine.ts";
import type { EngineRefusal } from "#adapters/docker/engine-call.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";

/* Why a container is gone and whether it is, by what an engine and a kernel may say of it. Both are scripted here. */

const never = (): AbortSignal => new AbortController().signal;

const container = (gone: Promise<boolean>, group: ControlGroup | null = null): Container => {
  let hasGone = false;
  void gone.then(() => (hasGone = true));
  return {
    id: "one",
    stream: new PassThrough(),
    gone,
    hasGone: () => hasGone,
    group: Promise.resolve(group),
    leave: () => undefined,
    leaseEndMs: 0,
  };
};

const ENDED: ContainerState = {
  id: "ab",
  outOfMemory: false,
  exitCode: 137,
  startedMs: 1_000,
  finishedMs: 2_000,
  processId: 0,
};

const silent: EngineRefusal = { status: null, why: "it cannot be reached (ENOENT)" };

describe("why a container is gone", () => {
  const reason = async (
    state: Result<Partial<ContainerState>, EngineRefusal>,
    hears: Result<boolean, EngineRefusal> = ok(false),
    gone = Promise.resolve(true),
  ) => {
    const heard: unknown[] = [];
    const engine = {
      state: () => Promise.resolve(state.ok ? ok({ ...ENDED, ...state.value }) : state),
      sawOutOfMemory: (name: string, times: unknown) => {
        heard.push(name, times);
        return Promise.resolve(hears);
      },
    };
    return { reason: await endReason(engine, container(gone), never()), heard };
  };

  test("is want of memory where the engine wrote that down, and is asked no further", async () => {
    expect(await reason(ok({ outOfMemory: true }))).toEqual({ reason: ok("memory"), heard: [] });
  });
  test.each([0, 1, 139, 255])(
    "is no kill where its exit code is %i, and is asked no further",
    async (exitCode) => {
      expect(await reason(ok({ exitCode }))).toEqual({ reason: ok("crashed"), heard: [] });
    },
  );
  test.each([
    [true, "memory"],
    [false, "killed"],
  ] as const)(
    "of one that was killed is listened for until some time after its end: %s is %s",
    async (said, end) => {
      expect(await reason(ok({}), ok(said))).toEqual({
        reason: ok(end),
        heard: ["one", { fromMs: 1_000, untilMs: 5_000 }],
      });
    },
  );
  test("is not made up where nobody may listen to the engine", async () => {
    const forbidden: EngineRefusal = { status: 403, why: "it refused (403)" };
    expect((await reason(ok({}), failed(forbidden))).reason).toEqual(ok("killed"));
  });
  test("is not told by an engine that no longer answers, at whatever question", async () => {
    expect((await reason(failed(silent))).reason).toEqual(failed(silent));
    expect((await reason(ok({}), failed(silent))).reason).toEqual(failed(silent));
    expect((await reason(ok({}), ok(true), Promise.resolve(false))).reason).toMatchObject({
      ok: false,
      fault: { why: "its connection broke" },
    });
  });
});

describe("whether nothing of a container runs", () => {
  const folder = mkdtempSync(join(tmpdir(), "writ-group-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const group: ControlGroup = { version: 1, folder };
  const counts = (processes: string): void => writeFileSync(join(folder, "cgroup.procs"), processes);
  const forever = new Promise<never>(() => undefined);

  test("is so once the kernel counts none, though the engine says nothing yet", async () => {
    counts("7\n8\n");
    let isOver: boolean | null = null;
    const over = isOverSoon(container(forever, group)).then((known) => (isOver = known));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isOver).toBeNull();
    counts("");
    expect(await over).toBe(true);
  });
  test("is so where the group is gone", async () => {
    expect(await isOverSoon(container(forever, { version: 1, folder: join(folder, "none") }))).toBe(true);
  });
  test("is not so while the kernel counts one, for as long as anybody waits", async () => {
    counts("7\n");
    expect(await isOverSoon(container(forever, group))).toBe(false);
  });
  test.each([true, false])("is the engine's to say where the kernel cannot be asked: %s", async (known) => {
    // A folder where a file should be is no list of processes.
    const unreadable = mkdtempSync(join(folder, "unreadable-"));
    mkdirSync(join(unreadable, "cgroup.procs"));
    for (const asked of [null, { version: 1, folder: unreadable } as const]) {
      const gone = new Promise<boolean>((resolve) => setTimeout(() => resolve(known), 20));
      expect(await isOverSoon(container(gone, asked))).toBe(known);
    }
  });
});
