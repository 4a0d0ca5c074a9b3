import type { Consent, Powers } from "#protocol/consent.ts";
import { widens } from "./widening.ts";

export type ConsentNeed =
  /** An earlier consent covers it. */
  | { readonly k: "given"; readonly consent: Consent }
  /** A person must be asked. `widened` says what the nearest earlier consent did not cover; `[]` on a first run. */
  | { readonly k: "needed"; readonly widened: readonly string[] };

/**
 * Whether a run with these powers needs a person. One earlier consent must cover all of them:
 * two that each cover half were never consented to together.
 */
export const consentNeed = (principal: string, powers: Powers, earlier: readonly Consent[]): ConsentNeed => {
  let nearest: readonly string[] | null = null;
  for (const consent of earlier) {
    if (consent.principal !== principal) continue;
    const widened = widens(consent.powers, powers);
    if (widened.length === 0) return { k: "given", consent };
    if (nearest === null || widened.length < nearest.length) nearest = widened;
  }
  return { k: "needed", widened: nearest ?? [] };
};
