import { performance } from "node:perf_hooks";
import { buildConnector, Pool } from "undici";

import { abortError, throwIfAborted } from "#kernel/abort.ts";
import { concatBytes, utf8 } from "#kernel/bytes.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import {
  type HttpAnswer,
  type HttpFault,
  type HttpLimits,
  type HttpTransport,
  isTransportHeader,
} from "#ports/http-transport.ts";
import type { ApiRequest } from "#protocol/api-test.ts";

import { faultOf, tooSlow } from "./faults.ts";
import { skipContinue } from "./skip-continue.ts";

export interface PinnedAddress {
  readonly address: string;
  readonly family: number;
}

export class UndiciTransport implements HttpTransport {
  readonly origin: string;
  private readonly limits: HttpLimits;
  private readonly pool: Pool;

  constructor(origin: string, pinned: PinnedAddress, limits: HttpLimits) {
    this.origin = origin;
    this.limits = limits;
    const connect = buildConnector({
      timeout: limits.connectTimeoutMs,
      lookup: (_host, options, found) => {
        if (options.all === true) found(null, [pinned]);
        else found(null, pinned.address, pinned.family);
      },
    });
    this.pool = new Pool(origin, {
      connections: limits.connectionsMax,
      pipelining: 1,
      headersTimeout: limits.headersTimeoutMs,
      bodyTimeout: limits.bodyTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      connect: (options, connected) =>
        connect(options, (...outcome) => {
          if (outcome[0] === null) skipContinue(outcome[1], limits.headerBytesMax);
          connected(...outcome);
        }),
    });
  }

  async send(request: ApiRequest, signal: AbortSignal): Promise<Result<HttpAnswer, HttpFault>> {
    throwIfAborted(signal);
    const wrong = whyUnsendable(request);
    if (wrong !== undefined) return failed(fault("HTTP_UNSENDABLE", wrong));
    const whole = AbortSignal.timeout(this.limits.wholeTimeoutMs);
    // The client's own time for headers begins anew with each piece that comes.
    const heading = new AbortController();
    const untilHeaders = setTimeout(() => heading.abort(), this.limits.headersTimeoutMs);
    const startedMs = performance.now();
    try {
      const answer = await this.pool.request({
        // As it stands: `fetch` and `undici.request` would tidy it up first.
        path: request.target,
        method: request.method,
        headers: request.headers.flat(),
        body: request.body === null ? null : utf8(request.body),
        signal: AbortSignal.any([signal, heading.signal, whole]),
        responseHeaders: "raw",
      });
      clearTimeout(untilHeaders);
      const body = await this.bytesOf(answer.body);
      if (body === undefined) {
        return failed(fault("HTTP_TOO_LARGE", `the answer has more than ${this.limits.bodyBytesMax} bytes`));
      }
      const elapsedMs = performance.now() - startedMs;
      const headers = pairsOf(answer.headers as unknown as readonly (Uint8Array | string)[]);
      return ok({ status: answer.statusCode, headers, body, elapsedMs });
    } catch (error) {
      if (signal.aborted) throw abortError();
      if (heading.signal.aborted) return failed(tooSlow("headers", this.limits.headersTimeoutMs));
      return failed(
        whole.aborted ? tooSlow("whole", this.limits.wholeTimeoutMs) : faultOf(error, this.limits),
      );
    } finally {
      clearTimeout(untilHeaders);
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  /** Undefined when there are too many; the rest is not received. */
  private async bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of body) {
      length += chunk.length;
      if (length > this.limits.bodyBytesMax) return undefined;
      chunks.push(chunk);
    }
    return concatBytes(...chunks);
  }
}

const whyUnsendable = ({ method, target, headers }: ApiRequest): string | undefined => {
  if (!/^[A-Z]{1,20}$/.test(method) || method === "CONNECT") return "this method is not sent";
  if (!/^\/[\u0021-\u007e]*$/.test(target))
    return "the request target has to begin with `/` and be ASCII without spaces";
  for (const [name, value] of headers) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      return "a header's name has a sign that no name may have";
    if (isTransportHeader(name)) return "a header that only the transport sets";
    if (!/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value))
      return "a header's value has a sign that no value may have";
  }
  return undefined;
};

const pairsOf = (raw: readonly (Uint8Array | string)[]): readonly (readonly [string, string])[] => {
  const texts = raw.map((each) => (typeof each === "string" ? each : Buffer.from(each).toString("latin1")));
  return Array.from({ length: Math.floor(texts.length / 2) }, (_, index) => [
    (texts[index * 2] ?? "").toLowerCase(),
    texts[index * 2 + 1] ?? "",
  ]);
};
