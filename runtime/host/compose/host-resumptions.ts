import { ok, failed } from "#kernel/result.ts";

import { refused } from "../server/faults.ts";
import type { RunResumer, StartRefusal } from "../server/run-starter.ts";
import type { ResumeRefusal } from "../resume-run.ts";
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
    return ran.ok ? ok(ran.value) : failed(resumeRefusal(ran.fault, powers));
  };

/** Whatever refuses, the run stays interrupted: no state of its own is on record for that. */
const resumeRefusal = (refusal: ResumeRefusal, powers: string): StartRefusal => {
  switch (refusal.k) {
    case "refused":
    case "unanswered":
      return { fault: refused(refusal.fault), isOnRecord: false };
    default:
      return { ...refusalOf(refusal, powers), isOnRecord: false };
  }
};
