import type { Area } from "./row.ts";

export const lifecycle = {
  title: "Agent lifecycle",
  summary: "Six states, one table of transitions, and runs that outlive the window they were started in.",
  rows: {
    "lifecycle.states": {
      kind: "keep",
      promise:
        "An agent moves through states under a lifecycle controller: `Initializing` (parsed and validated), `Ready` (waits for a task), `Running` (executes), `Suspended` (held by a policy violation or for lack of resources), `Terminated` (ended gracefully or by force) and `Failed` (its configuration is invalid).",
      how: "There is one table of transitions; tests reach every state, and each change is an event that gives its reason.",
      stages: ["foundation", "scheduler"],
    },
    "lifecycle.edges.start": {
      kind: "keep",
      promise:
        "From `Initializing`, a valid configuration leads to `Ready`, an invalid one to `Failed` and on to `Terminated`; a task takes `Ready` to `Running` and its end takes it back; shutdown takes `Ready` to `Terminated`.",
      how: "The table under test is compared with the published diagram.",
      stages: ["scheduler"],
    },
    "lifecycle.edges.suspend": {
      kind: "keep",
      promise:
        "`Running` becomes `Suspended` on a policy violation and `Running` again once that is cleared; an override by hand ends a suspended agent as `Terminated`.",
      how: "Tests clear it by a person and by a new version of the policy; an override requires a reason and is an entry.",
      stages: ["scheduler"],
    },
    "lifecycle.beyond.outlives-the-window": {
      kind: "beyond",
      promise:
        "Close the editor or restart the machine: runs, schedules and approvals that wait are still there.",
      how: "While an approval waits, the window is closed and the host is killed; afterwards it can be answered.",
      stages: ["gate", "loop", "scheduler"],
    },
  },
} as const satisfies Area;
