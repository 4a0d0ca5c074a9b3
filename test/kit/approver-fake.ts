import { abortError } from "#kernel/abort.ts";
import type { ApprovalAnswer, ApprovalQuestion, Approver } from "#ports/approver.ts";

/** What the person at the fake does: answer, say nothing until asked to stop, or break the surface. */
export type Behaviour =
  | ApprovalAnswer
  | { readonly k: "silent" }
  | { readonly k: "throws" }
  | { readonly k: "approves"; readonly by: string };

export interface ApproverFake extends Approver {
  /** Every question that was asked, in order. */
  readonly questions: readonly ApprovalQuestion[];
}

/** Answers as scripted, or as a function says; a question beyond the script is a mistake of the test. Passes the conformance suite of Approver. */
export const createApproverFake = (
  script: readonly Behaviour[] | ((question: ApprovalQuestion) => Behaviour),
): ApproverFake => {
  const questions: ApprovalQuestion[] = [];
  return {
    questions,
    async ask(question, signal) {
      const behaviour = typeof script === "function" ? script(question) : script[questions.length];
      questions.push(question);
      if (signal.aborted) throw abortError();
      if (behaviour === undefined) throw new Error("the test did not script an answer to this question");
      switch (behaviour.k) {
        case "throws":
          throw new Error("the surface broke");
        case "silent":
          return new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(abortError()), { once: true });
          });
        case "approves":
          return {
            k: "approved",
            by: behaviour.by,
            surface: "terminal",
            fingerprint: question.fingerprint,
          };
        default:
          return behaviour;
      }
    },
  };
};
