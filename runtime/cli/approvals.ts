import { fromBase64, utf8Text } from "#kernel/bytes.ts";
import { concatBytes } from "#kernel/bytes.ts";
import { aboutDurationText } from "#kernel/duration.ts";
import type { JsonValue } from "#kernel/json.ts";
import { readJson } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleJson, visibleText } from "#kernel/visible-text.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Answer } from "#host/rpc/peer.ts";
import { APPROVAL_REASON_CHARACTERS_MAX, CONTENT_READ_BYTES_MAX } from "#protocol/host-rpc.ts";

import { isIdEnding } from "./audit-list.ts";
import { shortId } from "./audit-text.ts";
import type { Command, ExitCode, Invocation, Terminal } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import {
  allPages,
  attach,
  codeOf,
  named,
  withHost,
  WORKSPACE_OPTION,
  workspaceHere,
} from "./host-connection.ts";
import { ledgerPlaceOf } from "./ledger-place.ts";
import { block, PREVIEW_CHARACTERS_MAX } from "./terminal-approver.ts";
import { tellUnseen } from "./unseen-host.ts";
import type { AnsweredFault } from "./why-not-waiting.ts";
import { whyNotWaiting } from "./why-not-waiting.ts";

type Peer = HostConnection["peer"];
type Approval = Answer<"approvals/list">["approvals"][number];

/** A question with all that a person has to see before an answer. */
interface WholeApproval extends Approval {
  readonly previewText: string | null;
}

/** Digits of a fingerprint that an answer names at least: few enough to copy, too many to hit by chance. */
const FINGERPRINT_DIGITS_MIN = 12;

export const approvalsListCommand: Command = {
  name: "approvals list",
  summary: "Shows the calls of detached runs that wait for a person's approval.",
  usage: "[--workspace <dir>] [--json]",
  options: [WORKSPACE_OPTION, { name: "json", summary: "one JSON line a question instead of text" }],
  examples: [{ line: "writ approvals list", what: "Each call, whole, with what it would change." }],
  state: "reads",
  run: (invocation) =>
    atHost(invocation, async (peer) => {
      const { positionals, switches, terminal, signal } = invocation;
      if (positionals.length > 0) return refuseUsage(invocation, "`approvals list` takes no names");
      const waiting = await readApprovals(peer, signal);
      if (!waiting.ok) return refuse(invocation, waiting.fault);
      if (switches.has("json")) {
        for (const one of waiting.value) terminal.out(visibleJson(JSON.stringify(one)));
        return 0;
      }
      if (waiting.value.length === 0) terminal.out(NOTHING_WAITS);
      for (const one of waiting.value) for (const line of lines(one, terminal)) terminal.out(line);
      return 0;
    }),
};

export const approvalsAnswerCommand: Command = {
  name: "approvals answer",
  summary: "Approves or refuses one call that waits, by the fingerprint that was shown.",
  usage: "<approval> --fingerprint <fp> approve|refuse [--reason <text>] [--workspace <dir>]",
  options: [
    {
      name: "fingerprint",
      value: "<fp>",
      summary: "of the call, as `writ approvals list` shows it: at least its first 12 digits",
    },
    { name: "reason", value: "<text>", summary: "why, in at most 2,000 characters; goes on record" },
    WORKSPACE_OPTION,
    { name: "json", summary: "what became of it as one line of JSON" },
  ],
  examples: [
    {
      line: "writ approvals answer 3f9a04b1 --fingerprint 8c1f20aa93be approve",
      what: "Lets this one call happen, once.",
    },
  ],
  state: "writes",
  run: (invocation) => answer(invocation),
};

const answer = async (invocation: Invocation): Promise<ExitCode> => {
  const { positionals, values, switches, terminal, signal } = invocation;
  const [id = "", word, ...more] = positionals;
  if (!isIdEnding(id.toLowerCase()) || (word !== "approve" && word !== "refuse") || more.length > 0) {
    return refuseUsage(
      invocation,
      "name one question and then `approve` or `refuse`",
      "`writ approvals list` shows what waits",
    );
  }
  const given = values.get("fingerprint")?.[0]?.toLowerCase() ?? "";
  if (!/^[0-9a-f]{12,64}$/.test(given)) {
    return refuseUsage(
      invocation,
      `--fingerprint takes at least ${FINGERPRINT_DIGITS_MIN} digits of the call's fingerprint`,
      "an answer is for the call that was shown: `writ approvals list` shows it",
    );
  }
  const reason = values.get("reason")?.[0] ?? null;
  if (reason !== null && reason.length > APPROVAL_REASON_CHARACTERS_MAX) {
    return refuseUsage(
      invocation,
      `--reason has ${reason.length} characters, and at most ${APPROVAL_REASON_CHARACTERS_MAX} go on record`,
      "say it in fewer words, and name where the rest is to be read",
    );
  }
  return atHost(invocation, async (peer) => {
    const waiting = await listApprovals(peer, signal);
    if (!waiting.ok) return refuse(invocation, waiting.fault);
    const one = named(waiting.value, id, ({ approval }) => approval);
    if (one === undefined) return refuse(invocation, await notWaiting(invocation, id));
    if (!one.fingerprint.startsWith(given)) return refuse(invocation, OTHER_CALL);
    const { approval, fingerprint } = one;
    const params = { approval, fingerprint, answer: word, reason } as const;
    const answered = await peer.call("approvals/answer", params, { signal });
    if (!answered.ok) {
      const isOver = answered.fault.code === "APPROVAL_UNKNOWN";
      return refuse(invocation, isOver ? await notWaiting(invocation, id) : answered.fault);
    }
    const done = word === "approve" ? "approved" : "refused";
    if (switches.has("json")) terminal.out(JSON.stringify({ approval, answer: done }));
    else terminal.out(`${shortId(approval)}  ${done}`);
    return 0;
  });
};

