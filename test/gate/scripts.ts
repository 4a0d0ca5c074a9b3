import type { JsonObject } from "#kernel/json.ts";
import type { ExecuteOptions, PreparedCall, Spend, ToolResult } from "#ports/executor.ts";
import type { Behaviour } from "#test/kit/approver-fake.ts";
import { allow, allowIf, approvalBy, deny, digestOf, other, stepUp, tierFloor } from "#test/kit/decisions.ts";
import type { ToolFakePlan } from "#test/kit/tool-fake.ts";
import type { Rig } from "./rig.ts";
import { createRig } from "./rig.ts";

/** How everyone will behave towards a call stands in its arguments; `n` tells calls apart. */
export interface Behaving extends JsonObject {
  readonly n: number;
  readonly decision: keyof typeof DECISIONS;
  readonly answer: keyof typeof ANSWERS;
  readonly act: (typeof ACTS)[number];
}

export const DECISIONS = {
  allow: () => allow(),
  "allow-in-docker": () => allowIf(tierFloor("docker")),
  "step-up": () => stepUp(approvalBy()),
  "two-people": () => stepUp(approvalBy({ min: 2 })),
  deny: () => deny(),
  modify: () => other("modify"),
  foreign: () => ({ ...allow(), policies: digestOf("f") }),
  breaks: () => Promise.reject(new Error("the engine broke")),
  silent: () => new Promise<never>(() => undefined),
} as const;

export const ANSWERS = {
  yes: { k: "approves", by: "ada" },
  no: { k: "refused", by: "ada", surface: "terminal", reason: null },
  silent: { k: "silent" },
  breaks: { k: "throws" },
} as const satisfies Record<string, Behaviour>;

export const ACTS = ["works", "slow", "late", "twice", "refuses", "breaks", "hangs", "deaf"] as const;

/** What happened besides entries, and how many entries there were by then. */
export interface Happening {
  readonly k: "spent" | "executed";
  readonly n: number;
  readonly after: number;
}

export interface ScriptedRig {
  readonly rig: Rig;
  readonly happenings: readonly Happening[];
}

/** A rig whose every side reads from a call's arguments what to do. */
export const createScriptedRig = (): ScriptedRig => {
  const happenings: Happening[] = [];
  const happen = (k: Happening["k"], spent: PreparedCall): void => {
    happenings.push({ k, n: (spent.arguments as Behaving).n, after: rig.recorder.entries.length });
  };
  const tool = (name: string, reads: boolean): ToolFakePlan => ({
    descriptor: { effects: [reads ? "reads-run-files" : "writes-run-files"], idempotent: reads },
    act: {
      k: "does",
      async what(authorized, spend, options) {
        const noted: Spend = async (right, by) => {
          const spent = await spend(right, by);
          if (spent.ok) happen("spent", spent.value);
          return spent;
        };
        const right = await noted(authorized, name);
        if (!right.ok) return REFUSED;
        happen("executed", right.value);
        return behave(right.value, options, () => noted(authorized, name));
      },
    },
  });
  const decide = (request: { readonly arguments: JsonObject }) =>
    DECISIONS[(request.arguments as Behaving).decision]();
  const rig: Rig = createRig({
    tools: { read: tool("read", true), write: tool("write", false) },
    decisions: { read: decide, write: decide, respond: allow(), model_call: allow() },
    answers: (question) => ANSWERS[(question.arguments as Behaving).answer],
    limits: { parallelMax: 2, callsMax: 30 },
    async *model() {
      yield {
        k: "finished",
        reason: "stop",
        text: "",
        toolCalls: [],
        usage: { inputTokens: 0, outputTokens: 0, source: "estimated" },
      };
    },
  });
  return { rig, happenings };
};

const RESULT: ToolResult = { text: "did it", value: null, labels: [], changes: [] };
const DONE = { ok: true as const, value: RESULT };
const REFUSED = {
  ok: false as const,
  fault: { code: "TOOL_NOT_AUTHORIZED" as const, message: "no", retryable: false },
};
const CONFLICT = {
  ok: false as const,
  fault: { code: "TOOL_CONFLICT" as const, message: "it changed", retryable: false },
};

const behave = async (
  { arguments: given }: PreparedCall,
  { signal }: ExecuteOptions,
  spendAgain: () => Promise<unknown>,
) => {
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  switch ((given as Behaving).act) {
    case "works":
      return DONE;
    case "slow":
      await aborted;
      return DONE;
    case "late":
      // Comes to itself long after the gate gave up.
      await aborted;
      await new Promise((resolve) => setImmediate(resolve));
      return DONE;
    case "twice":
      await spendAgain();
      return DONE;
    case "refuses":
      return CONFLICT;
    case "breaks":
      throw new Error("broke");
    case "hangs":
      await aborted;
      throw new DOMException("cut", "AbortError");
    case "deaf":
      return new Promise<typeof DONE>(() => undefined);
  }
};
