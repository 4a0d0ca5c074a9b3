import { describe, expect, test } from "vitest";

import type { Result } from "#kernel/result.ts";
import type { ExecResult, SandboxFault, SandboxProgram, SandboxSession } from "#ports/sandbox.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";

import type { SandboxPrograms } from "./sandbox.ts";

/** A session without files, below which something ends. */
export interface Losable {
  readonly session: SandboxSession;
  /** Ends what the contract is about, past the session. */
  readonly end: () => Promise<void>;
  /** Takes away what is left, but for the session. */
  readonly release: () => Promise<void>;
}

export interface SandboxLossSubject {
  readonly name: string;
  readonly programs: Pick<SandboxPrograms, "prints" | "writesAndHangs">;
  readonly open: () => Promise<Losable>;
  /** Longest that a program may run; by itself none of them ends before it is lost. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;

const never = (): AbortSignal => new AbortController().signal;

interface Seen {
  /** How the program ended below which something ended. */
  readonly ended: Result<ExecResult, SandboxFault>;
  /** What became of the program after it. */
  readonly next: Result<ExecResult, SandboxFault>;
}

const lose = async ({ programs, open, timeoutMs = TIMEOUT_MS }: SandboxLossSubject): Promise<Seen> => {
  const { session, end, release } = await open();
  const exec = (
    program: SandboxProgram,
    onOutput: () => void = () => undefined,
  ): Promise<Result<ExecResult, SandboxFault>> =>
    session.exec(program, { ...everyFile, timeoutMs, signal: never(), onOutput });
  try {
    const ending: Promise<void>[] = [];
    const hanging = programs.writesAndHangs("left", "x");
    const ended = await exec(hanging, () => void (ending[0] ??= end()));
    await Promise.all(ending);
    const next = await exec(programs.prints("stdout", "on"));
    expect(await session.changes(never())).toEqual({ ok: true, value: [] });
    return { ended, next };
  } finally {
    await session.close();
    await release();
  }
};

/** `end` ends all processes of the program that runs, and nothing else. */
export const programLossContract = (subject: SandboxLossSubject): void => {
  describe(`${subject.name}, below which a program is ended from outside`, () => {
    test("says that it was killed, and runs the next one over the files as they were", async () => {
      const { ended, next } = await lose(subject);
      expect(ended).toMatchObject({
        ok: true,
        value: { ended: "killed", exitCode: null, value: null, stdout: "begun\n" },
      });
      expect(next).toMatchObject({ value: { ended: "exited", exitCode: 0, stdout: "on\n" } });
    });
  });
};

/** `end` ends the engine, for good: what runs programs and is no process of theirs. */
export const engineLossContract = (subject: SandboxLossSubject): void => {
  describe(`${subject.name}, below which the engine ends`, () => {
    test("says that it is lost, of the next program too, and keeps the files as they were", async () => {
      const { ended, next } = await lose(subject);
      for (const seen of [ended, next])
        expect(seen).toMatchObject({ ok: false, fault: { code: "SANDBOX_LOST", retryable: true } });
    });
  });
};
