import { abortError, isAbort, throwIfAborted } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { isUnsendable, type OperationWork, type Sending } from "#apitest/run/request-door.ts";
import type {
  ArgumentsFault,
  Authorized,
  ExecuteOptions,
  Outlook,
  PreparedCall,
  Spend,
  ToolExecutor,
  ToolFault,
  ToolResult,
} from "#ports/executor.ts";
import type { HttpTransport } from "#ports/http-transport.ts";
import type { ApiRequest, ApiTestCase } from "#protocol/api-test.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";

import { isPathOf, policyPath, sentPath } from "./request-paths.ts";
import type { RequestRecords } from "./request-records.ts";

/** The tests of one operation, as one call: an action on its host, with a budget of requests. */
export const TEST_REQUESTS: ToolDescriptor = {
  name: "test_requests",
  action: "http_request",
  summary: "Sends the tests of one operation to the origin that a person named.",
  parameters: [
    { name: "method", type: "string", required: true, summary: "HTTP method of every request." },
    { name: "target", type: "string", required: true, summary: "Path with `{names}` for its parameters." },
    { name: "requestsMax", type: "integer", required: true, summary: "Most requests." },
  ],
  effects: [],
  risk: "medium",
  tiers: ["wasm", "docker", "gvisor"],
  idempotent: false,
};

/** Longest time for one operation where no rule gives a shorter one. */
const OPERATION_MS_MAX = 6 * 60 * 60 * 1000;

/** Of a path in a record; the digest is of the whole request. */
const PATH_CHARACTERS_MAX = 2_048;

export interface RequestExecutorDeps {
  readonly transport: HttpTransport;
  readonly records: RequestRecords;
  readonly digest: (bytes: Uint8Array) => Sha256;
  readonly spend: Spend;
}

/** How the work of an operation ended; the value of a call that was done. */
export type WorkEnd = "done" | "time-limit" | "cancelled";

/**
 * The only way from test cases to a server. The right that the gate gave is spent once and becomes a budget,
 * which is counted down for each request; a request with another method, or with a path that is not of the
 * operation, is not sent. The policies are asked about each path that a parameter makes.
 */
export class RequestExecutor implements ToolExecutor {
  readonly descriptor = TEST_REQUESTS;
  readonly timeoutMsDefault = OPERATION_MS_MAX;
  private readonly deps: RequestExecutorDeps;
  private work: OperationWork | null = null;
  private sentBefore = 0;
  private budget: Budget | null = null;

  constructor(deps: RequestExecutorDeps) {
    this.deps = deps;
  }

  /** Requests that were sent by all calls so far. */
  get requests(): number {
    return this.sentBefore + (this.budget?.requests ?? 0);
  }

  /** What the next call that is executed does. */
  expect(work: OperationWork): void {
    this.work = work;
  }

  prepare(given: JsonObject): Promise<Result<Outlook, ArgumentsFault>> {
    const operation = readOperation(given);
    const path = operation === undefined ? undefined : policyPath(operation.target);
    if (operation === undefined || path === undefined) {
      const message = "the operation's path is none that every server reads alike";
      return Promise.resolve(failed(fault("TOOL_ARGUMENTS_INVALID", message)));
    }
    const call: PreparedCall = {
      tool: TEST_REQUESTS.name,
      arguments: { ...operation },
      resource: hostAt(this.deps.transport.origin, operation.method, path),
      labels: [],
      preview: null,
      details: {},
    };
    return Promise.resolve(ok({ call, fault: null }));
  }

  async execute(
    authorized: Authorized<PreparedCall>,
    options: ExecuteOptions,
  ): Promise<Result<ToolResult, ToolFault>> {
    const spent = await this.deps.spend(authorized, TEST_REQUESTS.name);
    if (!spent.ok) return failed(fault("TOOL_NOT_AUTHORIZED", spent.fault.message));
    const { work } = this;
    this.work = null;
    const operation = readOperation(spent.value.arguments);
    if (work === null || operation === undefined) {
      return failed(fault("TOOL_UNAVAILABLE", "there is nothing to send"));
    }
    const time = AbortSignal.timeout(options.timeoutMs);
    const budget = new Budget(this.deps, operation, options);
    this.budget = budget;
    const { records } = this.deps;
    const end = await this.endOf(work, budget, AbortSignal.any([options.signal, time, records.refusal]), {
      cancelled: options.signal,
      time,
    });
    this.sentBefore += budget.requests;
    this.budget = null;
    const recorded = await records.flush();
    if (!recorded.ok) return failed(fault("TOOL_OUTCOME_UNKNOWN", recorded.fault.message));
    const { requests } = budget;
    return ok({ text: `${requests} requests were sent`, value: { requests, end }, labels: [], changes: [] });
  }

