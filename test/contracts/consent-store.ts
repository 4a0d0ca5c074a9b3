import { describe, expect, test } from "vitest";
import type { ConsentStore } from "#ports/consent-store.ts";
import { CONSENT_BYTES_MAX, CONSENTS_MAX } from "#ports/consent-store.ts";
import type { Consent, Powers } from "#protocol/consent.ts";

export const POWERS: Powers = {
  v: 1,
  agent: "agents/helper.symbi#helper",
  tools: [{ name: "read_file", action: "tool_call", effects: ["reads-run-files"], risk: "low" }],
  hosts: [],
  model: { id: "scripted:demo", remote: false },
  tier: "wasm",
  limits: { timeoutMs: 60_000, iterationsMax: 10, tokensMax: null, memoryBytesMax: null, cpuCoresMax: null },
  rules: [],
};

export const consentOf = (digit: string, changes: Partial<Consent> = {}): Consent => ({
  v: 1,
  principal: 'Agent::"agents/helper.symbi#helper"',
  digest: digit.repeat(64) as Consent["digest"],
  powers: POWERS,
  by: "ada",
  surface: "terminal",
  wallMs: 1,
  ...changes,
});

/** The behaviour that every ConsentStore has; `fresh` gives an empty store each time. */
export const consentStoreContract = (name: string, fresh: () => Promise<ConsentStore>): void => {
  describe(`${name} as a ConsentStore`, () => {
    const { principal } = consentOf("a");

    test("knows nothing at first", async () => {
      expect(await (await fresh()).of(principal)).toEqual({ ok: true, value: [] });
    });

    test("gives back what it was told, newest first, and of this principal only", async () => {
      const store = await fresh();
      const [one, two] = [consentOf("a", { wallMs: 1 }), consentOf("b", { wallMs: 2 })];
      const elsewhere = consentOf("c", { principal: 'Agent::"other.symbi#helper"' });
      for (const consent of [one, elsewhere, two]) {
        expect(await store.remember(consent)).toEqual({ ok: true, value: undefined });
      }
      expect(await store.of(principal)).toEqual({ ok: true, value: [two, one] });
      expect(await store.of(elsewhere.principal)).toEqual({ ok: true, value: [elsewhere] });
    });

    test("keeps one consent for the same powers, the latest", async () => {
      const store = await fresh();
      await store.remember(consentOf("a", { wallMs: 1 }));
      await store.remember(consentOf("a", { wallMs: 5, by: "grace" }));
      const found = await store.of(principal);
      expect(found.ok && found.value.map(({ by, wallMs }) => [by, wallMs])).toEqual([["grace", 5]]);
    });

    test("forgets the oldest beyond so many", async () => {
      const store = await fresh();
      for (let index = 0; index < CONSENTS_MAX + 2; index += 1) {
        const digest = index.toString(16).padStart(64, "0") as Consent["digest"];
        await store.remember(consentOf("a", { digest, wallMs: index }));
      }
      const found = await store.of(principal);
      const times = found.ok ? found.value.map((consent) => consent.wallMs) : [];
      expect(times).toHaveLength(CONSENTS_MAX);
      expect([times[0], times.at(-1)]).toEqual([CONSENTS_MAX + 1, 2]);
    });

    test("refuses what is larger than it keeps", async () => {
      const store = await fresh();
      const rule = { effect: "allow" as const, digest: consentOf("a").digest, text: "x".repeat(2_000) };
      const rules = Array.from({ length: CONSENT_BYTES_MAX / 2_000 }, () => rule);
      const told = await store.remember(consentOf("a", { powers: { ...POWERS, rules } }));
      expect(told).toMatchObject({ ok: false, fault: { code: "CONSENT_TOO_LARGE" } });
      expect(await store.of(principal)).toEqual({ ok: true, value: [] });
    });
  });
};