/** Without a host nothing waits: what waited there ended with it. */
const atHost = async (invocation: Invocation, act: (peer: Peer) => Promise<ExitCode>): Promise<ExitCode> => {
  const unavailable = (reason: Fault<string>): ExitCode =>
    refuse(invocation, { ...reason, error: "unavailable" });
  const workspace = await workspaceHere(invocation);
  if (!workspace.ok) return unavailable(workspace.fault);
  const host = await attach(invocation, workspace.value, false);
  if (!host.ok) return unavailable(host.fault);
  if (host.value !== null) return withHost(host.value, act);
  const [id] = invocation.positionals;
  if (id !== undefined) return refuse(invocation, await notWaiting(invocation, id));
  const unseen = await tellUnseen(invocation, workspace.value);
  if (!unseen.ok) return unavailable(unseen.fault);
  if (!invocation.switches.has("json")) invocation.terminal.out(NOTHING_WAITS);
  return 0;
};

/** What became of a question that no host waits for. */
const notWaiting = async (invocation: Invocation, id: string): Promise<AnsweredFault> => {
  const workspace = await workspaceHere(invocation);
  return workspace.ok
    ? whyNotWaiting(ledgerPlaceOf(invocation, workspace.value), id, invocation.signal)
    : { ...workspace.fault, error: "unavailable" };
};

const NOTHING_WAITS = "No call waits for an approval.";

const refuse = (invocation: Invocation, reason: AnsweredFault): ExitCode => {
  printFault(invocation, reason);
  return codeOf(reason);
};

const listApprovals = (
  peer: Peer,
  signal: AbortSignal,
): Promise<Result<readonly Approval[], AnsweredFault>> =>
  allPages<Approval, AnsweredFault>(async (after) => {
    const page = await peer.call("approvals/list", { after }, { signal });
    return page.ok ? ok({ items: page.value.approvals, more: page.value.more }) : page;
  });

const readApprovals = async (
  peer: Peer,
  signal: AbortSignal,
): Promise<Result<readonly WholeApproval[], AnsweredFault>> => {
  const listed = await listApprovals(peer, signal);
  if (!listed.ok) return listed;
  const whole: WholeApproval[] = [];
  for (const one of listed.value) {
    const text = one.argumentsWhole ? ok(one.arguments) : await readPart(peer, one.argumentsAt, signal);
    if (!text.ok) return text;
    const preview = one.preview === null ? ok(null) : await readPart(peer, one.preview.at, signal);
    if (!preview.ok) return preview;
    const previewText = preview.value === null ? null : previewOf(preview.value);
    whole.push({ ...one, arguments: text.value, argumentsWhole: true, previewText });
  }
  return ok(whole);
};

/** A part of an entry, stretch by stretch. */
const readPart = async (
  peer: Peer,
  at: Approval["argumentsAt"],
  signal: AbortSignal,
): Promise<Result<string, AnsweredFault>> => {
  const pieces: Uint8Array[] = [];
  for (let offset = 0; ;) {
    const params = { at, offset, length: CONTENT_READ_BYTES_MAX };
    const read = await peer.call("content/read", params, { signal });
    if (!read.ok) return read;
    const piece = fromBase64(read.value.base64) ?? new Uint8Array();
    pieces.push(piece);
    offset += piece.length;
    if (piece.length > 0 && offset < read.value.totalBytes) continue;
    const text = utf8Text(concatBytes(...pieces));
    return text === undefined || offset < read.value.totalBytes ? failed(NOT_READ) : ok(text);
  }
};

/** A preview is a text; its part is the text as JSON. */
const previewOf = (json: string): string => {
  const reading = readJson(json);
  const value: JsonValue = reading.ok ? reading.value : json;
  return typeof value === "string" ? value : json;
};

const lines = (one: WholeApproval, { style, columns }: Terminal): readonly string[] => [
  style.bold(`${shortId(one.approval)}  ${visibleText(one.tool)}`),
  `  for         ${visibleText(one.agent)}, run ${shortId(one.run)}`,
  `  within      ${aboutDurationText(one.expiresInMs)}`,
  `  fingerprint ${one.fingerprint}`,
  "  arguments:",
  ...block(one.arguments, PREVIEW_CHARACTERS_MAX, columns),
  ...(one.previewText === null
    ? []
    : ["  would change:", ...block(one.previewText.replace(/\n$/, ""), PREVIEW_CHARACTERS_MAX, columns)]),
];

const OTHER_CALL: AnsweredFault = {
  ...fault("APPROVAL_OTHER_CALL", "the fingerprint is not that of the call that waits", {
    help: "look at it again with `writ approvals list`",
  }),
  error: "conflict",
};
const NOT_READ: AnsweredFault = {
  ...fault("CLI_CONTENT_UNREADABLE", "what the call is about cannot be read, so it is not shown"),
  error: "unavailable",
};
