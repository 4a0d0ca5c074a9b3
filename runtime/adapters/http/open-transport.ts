import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { HttpLimits, HttpOpenFault, HttpTransport } from "#ports/http-transport.ts";
import { HTTP_LIMITS_DEFAULT } from "#ports/http-transport.ts";

import { isPublicAddress } from "./addresses.ts";
import { UndiciTransport } from "./undici-transport.ts";

/**
 * A transport to exactly this origin. A name is resolved here, once, and every connection goes to the address
 * that was found. A name that leads to this machine or a private network is refused unless the origin itself
 * says so (`localhost` or the address): nobody who controls a name chooses what of ours is tested.
 */
export const openHttpTransport = async (
  originText: string,
  limits: HttpLimits = HTTP_LIMITS_DEFAULT,
): Promise<Result<HttpTransport, HttpOpenFault>> => {
  const origin = originOf(originText);
  if (origin === undefined) {
    const help = "write scheme, host and port: http://127.0.0.1:8080";
    return failed(fault("HTTP_ORIGIN_REFUSED", "this is not an origin of http or https", { help }));
  }
  const host = origin.hostname.replace(/^\[|\]$/g, "");
  const address = isIP(host) === 0 ? await resolved(host) : ok({ address: host, family: isIP(host) });
  if (!address.ok) return address;
  if (isIP(host) === 0 && !isLocalName(host) && !isPublicAddress(address.value.address)) {
    const message = "this name leads to this machine or to a private network";
    const help = "if that is meant, give the address instead of the name";
    return failed(fault("HTTP_ORIGIN_REFUSED", message, { help }));
  }
  return ok(new UndiciTransport(origin.origin, address.value, limits));
};

/** Undefined for everything but scheme, host and port: no path, query, user or password is dropped silently. */
const originOf = (text: string): URL | undefined => {
  if (!/^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
};

const isLocalName = (host: string): boolean => host === "localhost" || host.endsWith(".localhost");

const resolved = async (
  host: string,
): Promise<Result<{ readonly address: string; readonly family: number }, HttpOpenFault>> => {
  try {
    return ok(await lookup(isLocalName(host) ? "localhost" : host));
  } catch (error) {
    const message = `the name of the origin cannot be resolved (${errorCode(error)})`;
    return failed(fault("HTTP_UNREACHABLE", message, { retryable: true }));
  }
};
