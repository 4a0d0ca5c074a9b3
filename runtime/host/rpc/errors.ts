import type { JsonObject } from "#kernel/json.ts";
import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import * as z from "zod/mini";
import { RPC_ERRORS, errorData } from "#protocol/host-rpc.ts";

/** Names of the protocol's errors; their numbers stand in `RPC_ERRORS`. */
export type ErrorName = keyof typeof RPC_ERRORS;

/** What a call came to that the other side refused, or that the connection kept from an answer. */
export interface CallFault extends Fault<string> {
  readonly error: ErrorName | "connection-lost";
}

/** An error that a handler answers with. Message and help go over the wire as they are: no secret, no internals. */
export const callFault = (error: ErrorName, given: Fault<string>): CallFault => ({ ...given, error });

/** The members of an error answer. */
export const errorAnswer = ({ error, code, message, help, retryable }: CallFault): JsonObject => ({
  code: error === "connection-lost" ? RPC_ERRORS["internal-error"] : RPC_ERRORS[error],
  message,
  data: { code, help: help ?? null, retryable },
});

const MESSAGE_CHARACTERS_MAX = 2_000;

const answerShape = z.strictObject({
  code: z.number().check(z.int()),
  message: z.string(),
  data: errorData,
});

/** Reads an error answer of unknown origin; one of no known form is an internal error of the other side. */
export const readErrorAnswer = (given: JsonObject): CallFault => {
  const read = z.safeParse(answerShape, given);
  const name = read.success ? NAMES.get(read.data.code) : undefined;
  if (!read.success || name === undefined) return MALFORMED_ANSWER;
  const { message, data } = read.data;
  return {
    ...fault(data.code, visibleExcerpt(message, MESSAGE_CHARACTERS_MAX), {
      retryable: data.retryable,
      ...(data.help === null ? {} : { help: visibleExcerpt(data.help, MESSAGE_CHARACTERS_MAX) }),
    }),
    error: name,
  };
};

const NAMES = new Map(
  (Object.entries(RPC_ERRORS) as [ErrorName, number][]).map(([name, code]) => [code, name]),
);

export const MALFORMED_ANSWER: CallFault = callFault(
  "internal-error",
  fault("RPC_ANSWER_MALFORMED", "the other side of the connection answered with something of another form", {
    help: "the two may be of different releases; close the older one",
  }),
);

export const CONNECTION_LOST: CallFault = {
  ...fault("RPC_CONNECTION_LOST", "the connection was lost before the answer came", {
    help: "where the host was killed its runs are interrupted: `writ ps` lists them, with the command that goes on with one",
    retryable: true,
  }),
  error: "connection-lost",
};
