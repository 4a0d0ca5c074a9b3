import { failed, fault, ok } from "#kernel/result.ts";
import type { AnchorStore, LedgerStore } from "#ports/ledger.ts";

const refused = failed(fault("LEDGER_UNREADABLE", "this store only takes"));

/** A store that takes a new log and forgets it: what a ledger costs without a disk. */
export const createForgetfulStore = (): { readonly store: LedgerStore; readonly anchors: AnchorStore } => ({
  store: {
    logs: async () => ok([]),
    acquire: async () =>
      ok({
        append: async () => ok(undefined),
        create: async () => ok(undefined),
        setAside: async () => refused,
        release: async () => undefined,
      }),
    isHeld: async () => false,
    read: async () => refused,
    files: async () => ok([]),
  },
  anchors: {
    list: async () => ok([]),
    read: async () => ok(null),
    replace: async () => ok(undefined),
  },
});
