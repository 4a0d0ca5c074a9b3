import * as z from "zod/mini";

/*
 * Host protocol, version 1: what clients (editor, command line, debugger) and the workspace host
 * say to each other. The specification is docs/formats/host-rpc.md; test/vectors/host-rpc holds
 * examples that must and must not be accepted.
 */

export const HOST_RPC_VERSION = 1;

/** Longest message in bytes of UTF-8, header not counted. Larger content travels by ranged reads. */
export const HOST_MESSAGE_BYTES_MAX = 1024 * 1024;
/** Longest stretch of content that one read returns. */
export const CONTENT_READ_BYTES_MAX = 256 * 1024;
/** Requests that one connection may have under way, in each direction. */
export const REQUESTS_UNDER_WAY_MAX = 64;
/** Largest `events/batch` in bytes of UTF-8. */
export const EVENT_BATCH_BYTES_MAX = 64 * 1024;

const uuid = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const count = z.number().check(z.int(), z.nonnegative());
const name = z.string().check(z.minLength(1), z.maxLength(256));
const text = z.string().check(z.maxLength(64 * 1024));
const path = z.string().check(z.minLength(1), z.maxLength(4096));
const nonce = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const json = z.json();
const jsonObject = z.record(z.string(), json);
const nothing = z.strictObject({});

const tier = z.enum(["auto", "wasm", "docker", "gvisor"]);
const runState = z.enum([
  "starting",
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
  /** Ids of models that this client can serve. */
  models: z.array(name).check(z.maxLength(256)),
  /** Whether a person at this client may be asked. */
  approvals: z.boolean(),
  /** Names of secrets it can resolve; never their values. */
  secrets: z.array(name).check(z.maxLength(256)),
  notifications: z.boolean(),
});

const runSummary = z.strictObject({
  run: uuid,
  agent: name,
  uri: path,
  state: runState,
  startedMs: count,
  endedMs: z.nullable(count),
  tier,
  approvalsWaiting: count,
  lastSeq: z.number().check(z.int(), z.minimum(-1)),
});

const cursor = z.strictObject({ log: uuid, seq: count });

const approvalSummary = z.strictObject({
  approval: uuid,
  run: uuid,
  agent: name,
  tool: name,
  /** Canonical JSON, shortened for lists; whole by `content/read` of the entry that asks. */
  arguments: text,
  entry: uuid,
  fingerprint: sha256,
  expiresMs: count,
});

/** One method: who may call it, what goes in, what comes back, whether it reports progress. */
export interface MethodSchema {
  readonly from: "client" | "host" | "either";
  /** `request` has a result; `notification` has none. */
  readonly kind: "request" | "notification";
  readonly params: z.ZodMiniType;
  readonly result: z.ZodMiniType;
  /** A long call accepts a `progress` token in its params and answers `$/cancel`. */
  readonly long: boolean;
}

const request = (
  from: MethodSchema["from"],
  params: z.ZodMiniType,
  result: z.ZodMiniType,
  long = false,
): MethodSchema => ({
  from,
  kind: "request",
  params,
  result,
  long,
});

const notification = (from: MethodSchema["from"], params: z.ZodMiniType): MethodSchema => ({
  from,
  kind: "notification",
  params,
  result: z.never(),
  long: false,
});

const progress = z.optional(z.string().check(z.minLength(1), z.maxLength(64)));

