import { describe, expect, test } from "vitest";
import type { ApprovalQuestion, Approver } from "#ports/approver.ts";
import { approvalBy, digestOf, stepUp } from "#test/kit/decisions.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";

const entropy = createEntropyFake(5);

/** A question about one call, which each implementation can be asked. */
export const questionOf = (changes: Partial<ApprovalQuestion> = {}): ApprovalQuestion => ({
  id: entropy.id(1_700_000_000_000),
  run: entropy.id(1_700_000_000_000),
  principal: 'Agent::"agents/helper.symbi#helper"',
  tool: "publish_file",
  arguments: { path: "notes.txt" },
  preview: null,
  decision: stepUp(approvalBy()),
  fingerprint: digestOf("c"),
  expiresInMs: 60_000,
  who: { approvers: [], except: [] },
  ...changes,
});

/** What an implementation brings so that the suite can be the person at its surface. */
export interface ApproverHarness {
  /** An approver whose person, `user`, agrees to the next questions. */
  agreeing(user: string): Approver;
  /** An approver whose person refuses the next question. */
  refusing(user: string): Approver;
  /** An approver whose person never answers. */
  silent(): Approver;
  /** An approver that has nobody to ask. */
  deserted(): Approver;
}

/** The behaviour that every Approver has; run it on each adapter and each fake. */
export const approverContract = (name: string, harness: ApproverHarness): void => {
  const calm = (): AbortSignal => new AbortController().signal;

  describe(`${name} as an Approver`, () => {
    test("passes a yes on with who said it, where, and to which call", async () => {
      const question = questionOf();
      expect(await harness.agreeing("ada").ask(question, calm())).toEqual({
        k: "approved",
        by: "ada",
        surface: expect.stringMatching(/^(?:terminal|editor|flag|protocol)$/),
        fingerprint: question.fingerprint,
      });
    });

    test("gives each of two questions its own answer", async () => {
      const approver = harness.agreeing("ada");
      const [one, two] = [
        questionOf({ fingerprint: digestOf("1") }),
        questionOf({ fingerprint: digestOf("2") }),
      ];
      const answers = await Promise.all([approver.ask(one, calm()), approver.ask(two, calm())]);
      expect(answers).toMatchObject([{ fingerprint: one.fingerprint }, { fingerprint: two.fingerprint }]);
    });

    test("passes a no on with who said it", async () => {
      const answer = await harness.refusing("ada").ask(questionOf(), calm());
      expect(answer).toMatchObject({ k: "refused", by: "ada" });
    });

    test("is no yes where nobody can be asked", async () => {
      const answer = await harness.deserted().ask(questionOf(), calm());
      expect(answer).toMatchObject({ k: "unavailable" });
    });

    test.each(["before", "while"])("rejects with an AbortError when aborted %s it asks", async (when) => {
      const controller = new AbortController();
      if (when === "before") controller.abort();
      const asking = harness.silent().ask(questionOf(), controller.signal);
      controller.abort();
      await expect(asking).rejects.toMatchObject({ name: "AbortError" });
    });
  });
};
