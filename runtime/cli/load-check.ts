import { openLowering } from "#host/compose/lowering.ts";

import { homeFolder } from "./account.ts";
import { createCheckCommand } from "./check.ts";

/** `writ check` with what it needs; the powers' half is loaded only when powers are asked for. */
export const checkCommand = createCheckCommand({
  openLowering,
  powersOf: async (spec, agent, choice, { variables, stateDirectory }) =>
    (await import("#host/compose/check.ts")).powersForCheck(spec, agent, choice, {
      variables,
      stateDirectory,
      home: homeFolder(),
    }),
});