export const METHODS = {
  // opening
  "host/hello": request(
    "client",
    z.strictObject({
      versions: z.tuple([count, count]),
      client: z.enum(["editor", "cli", "debugger", "server", "test"]),
      product: name,
      nonce,
    }),
    z.strictObject({ version: count, product: name, nonce, proof: sha256, draining: z.boolean() }),
  ),
  "host/authenticate": request(
    "client",
    z.strictObject({ proof: sha256, offers }),
    z.strictObject({ host: uuid, workspace: uuid }),
  ),
  "host/offer": notification("client", offers),
  "host/status": request(
    "client",
    nothing,
    z.strictObject({
      product: name,
      startedMs: count,
      clients: count,
      runs: z.array(runSummary),
      draining: z.boolean(),
    }),
  ),
  "host/drain": request(
    "client",
    z.strictObject({ progress, reason: text }),
    z.strictObject({ finished: count, parked: count }),
    true,
  ),

  // runs
  "run/start": request(
    "client",
    z.strictObject({
      idempotencyKey: uuid,
      uri: path,
      digest: sha256,
      agent: z.nullable(name),
      inputs: jsonObject,
      model: z.nullable(name),
      sandbox: tier,
      consent: z.nullable(sha256),
      progress,
    }),
    z.strictObject({ run: uuid, repeated: z.boolean() }),
    true,
  ),
  "run/resume": request(
    "client",
    z.strictObject({ run: uuid, idempotencyKey: uuid, progress }),
    z.strictObject({ run: uuid }),
    true,
  ),
  "run/cancel": request(
    "client",
    z.strictObject({ run: uuid, reason: z.nullable(text), progress }),
    z.strictObject({ state: runState }),
    true,
  ),
  "run/list": request(
    "client",
    z.strictObject({ states: z.nullable(z.array(runState)), limit: count }),
    z.strictObject({ runs: z.array(runSummary) }),
  ),
  "run/get": request("client", z.strictObject({ run: uuid }), runSummary),

  // events
  "events/subscribe": request(
    "client",
    z.strictObject({
      scope: z.union([z.strictObject({ run: uuid }), z.strictObject({ all: z.literal(true) })]),
      /** For one run the first `run.seq` wanted; for all a cursor per log (absent logs from their start). */
      from: z.union([
        z.strictObject({ runSeq: count }),
        z.strictObject({ cursors: z.array(cursor) }),
        z.literal("now"),
      ]),
      level: z.enum(["entries", "entries-and-live"]),
      /** Events that may be on the way unacknowledged. */
      window: z.number().check(z.int(), z.minimum(1), z.maximum(10_000)),
    }),
    z.strictObject({ subscription: name }),
  ),
  "events/batch": notification(
    "host",
    z.strictObject({
      subscription: name,
      events: z.array(jsonObject),
      /** Live events left out since the batch before, because the reader was slower than the run. */
      droppedLive: count,
    }),
  ),
  "events/acknowledge": notification("client", z.strictObject({ subscription: name, received: count })),
  "events/unsubscribe": request("client", z.strictObject({ subscription: name }), nothing),

  // content
  "content/read": request(
    "client",
    z.strictObject({
      entry: uuid,
      part: name,
      offset: count,
      length: z.number().check(z.int(), z.minimum(1), z.maximum(CONTENT_READ_BYTES_MAX)),
    }),
    z.strictObject({ base64: z.string(), totalBytes: count, erased: z.boolean() }),
  ),

  // people
  "approvals/list": request("client", nothing, z.strictObject({ approvals: z.array(approvalSummary) })),
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
      level: z.enum(["internal", "since-local-anchor", "since-witness"]),
      entries: count,
      faults: z.array(jsonObject),
    }),
    true,
  ),

  // what the host asks of a client
  "model/stream": request(
    "host",
    z.strictObject({ model: name, request: jsonObject, stream: uuid, progress }),
    jsonObject,
    true,
  ),
  "model/delta": notification("client", z.strictObject({ stream: uuid, text })),
  "approval/ask": request(
    "host",
    z.strictObject({ approval: approvalSummary, decision: jsonObject, preview: z.nullable(text) }),
    z.strictObject({ answer: z.enum(["approve", "refuse", "unavailable"]), reason: z.nullable(text) }),
    true,
  ),
  "secret/read": request(
    "host",
    z.strictObject({ name, origin: path }),
    z.strictObject({ value: z.nullable(text) }),
  ),
  "notification/show": notification(
    "host",
    z.strictObject({ level: z.enum(["information", "warning", "error"]), text, run: z.nullable(uuid) }),
  ),

  // both directions
  "$/progress": notification(
    "either",
    z.strictObject({ token: z.string(), done: count, total: z.nullable(count), text }),
  ),
  "$/cancel": notification("either", z.strictObject({ id: z.union([z.string(), count]) })),
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
  code: z.string().check(z.regex(/^[A-Z]+(?:_[A-Z]+)+$/)),
  help: z.nullable(text),
  retryable: z.boolean(),
});

/** Domain tags of the two proofs of the opening; the page says what is hashed. */
export const PROOF_DOMAINS = { host: "writ/host-rpc/v1/host", client: "writ/host-rpc/v1/client" } as const;
