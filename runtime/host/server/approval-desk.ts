import { abortError, isAbort } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ApprovalAnswer, ApprovalQuestion, Approver } from "#ports/approver.ts";
import type { Clock } from "#ports/clock.ts";
import type { Surface } from "#protocol/consent.ts";
import { APPROVAL_REASON_CHARACTERS_MAX } from "#protocol/host-rpc.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { Answer, Params } from "#host/rpc/peer.ts";
import type { Client } from "./clients.ts";
import { hasPerson, surfaceOf } from "./clients.ts";
import { conflict, NO_SUCH_APPROVAL, refused } from "./faults.ts";

type ApprovalSummary = Answer<"approvals/list">["approvals"][number];

/** What a question is about, beside what it says itself. */
export interface AskingRun {
  /** The principal's id. */
  readonly agent: string;
  /** The entry that holds the decided call's arguments and preview. */
  decidedAt(fingerprint: string): EntryId | undefined;
  /** Called when the number of questions that wait changes. */
  onWaiting(change: 1 | -1): void;
}

interface Waiting {
  readonly question: ApprovalQuestion;
  readonly summary: ApprovalSummary;
  readonly askedMs: number;
  /** Aborted when the question is over; whoever is still asked is told. */
  readonly over: AbortController;
  settle(answer: ApprovalAnswer): void;
}

/** Longest arguments in a summary, in characters; the rest is read from the entry. */
const ARGUMENTS_CHARACTERS_MAX = 64 * 1024;
/** Answers that are remembered, to tell whoever answers later; older ones stand in the ledger. */
const ANSWERED_MAX = 256;

/**
 * The questions of all runs that wait for a person. They are asked of every client that offered to,
 * also of one that comes later, and can be answered from a list; the first valid answer counts.
 */
export class ApprovalDesk {
  private readonly clock: Clock;
  /** The operating-system user that every client acts as. */
  private readonly user: string;
  private readonly clients: () => Iterable<Client>;
  private readonly waiting = new Map<string, Waiting>();
  /** What was said first, by question. */
  private readonly answered = new Map<string, Said>();

  constructor(clock: Clock, user: string, clients: () => Iterable<Client>) {
    this.clock = clock;
    this.user = user;
    this.clients = clients;
  }

  get count(): number {
    return this.waiting.size;
  }

  approverFor(run: AskingRun): Approver {
    return { ask: (question, signal) => this.ask(run, question, signal) };
  }

  list(): readonly ApprovalSummary[] {
    return [...this.waiting.values()].map((one) => this.current(one));
  }

  /** A client that offers from now on to ask its person. */
  offeredBy(client: Client): void {
    for (const one of this.waiting.values()) void this.askAt(client, one);
  }

  answer(
    client: Client,
    { approval, fingerprint, answer, reason }: Params<"approvals/answer">,
  ): Result<Answer<"approvals/answer">, CallFault> {
    if (!hasPerson(client)) return failed(NO_PERSON);
    const one = this.waiting.get(approval);
    if (one === undefined) {
      const first = this.answered.get(approval);
      return failed(first === undefined ? NO_SUCH_APPROVAL : answeredBefore(first));
    }
    if (one.question.fingerprint !== fingerprint) return failed(OTHER_CALL);
    this.say(client, one, { answer, reason });
    return ok({ accepted: true, by: this.user });
  }