  private async endOf(
    work: OperationWork,
    budget: Budget,
    signal: AbortSignal,
    why: { readonly cancelled: AbortSignal; readonly time: AbortSignal },
  ): Promise<WorkEnd> {
    try {
      await work((testCase, inner) => budget.send(testCase, inner), signal);
    } catch (error) {
      if (!isAbort(error)) throw error;
    } finally {
      budget.close();
    }
    if (why.cancelled.aborted) return "cancelled";
    return why.time.aborted ? "time-limit" : "done";
  }
}

interface Operation {
  readonly method: string;
  readonly target: string;
  readonly requestsMax: number;
}

const readOperation = ({ method, target, requestsMax }: JsonObject): Operation | undefined =>
  typeof method === "string" &&
  /^[A-Z]{1,32}$/.test(method) &&
  typeof target === "string" &&
  typeof requestsMax === "number" &&
  Number.isSafeInteger(requestsMax)
    ? { method, target, requestsMax }
    : undefined;

const hostAt = (origin: string, method: string, path: string): PreparedCall["resource"] => ({
  type: "Host",
  id: origin,
  attributes: { method, path },
});

/** What a spent right is worth: so many requests of one operation, for as long as its work goes on. */
class Budget {
  private readonly deps: RequestExecutorDeps;
  private readonly operation: Operation;
  private readonly options: ExecuteOptions;
  private readonly decided = new Map<string, Promise<boolean>>();
  private left: number;
  private isOpen = true;

  constructor(deps: RequestExecutorDeps, operation: Operation, options: ExecuteOptions) {
    this.deps = deps;
    this.operation = operation;
    this.options = options;
    this.left = operation.requestsMax;
  }

  get requests(): number {
    return this.operation.requestsMax - this.left;
  }

  close(): void {
    this.isOpen = false;
  }

  async send({ id, request }: ApiTestCase, signal: AbortSignal): Promise<Sending> {
    const path = sentPath(request.target);
    const isOfOperation = path !== undefined && isPathOf(this.operation.target, path);
    if (request.method !== this.operation.method || !isOfOperation) return "denied";
    if (!(await this.isPathAllowed(path))) return "denied";
    throwIfAborted(signal);
    if (!this.isOpen || this.left <= 0) return "spent";
    // Before anything is awaited, so that lanes beside each other do not share the last request.
    this.left -= 1;
    const { records } = this.deps;
    const room = await records.room();
    if (room.ok && !signal.aborted && !records.refusal.aborted) {
      return this.sendNow(id, request, path, signal);
    }
    this.left += 1;
    if (room.ok) records.giveBack();
    throw abortError();
  }

  private async sendNow(
    id: string,
    request: ApiRequest,
    path: string,
    signal: AbortSignal,
  ): Promise<Sending> {
    const { transport, records, digest } = this.deps;
    const about = {
      case: id,
      method: request.method,
      path: path.slice(0, PATH_CHARACTERS_MAX),
      request: digest(utf8(canonicalJson(request as unknown as JsonValue))),
    };
    try {
      const sent = await transport.send(request, signal);
      if (isUnsendable(sent)) this.left += 1;
      records.add({
        ...about,
        ...(sent.ok
          ? {
              status: sent.value.status,
              answer: digest(sent.value.body),
              answerBytes: sent.value.body.length,
              wallMs: Math.round(sent.value.elapsedMs),
            }
          : { code: sent.fault.code }),
      });
      return sent;
    } catch (error) {
      records.add({ ...about, code: isAbort(error) ? "CANCELLED" : "UNKNOWN" });
      throw error;
    }
  }

  /** Rules about paths hold for each path, also where a parameter's value makes it. */
  private isPathAllowed(path: string): Promise<boolean> {
    if (path === this.operation.target) return Promise.resolve(true);
    const known = this.decided.get(path);
    if (known !== undefined) return known;
    const { wouldAllow, signal } = this.options;
    const call = {
      tool: TEST_REQUESTS.name,
      arguments: { ...this.operation },
      resource: hostAt(this.deps.transport.origin, this.operation.method, path),
    };
    const asked = wouldAllow([call], { labels: [], signal, countsApproval: true }).then(
      ([isAllowed = false]) => isAllowed,
    );
    this.decided.set(path, asked);
    return asked;
  }
}
