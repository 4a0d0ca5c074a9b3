import { toBase64, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { ScopeId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { ArtefactStore } from "#ports/ledger.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { Answer, Params } from "#host/rpc/peer.ts";
import { NO_SUCH_ENTRY, refused, unavailable } from "./faults.ts";

export interface ContentDeps {
  readonly reader: LedgerReader;
  readonly artefacts: Pick<ArtefactStore, "get">;
}

/** A stretch of what an entry or a run keeps sealed. */
export const readContent = async (
  deps: ContentDeps,
  { at, offset, length }: Params<"content/read">,
  signal: AbortSignal,
): Promise<Result<Answer<"content/read">, CallFault>> => {
  const whole = "entry" in at ? await readPart(deps.reader, at, signal) : await readArtefact(deps, at);
  if (!whole.ok) return whole;
  if (whole.value === "erased") return ok({ base64: "", totalBytes: 0, erased: true });
  const base64 = toBase64(whole.value.subarray(offset, offset + length));
  return ok({ base64, totalBytes: whole.value.length, erased: false });
};

const readPart = async (
  reader: LedgerReader,
  { entry: id, part }: { readonly entry: string; readonly part: string },
  signal: AbortSignal,
): Promise<Result<Uint8Array | "erased", CallFault>> => {
  for await (const found of reader.entries({ id }, signal)) {
    if (!found.ok) return failed(unavailable(found.fault));
    for (const shown of found.value) {
      if (shown.entry?.id !== id || !shown.entry.content.some(({ name }) => name === part)) continue;
      const content = await reader.content(shown, part);
      if (!content.ok) return failed(unavailable(content.fault));
      if (content.value.state === "damaged") return failed(TAMPERED);
      return ok(content.value.state === "open" ? utf8(canonicalJson(content.value.value)) : "erased");
    }
  }
  return failed(NO_SUCH_ENTRY);
};

const readArtefact = async (
  { artefacts }: ContentDeps,
  { scope, artefact }: { readonly scope: string; readonly artefact: string },
): Promise<Result<Uint8Array | "erased", CallFault>> => {
  const read = await artefacts.get(scope as ScopeId, artefact as Sha256);
  if (read.ok) return read;
  switch (read.fault.code) {
    case "LEDGER_NO_KEY":
      return ok("erased");
    case "LEDGER_TAMPERED":
      return failed(TAMPERED);
    case "LEDGER_UNREADABLE":
      return failed(NO_SUCH_ENTRY);
    default:
      return failed(unavailable(read.fault));
  }
};

const TAMPERED = refused(
  fault("LEDGER_TAMPERED", "the stored bytes are not those that were recorded", {
    help: "`writ audit verify` says more",
  }),
);
