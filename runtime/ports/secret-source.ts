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

/** Whether the text can be a key at all: a key goes into a header, and anything that does not belong there is none. */
export const isKeyText = (text: string): boolean => /^[\x21-\x7e]{1,4096}$/.test(text);

export type SecretFault = Fault<"SECRET_EXPOSED" | "SECRET_UNREADABLE" | "SECRET_INVALID">;
