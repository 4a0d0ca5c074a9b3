import { visibleText } from "#kernel/visible-text.ts";

import { plural } from "./audit-text.ts";
import type { Audience } from "./fault-output.ts";
import { tell } from "./tell.ts";

const UNCLAIMED_SHOWN_MAX = 3;

/**
 * Which ledgers of this user belong to no known workspace, told to people as long as they lie there:
 * a workspace whose identity was removed gets a new ledger, which must not make the old one
 * forgotten. Commands are not wrapped, so that they can be copied.
 */
export const tellUnclaimed = (ledgers: readonly string[], { terminal, switches }: Audience): void => {
  if (ledgers.length === 0 || switches.has("json")) return;
  const said = `${countText(ledgers)} to no known workspace; look at what was recorded with`;
  tell(terminal, said);
  for (const ledger of ledgers.slice(0, UNCLAIMED_SHOWN_MAX)) {
    terminal.err(`  writ audit verify --dir ${visibleText(ledger)}`);
  }
  const more = ledgers.length - UNCLAIMED_SHOWN_MAX;
  if (more > 0) terminal.err(`  and ${more} more beside it`);
};

/** The same before a run of a workspace that the state knew nothing of, with how to take a ledger up again. */
export const tellNewWorkspace = (
  ledgers: readonly string[],
  help: string,
  { terminal, switches }: Audience,
): void => {
  if (ledgers.length === 0 || switches.has("json")) return;
  const said = `this workspace is new, and ${countText(ledgers)} to no known workspace`;
  tell(terminal, said);
  tell(terminal, help, { lead: "  " });
};

const countText = (ledgers: readonly string[]): string =>
  `${plural(ledgers.length, "ledger")} in the state folder ${ledgers.length === 1 ? "belongs" : "belong"}`;
