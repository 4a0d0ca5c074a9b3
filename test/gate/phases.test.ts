import { expect, test } from "vitest";
import type { Authority } from "#gate/capability.ts";
import type { ModelHow } from "#gate/model-candidate.ts";
import { Approved } from "#gate/phases/approved.ts";
import { completeExecuted } from "#gate/phases/completed.ts";
import { Decided } from "#gate/phases/decided.ts";
import { Executed } from "#gate/phases/executed.ts";
import type { GiveHow, ToolHow } from "#gate/phases/intended.ts";
import { Intended } from "#gate/phases/intended.ts";
import { Prepared } from "#gate/phases/prepared.ts";
import { Requested } from "#gate/phases/requested.ts";
import type { World } from "#gate/world.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import type { Authorized, PreparedCall } from "#ports/executor.ts";
import { verifies } from "#test/kit/verifies.ts";

/*
 * What must not compile. The type check of the whole project fails when one of these lines is no
 * error any more; the functions are never called.
 */

interface Hands {
  readonly world: World;
  readonly policy: PolicyDecider;
  readonly authority: Authority;
  readonly signal: AbortSignal;
  readonly prepared: Prepared<ToolHow>;
  readonly decided: Decided<ToolHow>;
  readonly approved: Approved<ToolHow>;
  readonly approvedModel: Approved<ModelHow>;
  readonly intended: Intended<ToolHow>;
  readonly given: Intended<GiveHow>;
}

const conversation = { entryPart: () => null, recorded: () => undefined };

export const noPhaseIsMadeFromNothing = [
  // @ts-expect-error: only preparing makes a prepared phase
  () => new Prepared({}),
  // @ts-expect-error: only the policies make a decided phase
  () => new Decided({}),
  // @ts-expect-error: only asking makes an approved phase
  () => new Approved({}),
  // @ts-expect-error: only a durable entry makes an intended phase
  () => new Intended({}),
  // @ts-expect-error: only a durable entry makes a requested phase
  () => new Requested({}),
  // @ts-expect-error: only executing makes an executed phase
  () => new Executed({}),
];

export const noPhaseIsSkipped = [
  // @ts-expect-error: what was not decided is not asked about
  ({ world, prepared, signal }: Hands) => Approved.ask(world, prepared, signal),
  // @ts-expect-error: what was not asked about is not intended
  ({ world, decided, signal }: Hands) => Intended.record(world, decided, signal),
  // @ts-expect-error: nor from a mere preparation
  ({ world, prepared, signal }: Hands) => Intended.record(world, prepared, signal),
  // @ts-expect-error: what is not on record as intended is not executed
  ({ world, authority, approved, signal }: Hands) => Executed.execute(world, authority, approved, signal),
  // @ts-expect-error: nor what was only decided
  ({ world, authority, decided, signal }: Hands) => Executed.execute(world, authority, decided, signal),
  // @ts-expect-error: no right without a recorded intent
  ({ authority, approved }: Hands) => authority.grant(approved),
  // @ts-expect-error: nothing is completed that was not executed
  ({ world, intended }: Hands) => completeExecuted(world, intended),
];

export const noPhaseIsGoneBackTo = [
  // @ts-expect-error: what was decided is not decided again
  ({ world, decided, policy, signal }: Hands) => Decided.decide(world, decided, policy, signal),
  // @ts-expect-error: what was intended is not asked about again
  ({ world, intended, signal }: Hands) => Approved.ask(world, intended, signal),
];

export const noKindIsTakenForAnother = [
  // @ts-expect-error: a model call has an intent of its own kind
  ({ world, approvedModel, signal }: Hands) => Intended.record(world, approvedModel, signal),
  // @ts-expect-error: a tool call is no model call
  ({ world, approved, signal }: Hands) => Requested.record(world, approved, conversation, signal),
  // @ts-expect-error: a response has no executor
  ({ world, authority, given, signal }: Hands) => Executed.execute(world, authority, given, signal),
];

export const noLookAlikePasses = [
  // @ts-expect-error: an object of the same shape is no phase
  (approved: { consume: Approved<ToolHow>["consume"] }): Approved<ToolHow> => approved,
  // @ts-expect-error: a call is no right to do it
  (call: PreparedCall): Authorized<PreparedCall> => call,
  // @ts-expect-error: nor is an empty object
  (): Authorized<PreparedCall> => ({}),
  // @ts-expect-error: a right of one kind is none of another
  (right: Authorized<PreparedCall>): Authorized<string> => right,
];

test("each phase is used once", async () => {
  verifies("agent.loop.typestate");
  const prepared = Reflect.construct(Prepared, [{ subject: {}, given: null, how: {} }]) as Prepared<ToolHow>;
  prepared.consume();
  expect(() => prepared.consume()).toThrow("a phase of the gate is used once");
});
