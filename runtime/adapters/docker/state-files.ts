import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { toHex, utf8 } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { SandboxFault, SandboxProbe } from "#ports/sandbox.ts";
import type { ContainerTier } from "#sandbox/container-profile.ts";

/** What is remembered of containers between two commands of one user. */
export interface ContainerMemory {
  /** The random name under which this user's containers stand, made when first asked for. */
  owner(): Promise<Result<string, SandboxFault>>;
  /** What a probe has shown of exactly these circumstances, or null. */
  recall(tier: ContainerTier, circumstances: string): Promise<SandboxProbe | null>;
  /** Keeps what a probe has shown. That it cannot be kept costs time and nothing else. */
  keep(circumstances: string, probe: SandboxProbe): Promise<void>;
}

const OWNER = /^[0-9a-f]{32}$/;
const LIMITS_MAX = 64;

/** @param folder in the user's state, for nobody else to write. */
export const createContainerMemory = (
  folder: string,
  deps: { readonly entropy: Pick<Entropy, "bytes">; readonly crypto: Pick<Crypto, "sha256"> },
): ContainerMemory => {
  const probeFile = (tier: ContainerTier, circumstances: string): string =>
    join(folder, `probe-${tier}-${toHex(deps.crypto.sha256(utf8(circumstances))).slice(0, 32)}.json`);
  return {
    async owner() {
      const file = join(folder, "owner");
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const name = toHex(deps.entropy.bytes(16));
        // Whoever comes second takes the first one's.
        await writeFile(file, name, { flag: "wx", mode: 0o600 }).catch((error: unknown) => {
          if (errorCode(error) !== "EEXIST") throw error;
        });
        const kept = await readFile(file, "utf8");
        if (OWNER.test(kept)) return ok(kept);
        return failed(
          fault("SANDBOX_UNAVAILABLE", "whose containers are whose is not on record any more", {
            help: "remove the file `sandbox/owner` of the state folder",
          }),
        );
      } catch (error) {
        return failed(
          fault("SANDBOX_UNAVAILABLE", `the state folder cannot be written (${errorCode(error)})`, {
            help: "make it writable, or set WRIT_STATE to a folder that is",
          }),
        );
      }
    },
    async recall(tier, circumstances) {
      const text = await readFile(probeFile(tier, circumstances), "utf8").catch(() => "");
      const read = readJson(text);
      return read.ok ? readProbe(read.value, tier) : null;
    },
    async keep(circumstances, probe) {
      const file = probeFile(probe.tier === "gvisor" ? "gvisor" : "docker", circumstances);
      const draft = `${file}.${toHex(deps.entropy.bytes(8))}`;
      try {
        await writeFile(draft, JSON.stringify(probe), { flag: "wx", mode: 0o600 });
        await rename(draft, file);
      } catch {
        // Said above: the next probe is made again.
      }
    },
  };
};

const readProbe = (value: JsonValue, tier: ContainerTier): SandboxProbe | null => {
  if (!isJsonObject(value)) return null;
  const engine = ownValue(value, "engine");
  const limits = ownValue(value, "limits");
  if (ownValue(value, "tier") !== tier || typeof engine !== "string" || !Array.isArray(limits)) return null;
  if (limits.length === 0 || limits.length > LIMITS_MAX) return null;
  const read = limits.map((limit) => {
    if (!isJsonObject(limit)) return null;
    const name = ownValue(limit, "name");
    const shown = ownValue(limit, "shown");
    return typeof name === "string" && typeof shown === "string" ? { name, shown } : null;
  });
  const whole = read.filter((limit) => limit !== null);
  return whole.length === read.length ? { tier, engine, limits: whole } : null;
};