  private ask(run: AskingRun, question: ApprovalQuestion, signal: AbortSignal): Promise<ApprovalAnswer> {
    const { approvers, except } = question.who;
    if ((approvers.length > 0 && !approvers.includes(this.user)) || except.includes(this.user)) {
      return Promise.resolve({ k: "unavailable", why: "the rules accept no user of this host" });
    }
    const entry = run.decidedAt(question.fingerprint);
    if (entry === undefined) {
      return Promise.resolve({ k: "unavailable", why: "the question is about no call on record" });
    }
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        if (!this.waiting.delete(question.id)) return;
        signal.removeEventListener("abort", cancelled);
        one.over.abort();
        run.onWaiting(-1);
        act();
      };
      const cancelled = (): void => finish(() => reject(abortError()));
      const one: Waiting = {
        question,
        summary: summaryOf(run.agent, question, entry),
        askedMs: this.clock.monotonicMs(),
        over: new AbortController(),
        settle: (answer) => finish(() => resolve(answer)),
      };
      if (signal.aborted) {
        reject(abortError());
        return;
      }
      signal.addEventListener("abort", cancelled, { once: true });
      this.waiting.set(question.id, one);
      run.onWaiting(1);
      for (const client of this.clients()) if (client.offers.approvals) void this.askAt(client, one);
    });
  }

  /** Asks at one client; whatever is no answer leaves the question to the others. */
  private async askAt(client: Client, one: Waiting): Promise<void> {
    const decision = one.question.decision as unknown as JsonObject;
    const params = { approval: this.current(one), decision };
    try {
      const answered = await client.peer.call("approval/ask", params, { signal: one.over.signal });
      if (!answered.ok) return;
      const { answer, fingerprint, reason } = answered.value;
      if (answer === "unavailable" || fingerprint !== one.question.fingerprint) return;
      if (one.over.signal.aborted) return;
      this.say(client, one, { answer, reason });
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  }

  /** Whatever was said first counts: a question is answered once. */
  private say(
    client: Client,
    one: Waiting,
    { answer, reason }: { readonly answer: "approve" | "refuse"; readonly reason: string | null },
  ): void {
    const by = { by: this.user, surface: surfaceOf(client) } as const;
    this.answered.set(one.question.id, { ...by, answer: answer === "approve" ? "approved" : "refused" });
    // In the order of insertion, so the first is the oldest.
    for (const old of this.answered.keys()) if (this.answered.size > ANSWERED_MAX) this.answered.delete(old);
    one.settle(
      answer === "approve"
        ? { k: "approved", ...by, fingerprint: one.question.fingerprint }
        : {
            k: "refused",
            ...by,
            reason: reason === null ? null : reason.slice(0, APPROVAL_REASON_CHARACTERS_MAX),
          },
    );
  }

  /** The summary with the time that is left. */
  private current({ summary, askedMs }: Waiting): ApprovalSummary {
    const waitedMs = Math.floor(this.clock.monotonicMs() - askedMs);
    return { ...summary, expiresInMs: Math.max(0, summary.expiresInMs - waitedMs) };
  }
}

const summaryOf = (agent: string, question: ApprovalQuestion, entry: EntryId): ApprovalSummary => {
  const whole = canonicalJson(question.arguments);
  const isWhole = whole.length <= ARGUMENTS_CHARACTERS_MAX;
  const { preview } = question;
  return {
    approval: question.id,
    run: question.run,
    agent,
    tool: question.tool,
    // Never cut inside a pair: a lone half would be no text.
    arguments: isWhole ? whole : whole.slice(0, ARGUMENTS_CHARACTERS_MAX).replace(/[\ud800-\udbff]$/u, ""),
    argumentsWhole: isWhole,
    argumentsAt: { entry, part: "arguments" },
    preview:
      preview === null
        ? null
        : { at: { entry, part: "preview" }, bytes: utf8(canonicalJson(preview)).length },
    approvers: [...question.who.approvers],
    fingerprint: question.fingerprint,
    expiresInMs: question.expiresInMs,
  };
};

/** Who answered a question, and how. */
interface Said {
  readonly answer: "approved" | "refused";
  readonly by: string;
  readonly surface: Surface;
}

const answeredBefore = ({ answer, by, surface }: Said): CallFault =>
  conflict(
    "APPROVAL_ANSWERED",
    `somebody was faster: the question was ${answer} by ${visibleText(by)} (${surface})`,
    "that answer counts; `writ audit list --type approval.answered` has them all",
  );

const NO_PERSON = refused(
  fault("APPROVAL_NO_PERSON", "only a person at an editor or a command line answers questions"),
);
const OTHER_CALL = conflict(
  "APPROVAL_OTHER_CALL",
  "the fingerprint is not that of the call that waits",
  "look at the question again: an answer is for the call that was shown, and for no other",
);
