import { createHash, createHmac } from "node:crypto";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { utf8 } from "#kernel/bytes.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { ScopeId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type {
  Authorized,
  ExecuteOptions,
  PreparedCall,
  Spend,
  ToolExecutor,
  ToolFault,
  ToolResult,
  WouldAllow,
} from "#ports/executor.ts";
import type { ArtefactStore, LedgerFault } from "#ports/ledger.ts";
import type { SandboxFile, SandboxLimits, SandboxSession } from "#ports/sandbox.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import { createExecutors, createRunFiles } from "#tools/index.ts";
import type { RunFiles, RunFilesOptions } from "#tools/run-files.ts";
import { anyCallId } from "#test/kit/call-ids.ts";
import { createFakeSandbox } from "#test/kit/sandbox-fake.ts";
import { allowsAll } from "#test/kit/tool-fake.ts";
import { createFakeWorkspace } from "#test/kit/workspace-files-fake.ts";
import type { FakeWorkspace } from "#test/kit/workspace-files-fake.ts";

export const LIMITS: SandboxLimits = {
  memoryBytesMax: 1024 * 1024,
  fileBytesMax: 64 * 1024 * 1024,
  filesMax: 20_000,
  outputBytesMax: 4096,
};

export const SCOPE = "00000000-0000-7000-8000-000000000000" as ScopeId;

export const sha256 = (text: string): Sha256 => sha256OfBytes(createHash("sha256").update(text).digest());

/** Artefacts in memory, by a digest that is not the SHA-256 of the bytes. */
export class MemoryArtefacts implements ArtefactStore {
  readonly stored = new Map<string, Uint8Array>();
  fails: LedgerFault | null = null;

  async put(scope: ScopeId, bytes: Uint8Array): Promise<Result<Sha256, LedgerFault>> {
    if (this.fails !== null) return failed(this.fails);
    const digest = sha256OfBytes(createHmac("sha256", scope).update(bytes).digest());
    this.stored.set(digest, bytes.slice());
    return ok(digest);
  }

  async get(_: ScopeId, digest: Sha256): Promise<Result<Uint8Array, LedgerFault>> {
    const bytes = this.stored.get(digest);
    return bytes === undefined ? failed(fault("LEDGER_UNREADABLE", "not stored")) : ok(bytes);
  }

  text(digest: string | null): string {
    return new TextDecoder().decode(this.stored.get(digest ?? ""));
  }
}

export interface Bench {
  readonly session: SandboxSession;
  readonly artefacts: MemoryArtefacts;
  readonly workspace: FakeWorkspace;
  readonly files: RunFiles;
  /** Prepares a call and, where that goes well, does it with these labels on its arguments. */
  call(tool: string, given: JsonObject, labels?: readonly string[]): Promise<Done>;
  /** The call, or why it would not be done: for its arguments or as things are. */
  prepare(tool: string, given: JsonObject): Promise<Result<PreparedCall, ToolFault>>;
  /** Does a prepared call, changed as the test likes. */
  execute(call: PreparedCall, options?: Partial<ExecuteOptions>): Promise<Result<ToolResult, ToolFault>>;
  readonly executors: readonly ToolExecutor[];
}

export type Done = Result<ToolResult, ToolFault>;

export interface BenchPlan {
  readonly files?: Readonly<Record<string, string>>;
  readonly tier?: SandboxTier;
  readonly session?: SandboxSession;
  readonly workspace?: FakeWorkspace;
  readonly runFiles?: Partial<RunFilesOptions>;
  /** Nothing hides and all may be written unless this says otherwise. */
  readonly wouldAllow?: WouldAllow;
  readonly hidesFiles?: boolean;
}

/** A run's files with a fake on every side, and the executors over them. */
export const createBench = async (plan: BenchPlan = {}): Promise<Bench> => {
  const workspace = plan.workspace ?? createFakeWorkspace(plan.files ?? {});
  const snapshot: readonly SandboxFile[] = [...workspace.contents].map(([path, bytes]) => ({
    path,
    bytes,
    executable: false,
  }));
  const { wouldAllow = allowsAll, hidesFiles = true } = plan;
  const opened = await createFakeSandbox(plan.tier ?? "docker", { hidesFiles }).open(
    { files: snapshot, limits: LIMITS },
    new AbortController().signal,
  );
  if (!opened.ok) throw new Error(opened.fault.message);
  const session = plan.session ?? opened.value;
  const artefacts = new MemoryArtefacts();
  const files = createRunFiles({ session, artefacts, scope: SCOPE, workspace: snapshot, ...plan.runFiles });

  const rights = new Map<object, PreparedCall>();
  const spend: Spend = async (authorized) => {
    const call = rights.get(authorized);
    return call === undefined ? failed(fault("GATE_CAPABILITY_FORGED", "no right")) : ok(call);
  };
  const executors = createExecutors({ files, workspace, crypto: createNodeCrypto(), spend });
  const executor = (tool: string): ToolExecutor => {
    const found = executors.find(({ descriptor }) => descriptor.name === tool);
    if (found === undefined) throw new Error(`there is no ${tool}`);
    return found;
  };

  const bench: Bench = {
    session,
    artefacts,
    workspace,
    files,
    executors,
    prepare: async (tool, given) => {
      const signal = new AbortController().signal;
      const prepared = await executor(tool).prepare(given, { signal, wouldAllow });
      if (!prepared.ok) return prepared;
      const { call, fault: foreseen } = prepared.value;
      return foreseen === null ? ok(call) : failed(foreseen);
    },
    execute: (call, options) => {
      const right = Object.freeze({}) as Authorized<PreparedCall>;
      rights.set(right, call);
      return executor(call.tool).execute(right, {
        callId: anyCallId(),
        timeoutMs: 10_000,
        signal: new AbortController().signal,
        wouldAllow,
        onOutput: () => undefined,
        ...options,
      });
    },
    call: async (tool, given, labels = []) => {
      const prepared = await bench.prepare(tool, given);
      if (!prepared.ok) return prepared;
      return bench.execute({ ...prepared.value, labels: [...labels, ...prepared.value.labels] });
    },
  };
  return bench;
};

export const codeOf = (result: Result<unknown, ToolFault>): string => (result.ok ? "ok" : result.fault.code);

export const valueOf = <T>(result: Result<T, ToolFault>): T => {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
  return result.value;
};

export const file = (path: string, text: string): SandboxFile => ({
  path,
  bytes: utf8(text),
  executable: false,
});
