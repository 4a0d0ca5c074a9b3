import { abortError, throwIfAborted } from "#kernel/abort.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { RunId } from "#kernel/ids.ts";
import { ownValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { EffectAnswer, LostEffect } from "#agent/index.ts";
import type { ObservedEntry } from "#host/run-observer.ts";
import type { EffectAsker } from "#host/resume-run.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import { callFault } from "#host/rpc/errors.ts";
import type { Answer, Params } from "#host/rpc/peer.ts";
import type { Client } from "./clients.ts";
import { hasPerson, surfaceOf } from "./clients.ts";
import { conflict, refused, unavailable } from "./faults.ts";
import { KeyedOrders } from "./keyed-orders.ts";

type Intervention = Params<"run/intervene">;
type Intervened = Result<Answer<"run/intervene">, CallFault>;

/** A call of a run that goes on, of which only a person can say what became of it. */
interface Waiting {
  readonly run: RunId;
  settle(answer: EffectAnswer): void;
}

interface Taken {
  readonly run: RunId;
  tell(intervened: Intervened): void;
}

/** Effects of resumed runs that wait until a person says what became of them. */
export class EffectDesk {
  /** The operating-system user that every client acts as. */
  private readonly user: string;
  private readonly waiting = new Map<string, Waiting>();
  /** Answers that were taken and are not on record yet, by their call. */
  private readonly taken = new Map<string, Taken>();
  private readonly interventions = new KeyedOrders<Answer<"run/intervene">>(KEY_REUSED);

  constructor(user: string) {
    this.user = user;
  }

  /** @param onWaiting called when a question begins to wait, and when none does any more. */
  askerFor(run: RunId, onWaiting: (isWaiting: boolean) => void): EffectAsker {
    return {
      // Somebody may always come: the run waits as long as its time allows.
      ready: async () => ok(undefined),
      ask: async (effect, signal) => {
        onWaiting(true);
        try {
          return await this.wait(run, effect, signal);
        } finally {
          onWaiting(false);
        }
      },
    };
  }

  /** Answers once what was said is on record. */
  async intervene(client: Client, params: Intervention): Promise<Intervened> {
    if (!hasPerson(client)) return failed(NO_PERSON);
    const said = canonicalJson(params);
    const { idempotencyKey: key } = params;
    return (
      this.interventions.before(key, said) ?? this.interventions.begun(key, said, this.take(client, params))
    );
  }

  /** An entry of a run that goes on: what was said may be on record now. */
  recorded({ type, public: fields, entry }: ObservedEntry): void {
    const target = ownValue(fields, "target");
    if (type !== "person.intervened" || typeof target !== "string") return;
    this.taken.get(target)?.tell(ok({ entry: entry.id }));
  }

  private take(client: Client, { run, act, target, detail }: Intervention): Promise<Intervened> {
    if (act !== "EFFECT_HAPPENED" && act !== "EFFECT_ABSENT") return Promise.resolve(failed(OTHER_ACT));
    const one = target === null ? undefined : this.waiting.get(target);
    if (target === null || one?.run !== run) return Promise.resolve(failed(NO_SUCH_EFFECT));
    const { promise, resolve } = Promise.withResolvers<Intervened>();
    const tell = (intervened: Intervened): void => {
      this.taken.delete(target);
      resolve(intervened);
    };
    this.taken.set(target, { run: one.run, tell });
    const k = act === "EFFECT_HAPPENED" ? "happened" : "absent";
    one.settle({ k, by: this.user, surface: surfaceOf(client), detail });
    return promise;
  }

  /** The run is over: what was said and is not on record never will be. */
  over(run: RunId): void {
    for (const taken of this.taken.values()) if (taken.run === run) taken.tell(failed(NO_SUCH_EFFECT));
  }

  private wait(run: RunId, { callId }: LostEffect, signal: AbortSignal): Promise<EffectAnswer> {
    throwIfAborted(signal);
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        this.waiting.delete(callId);
        signal.removeEventListener("abort", cancelled);
        act();
      };
      const cancelled = (): void => finish(() => reject(abortError()));
      signal.addEventListener("abort", cancelled, { once: true });
      this.waiting.set(callId, { run, settle: (answer) => finish(() => resolve(answer)) });
    });
  }
}

const NO_PERSON = refused(
  fault("RUN_NO_PERSON", "only a person at an editor or a command line says what became of an effect"),
);
const OTHER_ACT = unavailable(
  fault("RUN_ACT_UNSUPPORTED", "this host takes word of effects that were lost, and no other act", {
    help: "`run/cancel` ends a run",
  }),
);
const NO_SUCH_EFFECT = callFault(
  "not-found",
  fault("RUN_EFFECT_UNKNOWN", "no effect of this run waits for a person's word under that call"),
);
const KEY_REUSED = conflict(
  "RUN_KEY_REUSED",
  "the key of this intervention was used for another one",
  "make a new key for a new intent",
);
