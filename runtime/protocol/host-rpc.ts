import * as z from "zod/mini";

import { isJsonObject } from "#kernel/json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { VERIFICATION_LEVELS } from "./ledger-report.ts";

/*
 * Host protocol, version 1: what clients (editor, command line, debugger) and the workspace host
 * say to each other. The specification is docs/formats/host-rpc.md; test/vectors/host-rpc holds
 * examples that must and must not be accepted.
 */

export const HOST_RPC_VERSION = 1;

/** Longest message body in bytes of UTF-8 after the opening; larger content travels by ranged reads. */
export const HOST_MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** The same before the opening is over. */
export const OPENING_MESSAGE_BYTES_MAX = 4 * 1024;
/** Deepest nesting of a body: an entry of the ledger (64) and what is wrapped around it. */
export const HOST_MESSAGE_DEPTH_MAX = 80;
/** Of what is said to an answer; the host keeps no more. */
export const APPROVAL_REASON_CHARACTERS_MAX = 2_000;
/** Longest stretch of content that one read returns. */
export const CONTENT_READ_BYTES_MAX = 256 * 1024;
/** Requests that one side of a connection may have under way, questions to people not counted. */
export const REQUESTS_UNDER_WAY_MAX = 64;
/** Largest `events/batch` in bytes of UTF-8, unless one entry alone is larger. */
export const EVENT_BATCH_BYTES_MAX = 64 * 1024;
/** Items that one answer of a list holds. */
export const LIST_ITEMS_MAX = 200;

const uuid = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const code = z.string().check(z.regex(/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/), z.maxLength(64));
const count = z.number().check(z.int(), z.nonnegative());
const name = z.string().check(z.minLength(1), z.maxLength(256));
const agentId = z.string().check(z.minLength(1), z.maxLength(8192));
const text = z.string().check(z.maxLength(64 * 1024));
const token = z.string().check(z.minLength(1), z.maxLength(64));
/** Workspace-relative as in AgentSpec `source.path`: `/` between parts, none of them empty, `.` or `..`. */
const path = z
  .string()
  .check(z.maxLength(4096), z.regex(/^(?!\.\.?(?:\/|$))[^/\\\u0000]+(?:\/(?!\.\.?(?:\/|$))[^/\\\u0000]+)*$/));
const nonce = z.string().check(z.regex(/^[0-9a-f]{64}$/));
/** Any JSON object. zod would drop a member `__proto__` without a word, and two sides would see two things. */
const jsonObject = z.custom<JsonObject>(
  (value: JsonValue) => isJsonObject(value) && hasNoPrototypeKey(value),
);

const hasNoPrototypeKey = (value: JsonValue): boolean => {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).every(hasNoPrototypeKey);
  if (!isJsonObject(value)) return true;
  return Object.entries(value).every(([key, member]) => key !== "__proto__" && hasNoPrototypeKey(member));
};

const nothing = z.strictObject({});
const page = z.nullable(z.string().check(z.maxLength(256)));

const tier = z.enum(["wasm", "docker", "gvisor"]);
const runState = z.enum([
  "starting",
  "refused",
  "running",
  "waiting-for-person",
  "parked",
  "interrupted",
  "completed",
  "failed",
  "cancelled",
  "limited",
]);

const offers = z.strictObject({
  /** Ids of models that this client can serve; each begins with `client:`. */
  models: z.array(z.string().check(z.regex(/^client:/), z.maxLength(256))).check(z.maxLength(256)),
  /** Whether a person at this client may be asked; only `editor` and `cli` may say true. */
  approvals: z.boolean(),
  /** Names of secrets it can resolve; never their values. */
  secrets: z.array(name).check(z.maxLength(256)),
  notifications: z.boolean(),
});

const runSummary = z.strictObject({
  run: uuid,
  agent: agentId,
  path,
  state: runState,
  startedMs: count,
  endedMs: z.nullable(count),
  tier: z.nullable(tier),
  approvalsWaiting: count,
  lastSeq: z.number().check(z.int(), z.minimum(-1)),
});

const cursor = z.strictObject({ log: uuid, seq: count });

const reading = z.strictObject({ entry: uuid, part: name });

const approvalSummary = z.strictObject({
  approval: uuid,
  run: uuid,
  agent: agentId,
  tool: name,
  /** Canonical JSON; `argumentsWhole` is false where it was cut and has to be read before an approval may be offered. */
  arguments: text,
  argumentsWhole: z.boolean(),
  argumentsAt: reading,
  preview: z.nullable(z.strictObject({ at: reading, bytes: count })),
  /** User names that the rules accept; empty for anybody. */
  approvers: z.array(name).check(z.maxLength(64)),
  fingerprint: sha256,
  expiresInMs: count,
});

const modelRequest = z.strictObject({
  messages: z.union([z.array(jsonObject).check(z.maxLength(10_000)), reading]),
  tools: z.array(jsonObject).check(z.maxLength(512)),
  tokensMax: count,
});

