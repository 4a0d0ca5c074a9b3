import type { Sha256 } from "#kernel/digest.ts";
import type { CallId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { ResourceType } from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";

/**
 * One tool. The gate calls `prepare`, has the prepared call decided, asked for and recorded, and
 * only then calls `execute` with the right to do exactly that call. An executor
 *
 * 1. changes nothing in `prepare`, and neither reads a secret nor leaves the machine there;
 * 2. begins `execute` with `await spend(authorized, tool)` and does nothing when that is refused;
 * 3. executes the call that `spend` handed back and nothing it remembers from `prepare`;
 * 4. is gone from the world when `execute` settles: no process, no pending write stays behind;
 * 5. shows a call no file that `read_file` may not read in its place, and lets a program change none
 *    that `write_file` may not write: it asks `wouldAllow` and notes in `details` what came of it.
 *
 * Not promised: that `execute` follows a `prepare`, or that the world stood still in between. What
 * must not have changed meanwhile is named in `details` and checked again.
 */
export interface ToolExecutor {
  readonly descriptor: ToolDescriptor;
  /** Longest `execute` when neither a rule nor the run's remaining time shortens it. */
  readonly timeoutMsDefault: number;
  /**
   * Validates and normalises arguments of unknown origin, and says what the call would touch. What is
   * wrong with the arguments themselves is refused at once. What only a look at the world shows stands
   * in the outlook, so that whoever may not make the call does not learn of it.
   * Rejects with an AbortError when aborted; any other rejection is read as a refusal.
   */
  prepare(argumentsGiven: JsonObject, options: PrepareOptions): Promise<Result<Outlook, ArgumentsFault>>;
  /**
   * Does the call. A program that fails is a result, not a fault; so is one ended by `timeoutMs`.
   * An abort ends what runs, and then rejects with an AbortError or gives what is known.
   */
  execute(
    authorized: Authorized<PreparedCall>,
    options: ExecuteOptions,
  ): Promise<Result<ToolResult, ToolFault>>;
}

export interface PrepareOptions {
  readonly signal: AbortSignal;
  readonly wouldAllow: WouldAllow;
}

/**
 * Whether calls that nobody makes would be allowed, for tools that do in one call what others do a
 * file at a time. Decided like the call at hand: by the same version of the policies, for the same
 * principal, turn and inputs, with the call's labels and these. A yes is a plain one: permitted, in a
 * tier that the run has, with nobody left to be asked. Everything else is a no, also what is not
 * decided in time. It does not matter which tools the run was offered.
 *
 * Answers stand in the order of the calls. Nothing is recorded, so what came of it belongs into the
 * call's `details` or its result. Rejects with an AbortError when aborted, and never otherwise.
 */
export type WouldAllow = (
  calls: readonly SupposedCall[],
  options: SupposeOptions,
) => Promise<readonly boolean[]>;

export interface SupposeOptions {
  readonly labels: readonly string[];
  readonly signal: AbortSignal;
  /**
   * Within `execute`: whether an approval counts that people gave for the call at hand. Then one that the
   * same rules ask for again is no reason for a no. Without it every approval is.
   */
  readonly countsApproval?: boolean;
}

/** What the policies would see of a prepared call of that tool. */
export type SupposedCall = Pick<PreparedCall, "tool" | "arguments" | "resource">;

export interface ExecuteOptions {
  /** The call as it stands on record: by it a successor finds what a process leaves that dies in the middle. */
  readonly callId: CallId;
  /** At least 1. A call that does not keep it is aborted a moment later. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly wouldAllow: WouldAllow;
  /** Output as it comes, for whoever watches; never evidence. What the gate finds too much is dropped. */
  readonly onOutput: (stream: "stdout" | "stderr", text: string) => void;
}

/**
 * A call as it will be executed. The gate copies and freezes it, shows it to the policies and to
 * people, and binds the right to execute to all of it; so it is JSON throughout. Bytes are named
 * by their digest and read again (and compared) by `execute`.
 */
export interface PreparedCall {
  /** Name of the executor's own descriptor. */
  readonly tool: string;
  /** The arguments after validation: defaults filled in, paths normalised. What policies see. */
  readonly arguments: JsonObject;
  /** What the call acts on, with the attributes that the policy vocabulary gives this type. */
  readonly resource: {
    readonly type: ResourceType;
    readonly id: string;
    readonly attributes: JsonObject;
  };
  /**
   * Labels of what the call reads or sends, beside those of its arguments. Order and repeats do not
   * matter. `spend` hands the call out with the labels of its arguments among them, so that what the
   * call writes can carry them all.
   */
  readonly labels: readonly string[];
  /** What the act would change, as text for people (a unified diff for a file), or null. */
  readonly preview: string | null;
  /** What else `execute` needs, such as the digest a file must still have. */
  readonly details: JsonObject;
}

/** A call as it would be done, and whether it is known already that it cannot be. */
export interface Outlook {
  readonly call: PreparedCall;
  /**
   * Why the call would fail, as things are, or null. The gate tells nobody before the policies have
   * permitted the call; then it tells the fault, asks no person and does not execute.
   */
  readonly fault: ToolFault | null;
}

export interface ToolResult {
  /** For the model. Untrusted when it holds output of programs or files; never a secret. */
  readonly text: string;
  /** For agent bodies. */
  readonly value: JsonValue;
  /** Labels that the tool itself adds to those of the call; `[]` adds none. */
  readonly labels: readonly string[];
  /** Files that the call changed, sorted by path; `[]` when none. */
  readonly changes: readonly ToolChange[];
}

export interface ToolChange {
  /** Relative to the run's working folder, or to the workspace for a publish. */
  readonly path: string;
  readonly kind: "created" | "changed" | "removed";
  /** Of the new content; null for a removed file. */
  readonly digest: Sha256 | null;
  readonly sizeBytes: number;
}

/**
 * Why a call was not done. Every code but `TOOL_OUTCOME_UNKNOWN` promises that the call changed
 * nothing. The message is shown to the model: no secret, no unescaped untrusted text.
 */
export type ToolFault = Fault<
  | "TOOL_ARGUMENTS_INVALID"
  /** What the call names is not there. */
  | "TOOL_NOT_FOUND"
  | "TOOL_TOO_LARGE"
  /** The run's tier or engine cannot do it. */
  | "TOOL_UNSUPPORTED"
  /** What the call was prepared against has changed meanwhile. */
  | "TOOL_CONFLICT"
  /** A program ran, and nothing of what it changed was kept: the rules do not let the run change all of it. */
  | "TOOL_CHANGES_DENIED"
  /** What the tool stands on refused or is gone, before anything was done. */
  | "TOOL_UNAVAILABLE"
  /** The run's sandbox is gone, and with it every further program: the run ends. Nothing of the call was done. */
  | "TOOL_SANDBOX_LOST"
  /** `spend` refused. */
  | "TOOL_NOT_AUTHORIZED"
  /** The call was sent off and then lost sight of: nobody can say whether it happened. */
  | "TOOL_OUTCOME_UNKNOWN"
>;

/** Why arguments are none of this tool's, whatever the world looks like. */
export type ArgumentsFault = Fault<"TOOL_ARGUMENTS_INVALID">;

declare const authorizedBrand: unique symbol;

/**
 * The right to do one thing once. It has no readable parts: what it stands for is known to the
 * gate that made it, and `spend` is the only way to turn it into the thing itself.
 */
export interface Authorized<T> {
  readonly [authorizedBrand]: T;
}

/**
 * Turns a right into the call it was made for, once. Given to executors by the gate that makes the
 * rights; `tool` is the name of the executor that asks. Whoever comes second is refused, also when
 * both come at the same moment. A refusal is recorded before it resolves. Never rejects.
 */
export type Spend = (
  authorized: Authorized<PreparedCall>,
  tool: string,
) => Promise<Result<PreparedCall, SpendFault>>;

export type SpendFault = Fault<
  /** Not made by any gate. */
  | "GATE_CAPABILITY_FORGED"
  /** Made by another run's gate, or for another tool. */
  | "GATE_CAPABILITY_FOREIGN"
  | "GATE_CAPABILITY_REUSED"
  | "GATE_CAPABILITY_EXPIRED"
  /** The call no longer has the fingerprint it was decided under. */
  | "GATE_CAPABILITY_ALTERED"
>;
