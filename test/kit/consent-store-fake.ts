import { utf8 } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ConsentStore } from "#ports/consent-store.ts";
import { CONSENT_BYTES_MAX, CONSENTS_MAX } from "#ports/consent-store.ts";
import type { Consent } from "#protocol/consent.ts";

/** Consents in memory. Passes the conformance suite of ConsentStore. */
export const createConsentStoreFake = (given: readonly Consent[] = []): ConsentStore => {
  let consents = [...given];
  return {
    async of(principal) {
      const found = consents.filter((consent) => consent.principal === principal);
      return ok(found.sort((left, right) => right.wallMs - left.wallMs).slice(0, CONSENTS_MAX));
    },
    async remember(consent) {
      if (utf8(JSON.stringify(consent)).length > CONSENT_BYTES_MAX) {
        return failed(fault("CONSENT_TOO_LARGE", "the consent is too large"));
      }
      consents = consents.filter(
        (other) => other.principal !== consent.principal || other.digest !== consent.digest,
      );
      consents.push(consent);
      return ok(undefined);
    },
  };
};
