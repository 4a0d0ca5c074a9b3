import type { ProblemClass, ProblemCode, Severity } from "./problem.ts";

/*
 * Every problem that a text of a user can have, once. Codes are never used again for something
 * else; 001 to 065 keep the numbers of the diagnostics that people know from other tools.
 */

export interface ProblemKind {
  /** `either` where it depends on what was written; the problem itself says which. */
  readonly class: ProblemClass | "either";
  /** The usual severity; a `quality` problem may carry another where its text says why. */
  readonly severity: Severity;
  readonly title: string;
  readonly meaning: string;
  readonly whatToDo: string;
}

const enforcement = (title: string, meaning: string, whatToDo: string): ProblemKind => ({
  class: "enforcement",
  severity: "error",
  title,
  meaning,
  whatToDo,
});

const quality = (severity: Severity, title: string, meaning: string, whatToDo: string): ProblemKind => ({
  class: "quality",
  severity,
  title,
  meaning,
  whatToDo,
});

export const PROBLEM_CATALOGUE = {
  WRIT001: quality(
    "hint",
    "missing semicolon",
    "A statement has no `;` behind it. Writ ends it with the line; two statements on one line are an error, because nobody can see where the first one ends.",
    "Add the `;`.",
  ),
  WRIT002: quality(
    "warning",
    "stray sign",
    "A `;` or `,` stands where nothing has to be ended. It changes nothing here, other parsers refuse it.",
    "Remove it.",
  ),
  WRIT003: quality(
    "warning",
    "wrong separator",
    "Between a name and its value stands another sign than this block is written with. Writ reads it all the same, other parsers refuse it.",
    "Write the sign that the message names.",
  ),
  WRIT004: quality(
    "error",
    "block without a name",
    "A schedule, webhook, memory or channel has no name, so nothing can refer to it.",
    "Write a name behind the word.",
  ),
  WRIT005: quality(
    "warning",
    "attribute that belongs to metadata",
    "A description of the agent stands in its body, where it is not read.",
    "Move it to a `metadata` block.",
  ),
  WRIT008: quality(
    "warning",
    "operator written as a word",
    "`and`, `or` and `not in` are read as `&&`, `||` and a negated `in`; other parsers refuse them.",
    "Write the sign.",
  ),
  WRIT009: quality(
    "warning",
    "`not` binds closer than `in`",
    "`not x in y` asks whether `not x` is in `y`, which is hardly ever meant.",
    "Write `!(x in y)`.",
  ),
  WRIT010: quality(
    "warning",
    "single quotes",
    "A text in single quotes is read like one in double quotes; other parsers refuse it.",
    "Write double quotes.",
  ),
  WRIT011: quality(
    "error",
    "name that is not one word",
    "The name is quoted, too long, has a hyphen or other than ASCII letters, digits and `_`. Other parsers silently register a part of it, and look-alike letters make two names that nobody can tell apart.",
    "Use ASCII letters, digits and `_`.",
  ),
  WRIT012: {
    class: "either",
    severity: "warning",
    title: "defined twice",
    meaning:
      "Two things carry one name. For agents it is an enforcement problem, because rules and records would not know which of them is meant.",
    whatToDo: "Give each its own name, or remove one.",
  },
  WRIT015: quality(
    "warning",
    "unknown agent",
    "A trigger names an agent that this file does not define.",
    "Name an agent of the file.",
  ),
  WRIT017: enforcement(
    "unknown sandbox tier",
    "The tier is not one that this version has. A weaker one is never taken instead.",
    "Write `wasm`, `docker` or `gvisor`.",
  ),
  WRIT018: quality(
    "warning",
    "two sandbox tiers",
    "The agent names different tiers; the strongest of them binds.",
    "Name one tier.",
  ),
  WRIT021: enforcement(
    "timeout without unit that looks like milliseconds",
    "A bare number is seconds. From 1,000 on it is nearly always meant as milliseconds, and read as seconds it would let the run go on for a thousand times as long.",
    "Write the unit, such as `5m`.",
  ),
  WRIT022: enforcement(
    "timeout that cannot be read",
    "The value is not a whole number with a unit of fixed length.",
    "Write for example `90s`, `5m` or `2h`.",
  ),
  WRIT025: quality(
    "hint",
    "number of cron fields",
    "Writ takes five fields or six with seconds first; some other schedulers take six or seven only.",
    "Put the seconds first, such as `0 0 6 * * *`.",
  ),
  WRIT039: quality(
    "warning",
    "secret in the text",
    "A text looks like a key or password. Whoever can read the file has it, and it is sent to the model with the rest of the file.",
    "Keep it outside, and revoke it if it was real.",
  ),
  WRIT050: quality(
    "warning",
    "capability that is no tool",
    "The capability names no tool of this version, so it gives the agent nothing.",
    "Name a tool.",
  ),
  WRIT052: quality(
    "warning",
    "code that is not reached, or a path without result",
    "Statements stand behind one that always leaves, a path ends without the promised `return`, or a `match` has no `_` arm for what is left over.",
    "Remove what is not reached, or write what is missing.",
  ),
  WRIT059: quality(
    "warning",
    "expression goes on in the next line",
    "A line begins with a bracket or value that still belongs to the line before, because a line end does not end an expression.",
    "Put both on one line, or end the first with `;`.",
  ),
  WRIT061: quality(
    "warning",
    "characters that nobody sees",
    "The text holds characters that look like a space or like nothing, or that change the order in which others are shown.",
    "Remove them.",
  ),
  WRIT065: enforcement(
    "nested too deep",
    "Brackets, blocks or operators are nested deeper than is read.",
    "Split the expression or move blocks into functions.",
  ),
  WRIT066: enforcement(
    "not enforced here",
    "A rule, attribute or block stands where nothing reads it, so what it says would not hold.",
    "Move it to where it is read, or remove it.",
  ),
  WRIT067: enforcement(
    "dialect that does not run",
    "The text is written in another dialect of the language, or in no dialect at all. It is recognised, but not executed.",
    "Rewrite it as agents with `policy` blocks and `with` bodies.",
  ),
  WRIT068: enforcement(
    "unknown action in a rule",
    "The rule names neither an action nor a tool. A rule about nothing would forbid nothing.",
    "Name a tool or an action of the policy vocabulary.",
  ),
  WRIT069: enforcement(
    "condition that cannot be decided",
    "The condition uses a name, field, operator or comparison that the policy engine does not decide.",
    "Use arguments of the call, `principal`, `resource`, `context` and `inputs` with the operators of conditions.",
  ),
  WRIT070: enforcement(
    "unknown name",
    "A body uses a name that is neither a variable, a function of the file, a builtin nor a tool.",
    "Write the name of something that exists.",
  ),
  WRIT071: enforcement(
    "value that cannot be read",
    "A number, duration or text cannot be read exactly.",
    "Write a plain number, or a whole number with one of the units ms, s, m, h, d, w.",
  ),
  WRIT072: enforcement(
    "form that is not executed",
    "The statement or expression is understood, but bodies are run without it in this version.",
    "Write it with `let`, `if`, `match`, `for`, `return` and calls.",
  ),
  WRIT073: enforcement(
    "function with the name of a tool or action",
    "Calls of that name would reach the function, while rules about the name speak of the tool or action.",
    "Rename the function.",
  ),
  WRIT074: enforcement(
    "tool that the tier does not offer",
    "The file names a sandbox tier and uses a tool that this tier cannot run.",
    "Name a stronger tier, or use another tool.",
  ),
  WRIT075: enforcement(
    "promise that nothing keeps",
    "The attribute reads like a guarantee, and this version does nothing to keep it.",
    "Say it with a policy, a limit or a tier, or remove it.",
  ),
  WRIT076: enforcement(
    "requirement that cannot be enforced",
    "The `require` or `audit` asks for something that the gate and the ledger do not do.",
    "Require `approval`, `sandbox_tier` or `timeout`.",
  ),
  WRIT077: enforcement(
    "limit out of range",
    "The limit is not a number of the kind and range that can be kept.",
    "Write a value within the range that the message names.",
  ),
  WRIT078: quality(
    "warning",
    "recorded, not acted on",
    "This version runs agents by hand. What would start an agent or choose its model is kept as data, and nothing happens by itself.",
    "Run the agent with `writ run`.",
  ),
  WRIT079: enforcement(
    "text that is not understood",
    "A part of the text does not fit the grammar, so it would not be enforced or executed.",
    "Mend the text at the place shown.",
  ),
  WRIT080: enforcement(
    "file that is not read",
    "The file is too large or says too much, is not text or not UTF-8, or has a name that other systems read differently.",
    "Give an agent file: UTF-8 text of at most 1 MiB.",
  ),
  WRIT081: enforcement(
    "arguments that do not fit",
    "A call gives too many or too few arguments, one twice, or one that the function or tool does not have.",
    "Give what the signature asks for.",
  ),
  WRIT082: quality(
    "information",
    "more problems",
    "The text has more problems than are listed.",
    "Mend the ones shown first.",
  ),
  WRIT083: {
    class: "either",
    severity: "warning",
    title: "path that no call has",
    meaning:
      "A rule compares the path of a call with a text that no such path can be, begin or end with, or hold. The comparison never holds, so a `deny` with it denies nothing. It is a warning where the text names no place and asks only whether a path is absolute or leads upwards: such calls are refused anyway.",
    whatToDo:
      "Write the path from the run's folder on, such as `src/main.ts`, without `./`, `..` or `/` at its ends.",
  },
  WRIT084: quality(
    "warning",
    "`*` that is no wildcard",
    "A rule compares a path with a text that holds `*`. The text is compared as it is, so the rule is about paths with a `*` in their names and about nothing else.",
    'Ask for what a path begins or ends with, as in `deny: read_file(path) if path.starts_with("private/")`.',
  ),
  WRIT085: {
    class: "either",
    severity: "warning",
    title: "condition that never holds",
    meaning:
      "The condition of a rule is false whatever is asked: it is `false`, or two of its parts contradict each other. A `deny` or `require` with it does nothing; an `allow` with it permits nothing, which is a warning only. Not every such condition is found.",
    whatToDo: "Correct the condition, or remove the rule.",
  },
  WRIT086: enforcement(
    "value that nothing has",
    "A rule compares something that has one of a few known values with a text that is none of them. The comparison never holds, so a `deny` with it denies nothing.",
    "Write one of the values that the message names.",
  ),
  WRIT087: quality(
    "warning",
    "rule about an action that nothing asks for yet",
    "The action is in the policy vocabulary, and no agent of this release makes such a request. What the rule says of it neither permits nor holds back anything.",
    "Keep the rule for a release that asks, or take it out.",
  ),

  // Policies, in Cedar files and in what rules of agent files are compiled to.
  WRIT100: {
    class: "either",
    severity: "error",
    title: "policies too large",
    meaning:
      "A text of policies, their number or the depth of one is beyond what the policy engine is given.",
    whatToDo: "Split the file, or say it with fewer and flatter policies.",
  },
  WRIT101: {
    class: "either",
    severity: "error",
    title: "not Cedar",
    meaning: "The text is not a policy in Cedar, so nothing in it can be decided.",
    whatToDo: "Mend the policy at the place shown.",
  },
  WRIT102: {
    class: "either",
    severity: "error",
    title: "outside the policy vocabulary",
    meaning:
      "The policy uses a type, action or attribute that no request has, or compares what cannot be compared.",
    whatToDo: "Use the names of the policy vocabulary.",
  },
  WRIT103: {
    class: "either",
    severity: "warning",
    title: "policy that never matches",
    meaning: "No request that is ever made fits the policy, so it neither permits nor forbids anything.",
    whatToDo: "Write the scope that the message names.",
  },
  WRIT104: {
    class: "either",
    severity: "error",
    title: "annotation that is not understood",
    meaning: "The annotation is unknown, malformed or stands on a policy that it has no meaning for.",
    whatToDo: "Correct the annotation, or remove it.",
  },
  WRIT105: {
    class: "either",
    severity: "error",
    title: "form of policy that is not read",
    meaning: "Policies as JSON and templates are not read.",
    whatToDo: "Write static policies as Cedar text.",
  },
  WRIT106: {
    class: "either",
    severity: "error",
    title: "rule without an exact translation",
    meaning:
      "A rule of an agent file cannot be put to the policy engine so that it means exactly what it says.",
    whatToDo: "Say it with the names and comparisons that the message allows.",
  },
  WRIT107: {
    class: "either",
    severity: "error",
    title: "policy that two readers read differently",
    meaning: "Two readings of one policy disagree about what it says, so none of them is trusted.",
    whatToDo: "Write the policy in a plainer form, and report the text.",
  },
  WRIT110: quality(
    "error",
    "API document too large",
    "A document that tests are made of is larger, deeper or spread over more files than is read. What an alias stands for counts each time it is used.",
    "Split the document, or leave out what is not tested.",
  ),
  WRIT111: quality(
    "error",
    "API document that cannot be parsed",
    "The file is neither JSON nor YAML 1.2 at the place shown.",
    "Mend the place that is shown.",
  ),
  WRIT112: quality(
    "error",
    "key that stands twice",
    "One object has the same key twice. Readers differ about which one counts, so none does.",
    "Remove one of them.",
  ),
  WRIT113: quality(
    "error",
    "value that JSON does not have",
    "An OpenAPI document is JSON or YAML that means JSON: infinity, keys that are no text, types of their own and merge keys are not.",
    "Write the value as JSON could say it; quote what is meant as text.",
  ),
  WRIT114: quality(
    "error",
    "reference that is not followed",
    "A `$ref` names another machine, an absolute path or a file outside the workspace. Nothing is fetched, and nothing outside is opened.",
    "Put the file into the workspace and name it by a relative path.",
  ),
  WRIT115: quality(
    "error",
    "reference that leads nowhere",
    "A `$ref` names a file or a place that is not there, or leads to itself.",
    "Correct the path or the pointer.",
  ),
  WRIT116: quality(
    "error",
    "not OpenAPI 3.0 or 3.1",
    "Something that OpenAPI requires is missing or of another type, so this part of the document means nothing.",
    "Write what the message names.",
  ),
  WRIT117: quality(
    "information",
    "part of the document that is not tested",
    "The document says something that no test is made of. It is neither checked nor counted as passed.",
    "Nothing, or say it in a form that is tested.",
  ),
  WRIT118: quality(
    "warning",
    "no valid value found",
    "No value was found that this schema allows: it contradicts itself, or says more than the generator can satisfy. What needs such a value is not tested.",
    "Correct the schema, or give an example that satisfies it.",
  ),
  WRIT119: quality(
    "warning",
    "example that contradicts its schema",
    "An example or default is refused by the schema that it stands in, so it is never sent.",
    "Correct the example or the schema.",
  ),
} as const satisfies { readonly [code: ProblemCode]: ProblemKind };

export type KnownProblemCode = keyof typeof PROBLEM_CATALOGUE;

export const problemKind = (code: KnownProblemCode): ProblemKind => PROBLEM_CATALOGUE[code];
