import { isAbort, throwIfAborted } from "#kernel/abort.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { ConsentAnswer, ConsentAsker } from "#ports/consent-asker.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { Clock } from "#ports/clock.ts";
import type { Powers } from "#protocol/consent.ts";
import type { Client } from "./clients.ts";
import { surfaceOf } from "./clients.ts";

export interface ConsentDeps {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** The operating-system user that every client acts as. */
  readonly user: string;
  /** Those that may be asked now. */
  readonly clients: () => Iterable<Client>;
}

/** What a start brings to the question of consent. */
export interface ConsentOrder {
  /** The digest that the person named, or null when somebody can be asked. */
  readonly named: string | null;
  /** The principal's id. */
  readonly agent: string;
  readonly powers: Powers;
}

/** Consent for one run of the host: by the digest that was named, else from a person at a client that offered to ask. */
export const consentFor = (deps: ConsentDeps, order: ConsentOrder): ConsentAsker => ({
  async ask({ digest }, signal) {
    throwIfAborted(signal);
    const { user: by } = deps;
    if (order.named !== null) return { k: order.named === digest ? "given" : "refused", by, surface: "flag" };
    const asked = [...deps.clients()].filter(({ offers }) => offers.approvals);
    const over = new AbortController();
    try {
      const first = await firstAnswer(
        asked.map((client) => askAt(deps, order, digest, client, AbortSignal.any([signal, over.signal]))),
      );
      throwIfAborted(signal);
      return first ?? { k: "unavailable", help: `name the powers that you agree to: ${digest}` };
    } finally {
      // Whoever still shows the question is told that it is over.
      over.abort();
    }
  },
});

/** The first that is an answer; null when none is. */
const firstAnswer = (answers: readonly Promise<ConsentAnswer | null>[]): Promise<ConsentAnswer | null> =>
  new Promise((resolve, reject) => {
    for (const answer of answers) answer.then((said) => said && resolve(said), reject);
    Promise.all(answers).then(() => resolve(null), reject);
  });

const askAt = async (
  { clock, entropy, user: by }: ConsentDeps,
  { agent, powers }: ConsentOrder,
  digest: Sha256,
  client: Client,
  signal: AbortSignal,
): Promise<ConsentAnswer | null> => {
  const question = entropy.id<"question">(clock.wallMs());
  try {
    const params = { question, agent, powers: powers as unknown as JsonObject, digest };
    const said = await client.peer.call("consent/ask", params, { signal });
    if (!said.ok || said.value.answer === "unavailable" || said.value.digest !== digest) return null;
    return { k: said.value.answer === "agree" ? "given" : "refused", by, surface: surfaceOf(client) };
  } catch (error) {
    if (isAbort(error)) return null;
    throw error;
  }
};
