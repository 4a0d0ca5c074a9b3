import type { Fault, Result } from "#kernel/result.ts";

/**
 * Secrets of this user, each bound to one origin when it was stored. For the host only: what comes from
 * here goes into a request to that origin and nowhere else, into no record, log, message or sandbox.
 */
export interface SecretSource {
  /**
   * The secret for an origin in the form of a URL's origin (`https://api.openai.com`), or null when there
   * is none. A secret that others could have read is a fault and not a secret.
   */
  secretFor(origin: string): Promise<Result<string | null, SecretFault>>;
}

export type SecretFault = Fault<"SECRET_EXPOSED" | "SECRET_UNREADABLE" | "SECRET_INVALID">;
