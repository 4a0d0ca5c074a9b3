import { abortError } from "#kernel/abort.ts";
import type { ApprovalAnswer, ApprovalQuestion, Approver } from "#ports/approver.ts";

/** What the person at the fake does: answer, say nothing until asked to stop, or break the surface. */
export type Behaviour =
  | ApprovalAnswer
  | { readonly k: "silent" }
  | { readonly k: "throws" }
  /** Breaks before there is a promise. */
  | { readonly k: "throws-at-once" }
  /** Resolves with whatever it is. */
  | { readonly k: "resolves"; readonly with: unknown }
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
    ask(question, signal) {
      const behaviour = typeof script === "function" ? script(question) : script[questions.length];
      questions.push(question);
      if (behaviour?.k === "throws-at-once") throw new Error("the surface broke");
      return answer(behaviour, question, signal);
    },
  };
};

const answer = async (
  behaviour: Exclude<Behaviour, { readonly k: "throws-at-once" }> | undefined,
  question: ApprovalQuestion,
  signal: AbortSignal,
): Promise<ApprovalAnswer> => {
  if (signal.aborted) throw abortError();
  if (behaviour === undefined) throw new Error("the test did not script an answer to this question");
  switch (behaviour.k) {
    case "throws":
      throw new Error("the surface broke");
    case "silent":
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(abortError()), { once: true });
      });
    case "resolves":
      return behaviour.with as ApprovalAnswer;
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
};
