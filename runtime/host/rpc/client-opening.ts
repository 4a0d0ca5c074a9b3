import * as z from "zod/mini";
import { invariant } from "#kernel/invariant.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Crypto } from "#ports/crypto.ts";
import { HOST_RPC_VERSION, METHODS } from "#protocol/host-rpc.ts";
import { readErrorAnswer } from "./errors.ts";
import { messageBody, readMessage } from "./messages.ts";
import type { Said, Token } from "./opening-proofs.ts";
import { clientProof, hostProof, isSameProof } from "./opening-proofs.ts";
import type { Answer, Params } from "./peer.ts";

export interface ClientOpeningOptions {
  readonly crypto: Pick<Crypto, "sha256" | "hmacSha256">;
  /** Reads the token anew each time; undefined where there is none. */
  readonly readToken: () => Token | undefined;
  /** 32 random bytes in lower-case hexadecimal, new for each connection. */
  readonly nonce: string;
  readonly kind: Params<"host/hello">["client"];
  readonly product: string;
  readonly offers: Params<"host/authenticate">["offers"];
  /** The lowest and highest version that this client says it speaks; this release's own where absent. */
  readonly versions?: readonly [number, number];
}

export interface OpenedHost extends Answer<"host/authenticate"> {
  /** 0 where the two have no version in common. */
  readonly version: number;
  readonly product: string;
  readonly isDraining: boolean;
}

export type OpeningFault = Fault<
  /** Whoever holds the socket cannot read the token. */
  | "RPC_HOST_UNPROVEN"
  /** The host refused this client. */
  | "RPC_HOST_REFUSED"
  /** The host said something that is no part of an opening. */
  | "RPC_HOST_MALFORMED"
>;

export type ClientOpeningStep =
  | { readonly k: "continue"; readonly send: Uint8Array }
  | { readonly k: "opened"; readonly host: OpenedHost }
  /** The connection ends without another byte. */
  | { readonly k: "failed"; readonly fault: OpeningFault };

/** Ids of the two requests of an opening. */
const HELLO_ID = 1;
const AUTHENTICATE_ID = 2;
export const FIRST_ID_AFTER_OPENING = 3;

/** The client's side of the opening of one connection. */
export class ClientOpening {
  private readonly options: ClientOpeningOptions;
  private readonly hello: Uint8Array;
  private answer: Answer<"host/hello"> | null = null;

  constructor(options: ClientOpeningOptions) {
    this.options = options;
    const { kind: client, product, nonce } = options;
    const [lowest, highest] = options.versions ?? [HOST_RPC_VERSION, HOST_RPC_VERSION];
    const versions: [number, number] = [lowest, highest];
    const params = { versions, client, product, nonce, extensions: {} };
    this.hello = messageBody({ k: "request", id: HELLO_ID, method: "host/hello", params });
  }

  /** The first body of the connection. */
  begin(): Uint8Array {
    return this.hello;
  }

  receive(body: Uint8Array): ClientOpeningStep {
    const reading = readMessage(body);
    if (!reading.ok) return malformed(reading.why);
    const { message } = reading;
    if (message.k === "error") {
      const { message: why } = readErrorAnswer(message.error);
      return { k: "failed", fault: fault("RPC_HOST_REFUSED", `the host refused the connection: ${why}`) };
    }
    const awaited = this.answer === null ? HELLO_ID : AUTHENTICATE_ID;
    if (message.k !== "result" || message.id !== awaited)
      return malformed("a message before the opening is over");
    return this.answer === null ? this.readAnswer(message.result) : readIdentity(message.result, this.answer);
  }

  private readAnswer(result: JsonValue): ClientOpeningStep {
    const read = z.safeParse(METHODS["host/hello"].result, result);
    if (!read.success || !isJsonObject(result)) return malformed("an answer to `host/hello` of another form");
    if (read.data.version !== 0 && read.data.version !== HOST_RPC_VERSION) {
      return malformed("a version that was not offered");
    }
    const said = { hello: this.hello, answer: result };
    const token = this.provenToken(said, read.data.proof);
    if (token === undefined) return { k: "failed", fault: UNPROVEN };
    this.answer = read.data;
    const unproven = { offers: this.options.offers, extensions: {} };
    const proof = clientProof(this.options.crypto, token, said, unproven);
    const params = { ...unproven, proof };
    return {
      k: "continue",
      send: messageBody({ k: "request", id: AUTHENTICATE_ID, method: "host/authenticate", params }),
    };
  }

  /** The token under which the host's proof is right. The host may have been replaced since the first look. */
  private provenToken(said: Said, proof: string): Token | undefined {
    for (let look = 0; look < 2; look += 1) {
      const token = this.options.readToken();
      if (token !== undefined && isSameProof(proof, hostProof(this.options.crypto, token, said)))
        return token;
    }
    return undefined;
  }
}

const readIdentity = (result: JsonValue, answer: Answer<"host/hello">): ClientOpeningStep => {
  const read = z.safeParse(METHODS["host/authenticate"].result, result);
  if (!read.success) return malformed("an answer to `host/authenticate` of another form");
  const { version, product, draining: isDraining } = answer;
  invariant(version === 0 || version === HOST_RPC_VERSION, "the version was checked with the answer");
  return {
    k: "opened",
    host: { ...read.data, version, product: visibleExcerpt(product, PRODUCT_CHARACTERS_MAX), isDraining },
  };
};

const PRODUCT_CHARACTERS_MAX = 100;

const malformed = (why: string): ClientOpeningStep => ({
  k: "failed",
  fault: fault("RPC_HOST_MALFORMED", `what holds the host's socket does not speak its protocol: ${why}`),
});

const UNPROVEN: OpeningFault = fault(
  "RPC_HOST_UNPROVEN",
  "what holds the host's socket cannot read the host's token, so nothing was sent to it",
  { help: "another program took the socket's place: see who owns the folder that it lies in" },
);