const modelAnswer = z.union([
  z.strictObject({
    k: z.literal("finished"),
    reason: z.enum(["stop", "tool-calls", "length", "refused"]),
    text: z.string(),
    toolCalls: z
      .array(z.strictObject({ callId: name, tool: name, argumentsText: z.string() }))
      .check(z.maxLength(64)),
    usage: z.strictObject({
      inputTokens: count,
      outputTokens: count,
      source: z.enum(["reported", "estimated"]),
    }),
  }),
  z.strictObject({ k: z.literal("failed"), code, message: text, retryable: z.boolean() }),
]);

/** One method: who may call it, what goes in, what comes back, whether it reports progress. */
export interface MethodSchema {
  readonly from: "client" | "host" | "either";
  /** `request` has a result; `notification` has none. */
  readonly kind: "request" | "notification";
  readonly params: z.ZodMiniType;
  readonly result: z.ZodMiniType;
  /** A long call accepts a `progress` token in its params and may be cancelled with `$/cancel`. */
  readonly long: boolean;
}

interface Method<
  Kind extends MethodSchema["kind"],
  Params extends z.ZodMiniType,
  Answer extends z.ZodMiniType,
> extends MethodSchema {
  readonly kind: Kind;
  readonly params: Params;
  readonly result: Answer;
}

const request = <Params extends z.ZodMiniType, Answer extends z.ZodMiniType>(
  from: MethodSchema["from"],
  params: Params,
  result: Answer,
  long = false,
): Method<"request", Params, Answer> => ({ from, kind: "request", params, result, long });

const notification = <Params extends z.ZodMiniType>(
  from: MethodSchema["from"],
  params: Params,
): Method<"notification", Params, z.ZodMiniNever> => ({
  from,
  kind: "notification",
  params,
  result: z.never(),
  long: false,
});

const progress = z.optional(token);

/** Who a run is for when that is not the person at the client; it can only narrow. */
const onBehalf = z.nullable(
  z.strictObject({
    kind: z.enum(["schedule", "webhook", "client"]),
    id: name,
    principal: z.nullable(agentId),
  }),
);

