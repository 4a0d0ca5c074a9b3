import { openPolicyEngine } from "#host/compose/policies.ts";
import type { LoadedPolicies } from "#policy/index.ts";
import type { DecisionOutcome, PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { READER, calling, publishing } from "#test/kit/policy-requests.ts";
import { bareCedar } from "./kit/bare-cedar.ts";
import { READER_PATH, readerRules } from "./kit/rules.ts";
import type { Comparison } from "./measure.ts";
import { compare } from "./measure.ts";

const ROUNDS = 15;
const PER_ROUND = 480;

const GOAL = { k: "rate", perSecond: 5_000 } as const;

const reading = (path: string): PolicyRequest => calling("read_file", { path }, { context: IN_RUN });
const IN_RUN = { inputs: { month: "May" }, labels: ["customer"], iteration: 3 };

/** Whole decisions, through the thread that Cedar lives in. */
export const decisionComparisons = async (): Promise<readonly Comparison[]> => {
  if (!READER.startsWith(READER_PATH)) throw new Error("the rules and the requests are of two agents");
  const one = { rules: 1, request: reading("team-0/notes.md"), outcome: "allow" } as const;
  const twenty = { ...one, rules: 20 };
  const refused = { ...twenty, request: reading("elsewhere/notes.md"), outcome: "deny" } as const;
  const publish = { ...twenty, request: publishing("team-0/summary.md"), outcome: "allow" } as const;
  return [
    await compareDecisions({ ...one, title: "permitted, 1 rule, one at a time", together: 1 }),
    await compareDecisions({ ...one, title: "permitted, 1 rule, 16 at a time", together: 16 }),
    await compareDecisions({ ...twenty, title: "permitted, 20 rules, one at a time", together: 1 }),
    await compareDecisions({ ...twenty, title: "permitted, 20 rules, 16 at a time", together: 16 }),
    await compareDecisions({ ...refused, title: "not permitted, 20 rules, and why", together: 1 }),
    await compareDecisions({ ...publish, title: "a file published, built-in rules too", together: 1 }),
  ];
};

interface Question {
  readonly title: string;
  readonly rules: number;
  readonly request: PolicyRequest;
  readonly outcome: DecisionOutcome;
  /** Decisions under way at a time. */
  readonly together: number;
}

const compareDecisions = async (question: Question): Promise<Comparison> => {
  const { title, request, outcome, together } = question;
  const source = readerRules(question.rules);
  const opened = await openPolicyEngine();
  if (!opened.ok) throw new Error(opened.fault.message);
  const { engine, decider } = opened.value;
  try {
    const { signal } = new AbortController();
    const loading = await engine.load([source], signal);
    if (!loading.ok || loading.value.policies === null) throw new Error("the policies do not load");
    const { policies } = loading.value;
    const bare = bareCedar(source, request);
    return await compare({
      title,
      unit: "decision",
      baseline: {
        name: "cedar-wasm",
        run: () => {
          for (let time = 0; time < PER_ROUND; time += 1) bare();
          return PER_ROUND;
        },
      },
      ours: {
        name: "decide",
        run: async () => {
          const askers = Array.from({ length: together }, () =>
            decideOften(policies, request, { outcome, times: PER_ROUND / together }),
          );
          await Promise.all(askers);
          return PER_ROUND;
        },
      },
      rounds: ROUNDS,
      goal: GOAL,
    });
  } finally {
    await decider.close();
  }
};

/** One who asks, and asks again as soon as there is an answer. */
const decideOften = async (
  policies: LoadedPolicies,
  request: PolicyRequest,
  { outcome, times }: { readonly outcome: DecisionOutcome; readonly times: number },
): Promise<void> => {
  const { signal } = new AbortController();
  for (let time = 0; time < times; time += 1) {
    const decision = await policies.decide(request, signal);
    if (decision.outcome !== outcome) throw new Error(`decided otherwise: ${decision.summary}`);
  }
};
