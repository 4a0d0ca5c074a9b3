import { ok, failed } from "#kernel/result.ts";

import { refused, unavailable } from "../server/faults.ts";
import type { ResumeOrder, RunGiver, RunResumer, StartRefusal } from "../server/run-starter.ts";
import type { ResumeRefusal } from "../resume-run.ts";
import type { GiveUpDeps } from "./give-up.ts";
import { giveUpInterrupted } from "./give-up.ts";
import { peopleOf, refusalOf } from "./host-runs.ts";
import type { ResumeDeps } from "./resume.ts";
import { resumeRun } from "./resume.ts";

/** Goes on with runs as clients order it. */
export const createRunResumer =
  (deps: ResumeDeps): RunResumer =>
  async (order, hooks, signal) => {
    let powers = "";
    const ran = await resumeRun(
      deps,
      order.run,
      {
        planned: (plan) => {
          powers = plan.powersDigest;
          return { ...peopleOf(deps, order, hooks, plan), effects: hooks.effects };
        },
        publish: (event) => hooks.publish(event),
        offered: hooks,
      },
      signal,
    );
    return ran.ok ? ok(ran.value) : failed(resumeRefusal(ran.fault, powers, order));
  };

/** Whatever refuses, the run stays interrupted: no state of its own is on record for that. */
const resumeRefusal = (refusal: ResumeRefusal, powers: string, order: ResumeOrder): StartRefusal => {
  switch (refusal.k) {
    case "refused":
    case "unanswered":
      return { fault: refused(refusal.fault), isOnRecord: false };
    default:
      return { ...refusalOf(refusal, powers, order), isOnRecord: false };
  }
};

/** Ends interrupted runs for good as clients order it. */
export const createRunGiver =
  (deps: GiveUpDeps & { readonly user: string }): RunGiver =>
  async (run, how) => {
    const { signal } = new AbortController();
    const who = { user: deps.user, surface: "protocol", how } as const;
    const ended = await giveUpInterrupted(deps, run, who, signal);
    if (!ended.ok) {
      const { k, fault } = ended.fault;
      return failed(k === "usage" ? refused(fault) : unavailable(fault));
    }
    return ok({ state: ended.value });
  };
