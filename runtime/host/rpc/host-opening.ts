import * as z from "zod/mini";
import type { JsonObject } from "#kernel/json.ts";
import { fault } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import { HOST_RPC_VERSION, METHODS } from "#protocol/host-rpc.ts";
import type { CallFault } from "./errors.ts";
import { callFault, errorAnswer } from "./errors.ts";
import type { MessageId } from "./messages.ts";
import { messageBody, readMessage } from "./messages.ts";
import type { Said, Token } from "./opening-proofs.ts";
import { clientProof, hostProof, isSameProof } from "./opening-proofs.ts";
import type { Answer, Params } from "./peer.ts";

export interface HostOpeningOptions {
  readonly crypto: Pick<Crypto, "sha256" | "hmacSha256">;
  readonly token: Token;
  /** 32 random bytes in lower-case hexadecimal, new for each connection. */
  readonly nonce: string;
  readonly product: string;
  readonly isDraining: () => boolean;
  /** What an authenticated client is told. */
  readonly identity: Answer<"host/authenticate">;
}

export interface OpenedClient {
  /** 0 where the two have no version in common; then little else than a drain may be asked for. */
  readonly version: number;
  readonly kind: Params<"host/hello">["client"];
  readonly product: string;
  readonly offers: Params<"host/authenticate">["offers"];
}

export type HostOpeningStep =
  | { readonly k: "continue"; readonly send: Uint8Array }
  | { readonly k: "opened"; readonly send: Uint8Array; readonly client: OpenedClient }
  /** The connection ends, after `send` where there is something to say. */
  | { readonly k: "refused"; readonly send: Uint8Array | null; readonly why: string };

interface Greeted extends Said {
  readonly version: number;
  readonly params: Params<"host/hello">;
}

/** The host's side of the opening of one connection: two requests, in order, each once. */
export class HostOpening {
  private readonly options: HostOpeningOptions;
  private greeted: Greeted | null = null;

  constructor(options: HostOpeningOptions) {
    this.options = options;
  }

  receive(body: Uint8Array): HostOpeningStep {
    const reading = readMessage(body);
    if (!reading.ok)
      return refused(null, callFault(reading.error, fault("RPC_MESSAGE_MALFORMED", reading.why)));
    const { message } = reading;
    if (message.k !== "request") return refused(null, NOT_AUTHENTICATED);
    const { id, method, params } = message;
    if (this.greeted === null && method === "host/hello") return this.greet(id, params, body);
    if (this.greeted !== null && method === "host/authenticate")
      return this.authenticate(id, params, this.greeted);
    return refused(id, NOT_AUTHENTICATED);
  }

  private greet(id: MessageId, given: JsonObject, hello: Uint8Array): HostOpeningStep {
    const read = z.safeParse(METHODS["host/hello"].params, given);
    if (!read.success) return refused(id, WRONG_PARAMS);
    const { crypto, token, nonce, product, isDraining } = this.options;
    const version = versionInCommon(read.data.versions);
    const unproven = { version, product, nonce, draining: isDraining(), extensions: {} };
    const answer = { ...unproven, proof: hostProof(crypto, token, { hello, answer: unproven }) };
    this.greeted = { version, params: read.data, hello, answer };
    return { k: "continue", send: messageBody({ k: "result", id, result: answer }) };
  }

  private authenticate(id: MessageId, given: JsonObject, greeted: Greeted): HostOpeningStep {
    const read = z.safeParse(METHODS["host/authenticate"].params, given);
    if (!read.success) return refused(id, WRONG_PARAMS);
    const { crypto, token, identity } = this.options;
    if (!isSameProof(read.data.proof, clientProof(crypto, token, greeted, given)))
      return refused(id, WRONG_PROOF);
    const { client: kind, product } = greeted.params;
    if (read.data.offers.approvals && kind !== "editor" && kind !== "cli")
      return refused(id, NO_PERSON_THERE);
    return {
      k: "opened",
      send: messageBody({ k: "result", id, result: identity }),
      client: { version: greeted.version, kind, product, offers: read.data.offers },
    };
  }
}

/** The highest version that both speak; 0 if there is none. */
const versionInCommon = ([lowest, highest]: readonly [number, number]): number =>
  lowest <= HOST_RPC_VERSION && HOST_RPC_VERSION <= highest ? HOST_RPC_VERSION : 0;

const refused = (id: MessageId | null, why: CallFault): HostOpeningStep => ({
  k: "refused",
  send: messageBody({ k: "error", id, error: errorAnswer(why) }),
  why: why.message,
});

const NOT_AUTHENTICATED = callFault(
  "not-authenticated",
  fault("RPC_NOT_AUTHENTICATED", "a connection begins with `host/hello` and `host/authenticate`, each once"),
);
const WRONG_PROOF = callFault(
  "not-authenticated",
  fault("RPC_PROOF_WRONG", "the client has not shown that it can read this host's token", {
    help: "only programs of the user who started the host can connect to it",
  }),
);
const WRONG_PARAMS = callFault(
  "invalid-params",
  fault("RPC_PARAMS_INVALID", "the params are not of the form that the opening has"),
);
const NO_PERSON_THERE = callFault(
  "refused",
  fault("RPC_OFFER_REFUSED", "only an editor and a command line may offer to ask a person"),
);
