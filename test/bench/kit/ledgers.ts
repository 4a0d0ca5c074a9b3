import { ledgerDeps } from "#host/compose/ledger.ts";
import type { RunId, ScopeId, WorkspaceId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { openLedger } from "#ledger/open-ledger.ts";
import type { WritableLedger, WritableLedgerDeps } from "#ledger/writable-ledger.ts";
import type { NewEntry } from "#protocol/run-event.ts";
import { createFakeKeyStore } from "#test/kit/key-store-fake.ts";
import { createForgetfulStore } from "./memory-store.ts";

export const WORKSPACE = "018bcfe5-6800-7000-8000-00000000a11c" as WorkspaceId;
export const RUN = "018bcfe5-6801-7000-8000-000000000001" as RunId;
export const SCOPE = "018bcfe5-6802-7000-8000-000000000001" as ScopeId;

/** A new ledger below a folder, joined as the host joins it, with an open scope. */
export const openDiskLedger = (folder: string): Promise<WritableLedger> =>
  openWith(ledgerDeps({ stateDirectory: folder, workspace: WORKSPACE, folder: null }));

/** The same without a disk. */
export const openForgetfulLedger = (): Promise<WritableLedger> =>
  openWith({
    ...ledgerDeps({ stateDirectory: "/nowhere", workspace: WORKSPACE, folder: null }),
    ...createForgetfulStore(),
    keys: createFakeKeyStore(),
  });

const openWith = async (deps: WritableLedgerDeps): Promise<WritableLedger> => {
  const { ledger } = valueOf(await openLedger(deps, { workspace: WORKSPACE, software: "writ bench" }));
  valueOf(await ledger.openScope(SCOPE));
  return ledger;
};

/** What a run records before it acts: no content, some 800 bytes as a line. */
export const intended = (): NewEntry => ({
  ...ENTRY,
  type: "action.intended",
  public: {
    callId: "018bcfe5-6803-7000-8000-000000000001",
    action: "tool_call",
    tool: "read_file",
    fingerprint: "5".repeat(64),
    capability: "018bcfe5-6804-7000-8000-000000000001",
    timeoutMs: 30_000,
  },
});

/** What a run records when a call is over, with one sealed part. */
export const completed = (): NewEntry => ({
  ...ENTRY,
  type: "action.completed",
  public: {
    callId: "018bcfe5-6803-7000-8000-000000000001",
    action: "tool_call",
    tool: "read_file",
    status: "done",
    code: null,
    resultBytes: 600,
    changes: 0,
    wallMs: 3,
  },
  content: [
    { scope: SCOPE, name: "result", value: { status: "done", text: "A line of a file.\n".repeat(30) } },
  ],
});

const ENTRY = {
  run: { id: RUN, seq: 0, parent: null },
  cause: null,
  principal: 'Agent::"agents/reader.symbi#reader"',
  onBehalfOf: { kind: "user", id: "ada" },
  labels: [],
  input: null,
  content: [],
} as const;

/** The value of a result that a measurement counts on. */
export const valueOf = <T>(result: Result<T, { readonly code: string; readonly message: string }>): T => {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
  return result.value;
};
