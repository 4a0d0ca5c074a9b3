import type { Result } from "#kernel/result.ts";
import { failed } from "#kernel/result.ts";
import type { CallFault } from "#host/rpc/errors.ts";

/** What was ordered under a key, as a text to compare with, and what came of it. */
interface Order<Answer> {
  readonly said: string;
  readonly answer: Promise<Result<Answer, CallFault>>;
}

/** Answered orders whose keys are remembered. */
const ANSWERED_MAX = 1_000;

/** Orders by the key that their client gave them, so that one that is sent again is not done again. */
export class KeyedOrders<Answer> {
  /** What is answered where a key is used for another order. */
  private readonly reused: CallFault;
  private readonly orders = new Map<string, Order<Answer>>();
  /** Keys of those that are done, in that order. */
  private readonly answered = new Set<string>();

  constructor(reused: CallFault) {
    this.reused = reused;
  }

  /** What came of the order of this key, also while it is under way; undefined where there was none. */
  before(key: string, said: string): Order<Answer>["answer"] | undefined {
    const order = this.orders.get(key);
    if (order === undefined || order.said === said) return order?.answer;
    return Promise.resolve(failed(this.reused));
  }

  /** Remembers an order that was begun under its key; gives its answer. */
  begun(key: string, said: string, answer: Order<Answer>["answer"]): Order<Answer>["answer"] {
    this.orders.set(key, { said, answer });
    // One that came to nothing leaves no key behind.
    const forget = (): void => void this.orders.delete(key);
    answer.then(({ ok: isDone }) => (isDone ? this.keep(key) : forget()), forget);
    return answer;
  }

  /** One that is under way is never among those that are forgotten: sent again, it would be done twice. */
  private keep(key: string): void {
    this.answered.add(key);
    for (const oldest of this.answered) {
      if (this.answered.size <= ANSWERED_MAX) return;
      this.answered.delete(oldest);
      this.orders.delete(oldest);
    }
  }
}
