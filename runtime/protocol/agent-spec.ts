import type { Sha256 } from "#kernel/digest.ts";
import type { SourceRange, Span } from "./source.ts";

/*
 * AgentSpec, version 1: what an agent file says, as data. Lowering makes it from the source text;
 * nothing else may (a client cannot submit one). The specification is docs/formats/agent-spec.md.
 */

export const AGENT_SPEC_VERSION = 1;

export interface AgentSpec {
  readonly v: typeof AGENT_SPEC_VERSION;
  /**
   * Whether the lowering that made it found nothing that stops a run. A spec that is not whole
   * leaves out what could not be lowered, a rule perhaps: it is for showing and never runs.
   */
  readonly isWhole: boolean;
  readonly source: SourceIdentity;
  readonly metadata: readonly MetadataEntry[];
  readonly agents: readonly AgentDefinition[];
  /** Top-level policies: they bind every agent of the file. */
  readonly policies: readonly PolicyBlock[];
  /** Top-level functions, callable from every body of the file. */
  readonly functions: readonly FunctionDefinition[];
  readonly types: readonly TypeDefinition[];
  readonly triggers: readonly Trigger[];
}

export interface SourceIdentity {
  /** Workspace-relative, `/`-separated, Unicode NFC; never absolute, never with `.` or `..` parts. */
  readonly path: string;
  /** Of the file's bytes as they stand on disk. */
  readonly digest: Sha256;
  readonly sizeBytes: number;
  readonly dialect: Dialect;
}

/** The dialects found in the wild; `D1` runs, the others are recognised and refused by name. */
export type Dialect = "D1" | "D2" | "D3" | "D4" | "D5" | "D6" | "D7" | "unknown";

export interface MetadataEntry {
  readonly key: string;
  readonly value: DataValue;
  readonly range: SourceRange;
}

/** A value that is kept as data. An object has exactly one member, which says what it is. */
export type DataValue =
  | string
  | number
  | boolean
  | null
  | readonly DataValue[]
  /** A name or another reference as written: `Network.Raw`, `env("X")`, `vault://a`. */
  | { readonly ref: string }
  /** A number with a unit of time, as written. */
  | { readonly duration: string }
  /** A number with a unit of size, as written. */
  | { readonly size: string }
  | { readonly block: DataBlock };

export type DataBlock = { readonly [key: string]: DataValue };

export interface AgentDefinition {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** The written result type, or null. */
  readonly returns: TypeReference | null;
  /** Names of tools the agent asks for; what it may do with them is for policies to say. */
  readonly capabilities: readonly { readonly name: string; readonly range: SourceRange }[];
  /** The weakest tier that may serve, or null where the file names none (the configured default rules). */
  readonly sandboxFloor: { readonly tier: SandboxTier; readonly range: SourceRange } | null;
  readonly limits: Limits;
  /** Policies written inside the agent: they bind this agent only. */
  readonly policies: readonly PolicyBlock[];
  readonly functions: readonly FunctionDefinition[];
  /** Statements of all `with` blocks in order, or null where none of them has a statement. */
  readonly body: Block | null;
  readonly range: SourceRange;
  readonly nameRange: SourceRange;
}

export type SandboxTier = "wasm" | "docker" | "gvisor";

/** Weakest first; a floor is served by itself and everything after it. */
export const SANDBOX_TIERS: readonly SandboxTier[] = ["wasm", "docker", "gvisor"];

/** Null means that the file is silent and the configured default applies. */
export interface Limits {
  readonly timeoutMs: Limited;
  readonly iterationsMax: Limited;
  readonly tokensMax: Limited;
  readonly memoryBytesMax: Limited;
  readonly cpuCoresMax: Limited;
}

export type Limited = { readonly value: number; readonly range: SourceRange } | null;

export interface Parameter {
  readonly name: string;
  readonly type: TypeReference;
  /** Data-flow labels that the value carries from the start, sorted, without duplicates. */
  readonly labels: readonly string[];
  readonly range: SourceRange;
}

export interface TypeReference {
  readonly name: string;
  readonly arguments: readonly TypeReference[];
  readonly span: Span;
}

export interface TypeDefinition {
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: TypeReference }[] | null;
  readonly alias: TypeReference | null;
  readonly range: SourceRange;
}

export interface FunctionDefinition {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly returns: TypeReference | null;
  readonly body: Block;
  readonly range: SourceRange;
}

/** What would start the agent; recorded as data also where this build refuses to act on it. */
export interface Trigger {
  readonly kind: "schedule" | "webhook" | "memory" | "channel";
  readonly name: string;
  /** The text or reference of its `agent` (for a channel its `default_agent`), or null. */
  readonly agent: string | null;
  readonly attributes: DataBlock;
  readonly range: SourceRange;
}

/* ---- policies ---- */

export interface PolicyBlock {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly range: SourceRange;
}

export type RuleEffect = "allow" | "deny" | "require" | "audit";

