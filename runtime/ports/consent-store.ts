import type { Fault, Result } from "#kernel/result.ts";
import type { Consent } from "#protocol/consent.ts";

/**
 * Consents of one user in one workspace. What cannot be read as a whole consent is none, so that
 * the person is asked again; what others could have written is a fault.
 *
 * Not promised: that two processes which remember at the same moment both see both.
 */
export interface ConsentStore {
  /** Consents for the principal, newest first, at most `CONSENTS_MAX`; `[]` when there are none. */
  of(principal: string): Promise<Result<readonly Consent[], ConsentFault>>;
  /** Durable when it resolves. The same principal and digest again replace what was there. */
  remember(consent: Consent): Promise<Result<void, ConsentFault>>;
}

/** Consents that are remembered for one principal; the oldest beyond it are forgotten. */
export const CONSENTS_MAX = 32;

/** Longest consent in the store, in bytes. */
export const CONSENT_BYTES_MAX = 1024 * 1024;

export type ConsentFault = Fault<
  "CONSENT_UNREADABLE" | "CONSENT_READ_ONLY" | "CONSENT_DISK_FULL" | "CONSENT_EXPOSED" | "CONSENT_TOO_LARGE"
>;
