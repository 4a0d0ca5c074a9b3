import { utf8 } from "#kernel/bytes.ts";
import { byCodeUnits, canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { ScopeId } from "#kernel/ids.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ToolChange, ToolFault } from "#ports/executor.ts";
import type { ArtefactStore } from "#ports/ledger.ts";
import type {
  ExecOptions,
  ExecResult,
  ProgramChange,
  SandboxChange,
  SandboxFault,
  SandboxFile,
  SandboxFileInfo,
  SandboxProgram,
  SandboxSession,
} from "#ports/sandbox.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import { ARTEFACT_BYTES_MAX } from "#protocol/ledger-entry.ts";

/**
 * A run's own copy of the workspace, as its tools see it: the files in the sandbox, what each of
 * them was in the workspace, and the labels that each carries.
 *
 * Whatever a call changes is stored by content before the call's result is given, and the result
 * names it by the store's digest; so a run that is killed finds its files again. What cannot be
 * stored cannot be gone on from: after that every call is refused.
 */
export interface RunFiles {
  readonly tier: SandboxTier;
  readonly programs: SandboxSession["programs"];
  /** Whether the sandbox was found to be gone. */
  readonly isLost: boolean;
  read(
    path: string,
    options: { readonly bytesMax: number; readonly signal: AbortSignal },
  ): Promise<Result<Uint8Array, ToolFault>>;
  list(folder: string, signal: AbortSignal): Promise<Result<readonly SandboxFileInfo[], ToolFault>>;
  /** @param labels of the call: the file carries them from now on, and no others. */
  write(
    path: string,
    bytes: Uint8Array,
    labels: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<readonly ToolChange[], ToolFault>>;
  /** @param labels of the call: every file that the program changes carries them. */
  exec(
    program: SandboxProgram,
    labels: readonly string[],
    options: ExecOptions,
  ): Promise<Result<ProgramEnd, ToolFault>>;
  /** What the workspace had there when the run began, or was given by it since; null for no file. */
  inWorkspace(path: string): Uint8Array | null;
  /** Notes what the workspace has from now on. */
  published(path: string, bytes: Uint8Array): Promise<Result<ToolChange, ToolFault>>;
  /** The labels of these files together, sorted. */
  labelsOf(paths: Iterable<string>): readonly string[];
  /** The labels of all files together, sorted. */
  allLabels(): readonly string[];
}

export interface ProgramEnd {
  readonly result: ExecResult;
  readonly changes: readonly ToolChange[];
}

export interface RunFilesOptions {
  readonly session: SandboxSession;
  readonly artefacts: ArtefactStore;
  readonly scope: ScopeId;
  /** The files that the workspace had. */
  readonly workspace: readonly SandboxFile[];
  /** The files that the session was opened with, where the run had others already. */
  readonly opened?: readonly SandboxFile[];
  /** Labels by path, where the run had some already. */
  readonly labels?: ReadonlyMap<string, readonly string[]>;
}

/** Most that the changes of one call may have as JSON: they are recorded as one part of an entry. */
export const CHANGES_BYTES_MAX = 8 * 1024 * 1024;

/** How many files are stored at once: a disk makes many durable in little more time than one. */
const STORED_AT_ONCE = 32;

export const createRunFiles = (options: RunFilesOptions): RunFiles => new SessionRunFiles(options);

/** Storing goes on after an abort: what has happened is kept. */
const unstoppable = new AbortController().signal;

class SessionRunFiles implements RunFiles {
  readonly tier: SandboxTier;
  readonly programs: SandboxSession["programs"];
  private readonly session: SandboxSession;
  private readonly artefacts: ArtefactStore;
  private readonly scope: ScopeId;
  private readonly workspace: Map<string, Uint8Array>;
  /** The session's files when it was opened. */
  private readonly opened: ReadonlyMap<string, Uint8Array>;
  private readonly labels: Map<string, readonly string[]>;
  /** What differed from `opened` after the last call. */
  private last: ReadonlyMap<string, SandboxChange> = new Map();
  private broken: ToolFault | null = null;
  isLost = false;

  constructor(options: RunFilesOptions) {
    this.session = options.session;
    this.tier = options.session.tier;
    this.programs = options.session.programs;
    this.artefacts = options.artefacts;
    this.scope = options.scope;
    this.workspace = byPath(options.workspace);
    this.opened = byPath(options.opened ?? options.workspace);
    this.labels = new Map(options.labels);
  }

  async read(
    path: string,
    options: { readonly bytesMax: number; readonly signal: AbortSignal },
  ): Promise<Result<Uint8Array, ToolFault>> {
    return this.broken === null
      ? this.heard(await this.session.readFile(path, options))
      : failed(this.broken);
  }

  async list(folder: string, signal: AbortSignal): Promise<Result<readonly SandboxFileInfo[], ToolFault>> {
    return this.broken === null
      ? this.heard(await this.session.listFiles(folder, signal))
      : failed(this.broken);
  }

  async write(
    path: string,
    bytes: Uint8Array,
    labels: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<readonly ToolChange[], ToolFault>> {
    if (this.broken !== null) return failed(this.broken);
    const written = this.heard(await this.session.writeFile(path, bytes, signal));
    return written.ok ? this.store(labels) : written;
  }

  async exec(
    program: SandboxProgram,
    labels: readonly string[],
    options: ExecOptions,
  ): Promise<Result<ProgramEnd, ToolFault>> {
    if (this.broken !== null) return failed(this.broken);
    let beyond = "";
    const result = this.heard(
      await this.session.exec(program, {
        ...options,
        mayKeep: async (changed, stopping) => {
          beyond = whyNotStored(changed) ?? "";
          return beyond === "" && options.mayKeep(changed, stopping);
        },
      }),
    );
    if (!result.ok) return result;
    if (beyond !== "") {
      const why = `the program ran, but none of its changes were kept: ${beyond}`;
      return failed(fault("TOOL_TOO_LARGE", why));
    }
    const changes = await this.store(labels);
    return changes.ok ? ok({ result: result.value, changes: changes.value }) : changes;
  }

  inWorkspace(path: string): Uint8Array | null {
    return this.workspace.get(path) ?? null;
  }

  async published(path: string, bytes: Uint8Array): Promise<Result<ToolChange, ToolFault>> {
    const kind = this.workspace.has(path) ? "changed" : "created";
    this.workspace.set(path, bytes);
    const digest = await this.put(bytes);
    return digest.ok ? ok({ path, kind, digest: digest.value, sizeBytes: bytes.length }) : digest;
  }

  labelsOf(paths: Iterable<string>): readonly string[] {
    const labels = new Set<string>();
    for (const path of paths) for (const label of this.labels.get(path) ?? []) labels.add(label);
    return [...labels].sort(byCodeUnits);
  }

  allLabels(): readonly string[] {
    return this.labelsOf(this.labels.keys());
  }

  /** What changed since the last call, stored and labelled. */
  private async store(labels: readonly string[]): Promise<Result<readonly ToolChange[], ToolFault>> {
    const found = await this.session.changes(unstoppable);
    if (!found.ok) return this.breaks(found.fault.message);
    const now = new Map(found.value.map((change) => [change.path, change]));
    const changed = [...new Set([...this.last.keys(), ...now.keys()])].filter(
      (path) => this.last.get(path)?.digest !== now.get(path)?.digest,
    );
    const changes: ToolChange[] = [];
    for (let at = 0; at < changed.length; at += STORED_AT_ONCE) {
      const batch = changed.slice(at, at + STORED_AT_ONCE);
      const stored = await Promise.all(
        batch.map((path) =>
          this.changeOf(path, this.bytesAfter(this.last, path), this.bytesAfter(now, path)),
        ),
      );
      for (const change of stored) {
        if (!change.ok) return change;
        if (change.value !== null) changes.push(change.value);
      }
    }
    for (const { path, kind } of changes) {
      if (kind === "removed") this.labels.delete(path);
      else this.labels.set(path, labels);
    }
    this.last = now;
    return ok(changes.sort((left, right) => byCodeUnits(left.path, right.path)));
  }

  private bytesAfter(changes: ReadonlyMap<string, SandboxChange>, path: string): Uint8Array | null {
    const change = changes.get(path);
    return change === undefined ? (this.opened.get(path) ?? null) : change.bytes;
  }

  private async changeOf(
    path: string,
    before: Uint8Array | null,
    after: Uint8Array | null,
  ): Promise<Result<ToolChange | null, ToolFault>> {
    if (after === null)
      return ok(before === null ? null : { path, kind: "removed", digest: null, sizeBytes: 0 });
    const digest = await this.put(after);
    if (!digest.ok) return digest;
    return ok({
      path,
      kind: before === null ? "created" : "changed",
      digest: digest.value,
      sizeBytes: after.length,
    });
  }

  private async put(bytes: Uint8Array): Promise<Result<Sha256, ToolFault>> {
    const digest = await this.artefacts.put(this.scope, bytes);
    return digest.ok ? digest : this.breaks(digest.fault.message);
  }

  private heard<T>(result: Result<T, SandboxFault>): Result<T, ToolFault> {
    const told = asToolResult(result);
    this.isLost ||= !told.ok && told.fault.code === "TOOL_SANDBOX_LOST";
    return told;
  }

  /** Something was done that cannot be kept, so nothing more is done. */
  private breaks(why: string): Result<never, ToolFault> {
    this.broken = fault("TOOL_UNAVAILABLE", `the run's files can no longer be kept: ${why}`);
    return failed(fault("TOOL_OUTCOME_UNKNOWN", `what the call changed cannot be kept: ${why}`));
  }
}

/** As long as any that a store gives. */
const SOME_DIGEST = "0".repeat(64);

/**
 * Why what a program changed could not be stored or recorded, asked before any of it is kept: it then has only
 * failed, while a run whose files cannot be kept any more is over. Null where it can.
 */
const whyNotStored = (changed: readonly ProgramChange[]): string | null => {
  const large = changed.find(({ bytes }) => bytes !== null && bytes.length > ARTEFACT_BYTES_MAX);
  if (large !== undefined) {
    return `\`${visibleText(large.path)}\` has ${large.bytes?.length} bytes, and one file of a run has at most ${ARTEFACT_BYTES_MAX}`;
  }
  const recorded = changed.map(({ path, kind, bytes }) => ({
    path,
    kind,
    digest: bytes === null ? null : SOME_DIGEST,
    sizeBytes: bytes?.length ?? 0,
  }));
  return utf8(canonicalJson(recorded)).length > CHANGES_BYTES_MAX
    ? `one call changed more files than can be recorded, ${changed.length} with their names`
    : null;
};

const byPath = (files: readonly SandboxFile[]): Map<string, Uint8Array> =>
  new Map(files.map(({ path, bytes }) => [path, bytes]));

const CODES: Readonly<Record<SandboxFault["code"], ToolFault["code"]>> = {
  SANDBOX_NO_SUCH_FILE: "TOOL_NOT_FOUND",
  SANDBOX_NOT_A_FILE: "TOOL_ARGUMENTS_INVALID",
  SANDBOX_BAD_PATH: "TOOL_ARGUMENTS_INVALID",
  SANDBOX_TOO_LARGE: "TOOL_TOO_LARGE",
  SANDBOX_UNSUPPORTED: "TOOL_UNSUPPORTED",
  SANDBOX_UNAVAILABLE: "TOOL_SANDBOX_LOST",
  SANDBOX_LOST: "TOOL_SANDBOX_LOST",
  // A lost program has changed nothing, by the session's promise.
  SANDBOX_PROGRAM_LOST: "TOOL_UNAVAILABLE",
};

/** A sandbox's refusal as a tool's. */
export const asToolResult = <T>(result: Result<T, SandboxFault>): Result<T, ToolFault> =>
  result.ok ? result : failed({ ...result.fault, code: CODES[result.fault.code] });
