import { approvalsAnswerCommand, approvalsListCommand } from "./approvals.ts";
import type { Command } from "./command.ts";
import { hostCommand } from "./host.ts";
import { psCommand } from "./ps.ts";
import { stopCommand } from "./stop.ts";

/** The commands that speak with the workspace's host, and the host itself. */
export const hostCommands: readonly Command[] = [
  psCommand,
  stopCommand,
  approvalsListCommand,
  approvalsAnswerCommand,
  hostCommand,
];