export const METHODS = {
  // opening; these three are the same in every version
  "host/hello": request(
    "client",
    z.strictObject({
      versions: z.tuple([count, count]).check(z.refine(([lowest, highest]) => lowest <= highest)),
      client: z.enum(["editor", "cli", "debugger", "server"]),
      product: name,
      nonce,
      extensions: jsonObject,
    }),
    z.strictObject({
      version: count,
      product: name,
      nonce,
      draining: z.boolean(),
      extensions: jsonObject,
      proof: sha256,
    }),
  ),
  "host/authenticate": request(
    "client",
    z.strictObject({ offers, extensions: jsonObject, proof: sha256 }),
    z.strictObject({ host: uuid, workspace: uuid }),
  ),
  "host/drain": request(
    "client",
    z.strictObject({ reason: text, progress }),
    z.strictObject({ finished: count, parked: count }),
    true,
  ),
  "host/offer": notification("client", offers),
  "host/status": request(
    "client",
    nothing,
    z.strictObject({
      product: name,
      startedMs: count,
      clients: count,
      runs: count,
      approvalsWaiting: count,
      draining: z.boolean(),
    }),
  ),

  // runs
  "run/start": request(
    "client",
    z.strictObject({
      idempotencyKey: uuid,
      path,
      digest: sha256,
      agent: z.nullable(name),
      inputs: jsonObject,
      model: z.nullable(name),
      sandboxFloor: z.nullable(tier),
      consent: z.nullable(sha256),
      onBehalf,
      parent: z.nullable(uuid),
      progress,
    }),
    z.strictObject({ run: uuid, repeated: z.boolean() }),
    true,
  ),
  "run/resume": request(
    "client",
    z.strictObject({ run: uuid, consent: z.nullable(sha256), progress }),
    z.strictObject({ state: runState }),
    true,
  ),
  "run/cancel": request(
    "client",
    z.strictObject({ run: uuid, reason: z.nullable(text), progress }),
    z.strictObject({ state: runState }),
    true,
  ),
  "run/intervene": request(
    "client",
    z.strictObject({
      run: uuid,
      idempotencyKey: uuid,
      act: z.enum(["PAUSE", "CONTINUE", "EFFECT_HAPPENED", "EFFECT_ABSENT", "INSTRUCT", "OVERRIDE"]),
      target: z.nullable(uuid),
      detail: z.nullable(text),
    }),
    z.strictObject({ entry: uuid }),
  ),
  "run/list": request(
    "client",
    z.strictObject({ states: z.nullable(z.array(runState)), after: page }),
    z.strictObject({ runs: z.array(runSummary).check(z.maxLength(LIST_ITEMS_MAX)), more: page }),
  ),
  "run/get": request("client", z.strictObject({ run: uuid }), runSummary),

  // events
  "events/subscribe": request(
    "client",
    z.union([
      z.strictObject({
        scope: z.strictObject({ run: uuid }),
        from: z.union([z.strictObject({ runSeq: count }), z.literal("now")]),
        level: z.enum(["entries", "entries-and-live"]),
        window: z.number().check(z.int(), z.minimum(1), z.maximum(10_000)),
      }),
      z.strictObject({
        scope: z.strictObject({ all: z.literal(true) }),
        from: z.union([
          z.strictObject({
            cursors: z.array(cursor).check(
              z.maxLength(1024),
              z.refine((all) => new Set(all.map((each) => each.log)).size === all.length),
            ),
          }),
          z.literal("now"),
        ]),
        level: z.enum(["entries", "entries-and-live"]),
        window: z.number().check(z.int(), z.minimum(1), z.maximum(10_000)),
      }),
    ]),
    z.strictObject({ subscription: token, head: z.array(cursor) }),
  ),
  "events/batch": notification(
    "host",
    z.strictObject({
      subscription: token,
      batch: count,
      events: z.array(jsonObject),
      /** Live events left out since the batch before, because the reader was slower than the run. */
      droppedLive: count,
    }),
  ),
  "events/acknowledge": notification("client", z.strictObject({ subscription: token, batch: count })),
  "events/ended": notification(
    "host",
    z.strictObject({ subscription: token, reason: z.enum(["run-ended", "reader-too-slow", "draining"]) }),
  ),
  "events/unsubscribe": request("client", z.strictObject({ subscription: token }), nothing),

  // content
  "content/read": request(
    "client",
    z.strictObject({
      at: z.union([reading, z.strictObject({ scope: uuid, artefact: sha256 })]),
      offset: count,
      length: z.number().check(z.int(), z.minimum(1), z.maximum(CONTENT_READ_BYTES_MAX)),
    }),
    z.strictObject({ base64: z.string(), totalBytes: count, erased: z.boolean() }),
  ),

  // people
  "approvals/list": request(
    "client",
    z.strictObject({ after: page }),
    z.strictObject({ approvals: z.array(approvalSummary).check(z.maxLength(LIST_ITEMS_MAX)), more: page }),
  ),
  "approvals/answer": request(
    "client",
    z.strictObject({
      approval: uuid,
      fingerprint: sha256,
      answer: z.enum(["approve", "refuse"]),
      reason: z.nullable(text),
    }),
    z.strictObject({ accepted: z.boolean(), by: name }),
  ),

  // evidence
  "ledger/verify": request(
    "client",
    z.strictObject({ log: z.nullable(uuid), progress }),
    z.strictObject({
      level: z.nullable(z.enum(VERIFICATION_LEVELS)),
      entries: count,
      faults: z
        .array(z.strictObject({ log: uuid, seq: z.nullable(count), kind: name, detail: text }))
        .check(z.maxLength(1000)),
      faultsInAll: count,
    }),
    true,
  ),

  // what the host asks of a client
  "model/stream": request(
    "host",
    z.strictObject({ stream: uuid, model: name, request: modelRequest, progress }),
    modelAnswer,
    true,
  ),
  "model/delta": notification(
    "client",
    z.strictObject({ stream: uuid, text: z.string().check(z.maxLength(16_384)) }),
  ),
  "consent/ask": request(
    "host",
    z.strictObject({ question: uuid, agent: agentId, powers: jsonObject, digest: sha256, progress }),
    z.strictObject({ answer: z.enum(["agree", "refuse", "unavailable"]), digest: sha256 }),
    true,
  ),
  "approval/ask": request(
    "host",
    z.strictObject({ approval: approvalSummary, decision: jsonObject, progress }),
    z.strictObject({
      answer: z.enum(["approve", "refuse", "unavailable"]),
      fingerprint: sha256,
      reason: z.nullable(text),
    }),
    true,
  ),
  "secret/read": request(
    "host",
    z.strictObject({ name, origin: z.string().check(z.maxLength(2048)) }),
    z.strictObject({ value: z.nullable(text) }),
  ),
  "notification/show": notification(
    "host",
    z.strictObject({ level: z.enum(["information", "warning", "error"]), text, run: z.nullable(uuid) }),
  ),

  // both directions
  "$/progress": notification(
    "either",
    z.strictObject({ token, done: count, total: z.nullable(count), text }),
  ),
  "$/cancel": notification("either", z.strictObject({ id: z.union([token, count]) })),
} as const satisfies Record<string, MethodSchema>;

export type MethodName = keyof typeof METHODS;

/** JSON-RPC error numbers; `data.code` carries the fault's own code. */
export const RPC_ERRORS = {
  "parse-error": -32700,
  "invalid-request": -32600,
  "method-not-found": -32601,
  "invalid-params": -32602,
  "internal-error": -32603,
  "not-authenticated": -32001,
  "version-mismatch": -32002,
  draining: -32003,
  "not-found": -32004,
  conflict: -32005,
  refused: -32006,
  unavailable: -32007,
  cancelled: -32800,
} as const;

/** `data` of every error answer. */
export const errorData = z.strictObject({
  code,
  help: z.nullable(text),
  retryable: z.boolean(),
});

/** What clients call the secret that is the key of the model endpoints at an origin. */
export const modelKeyName = (origin: string): string => `model-key:${origin}`;

/** Domain tags of the two proofs of the opening; the page says what is hashed. */
export const PROOF_DOMAINS = { host: "writ/host-rpc/v1/host", client: "writ/host-rpc/v1/client" } as const;