export interface Rule {
  /** `<agent or *>/<policy>/<ordinal from 1>` and what it requires, unique in the file: what decisions name. */
  readonly id: string;
  readonly effect: RuleEffect;
  /** The actions that the rule is about; for a bare `require`/`audit` this is `[{ name: "*" }]`. */
  readonly patterns: readonly ActionPattern[];
  /** Set for `require` only. */
  readonly requirement: Requirement | null;
  /** Null where the rule has no `if`. */
  readonly condition: Expression | null;
  /** The rule exactly as written. */
  readonly text: string;
  readonly range: SourceRange;
  /** SHA-256 of the UTF-8 of `text`. */
  readonly digest: Sha256;
}

/**
 * `*`, an action of the closed set, or a tool. For a call pattern each argument either binds a
 * name for the condition or must equal a literal.
 */
export interface ActionPattern {
  readonly name: string;
  readonly kind: "any" | "action" | "tool";
  readonly arguments: readonly PatternArgument[];
  readonly span: Span;
}

export type PatternArgument =
  | { readonly k: "bind"; readonly parameter: string; readonly as: string }
  | { readonly k: "equals"; readonly parameter: string; readonly value: string | number | boolean };

export type Requirement =
  | { readonly k: "approval" }
  | { readonly k: "sandbox-tier"; readonly tier: SandboxTier }
  | { readonly k: "timeout"; readonly timeoutMs: number };

/* ---- bodies ---- */

export interface Block {
  readonly statements: readonly Statement[];
  readonly span: Span;
}

export type Statement =
  | { readonly k: "let"; readonly name: string; readonly value: Expression; readonly span: Span }
  | {
      readonly k: "assign";
      readonly target: Place;
      readonly operator: "=" | "+=" | "-=" | "*=" | "/=" | "%=";
      readonly value: Expression;
      readonly span: Span;
    }
  | {
      readonly k: "if";
      readonly condition: Expression;
      readonly then: Block;
      readonly otherwise: Block | null;
      readonly span: Span;
    }
  | {
      readonly k: "match";
      readonly subject: Expression;
      readonly arms: readonly MatchArm[];
      readonly span: Span;
    }
  | {
      readonly k: "for";
      readonly name: string;
      readonly over: Expression;
      readonly body: Block;
      readonly span: Span;
    }
  | { readonly k: "return"; readonly value: Expression | null; readonly span: Span }
  | { readonly k: "break"; readonly span: Span }
  | { readonly k: "continue"; readonly span: Span }
  | { readonly k: "expression"; readonly value: Expression; readonly span: Span };

/** A variable, or a field or element reached from one. */
export interface Place {
  readonly name: string;
  readonly path: readonly PlaceStep[];
  readonly span: Span;
}

export type PlaceStep =
  | { readonly k: "member"; readonly name: string }
  | { readonly k: "index"; readonly index: Expression };

export interface MatchArm {
  /** `else` is the `_` arm. */
  readonly pattern:
    | { readonly k: "literal"; readonly value: string | number | boolean | null }
    | { readonly k: "else" };
  readonly body: Block;
  readonly span: Span;
}

export type BinaryOperator =
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "in"
  | "&&"
  | "||";

/** Calls are resolved by lowering: the interpreter never looks a name up in the world. */
export type Expression =
  | { readonly k: "literal"; readonly value: string | number | boolean | null; readonly span: Span }
  | { readonly k: "duration"; readonly ms: number; readonly span: Span }
  | { readonly k: "secret"; readonly reference: string; readonly span: Span }
  | { readonly k: "name"; readonly name: string; readonly span: Span }
  | { readonly k: "member"; readonly object: Expression; readonly name: string; readonly span: Span }
  | { readonly k: "index"; readonly object: Expression; readonly index: Expression; readonly span: Span }
  | { readonly k: "unary"; readonly operator: "!" | "-"; readonly operand: Expression; readonly span: Span }
  | {
      readonly k: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    }
  | { readonly k: "list"; readonly items: readonly Expression[]; readonly span: Span }
  | {
      readonly k: "record";
      /** The name before a typed literal (`Report { … }`), or null. */
      readonly type: string | null;
      readonly fields: readonly { readonly name: string; readonly value: Expression }[];
      readonly span: Span;
    }
  | {
      readonly k: "conditional";
      readonly condition: Expression;
      readonly then: Block;
      readonly otherwise: Block;
      readonly span: Span;
    }
  | {
      readonly k: "call";
      readonly target: CallTarget;
      readonly arguments: readonly Argument[];
      readonly span: Span;
    };

export type CallTarget =
  /** `agent`: one of the agent's own functions; `file`: a top-level one. */
  | { readonly k: "function"; readonly scope: FunctionScope; readonly name: string }
  | { readonly k: "builtin"; readonly name: string }
  | { readonly k: "tool"; readonly name: string }
  /** A method of a value; the receiver is the first argument. */
  | { readonly k: "method"; readonly name: string }
  | { readonly k: "reason" };

export type FunctionScope = "agent" | "file";

export interface Argument {
  /** Null for a positional argument. */
  readonly name: string | null;
  readonly value: Expression;
}
