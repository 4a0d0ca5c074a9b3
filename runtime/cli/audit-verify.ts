import { isSha256 } from "#kernel/digest.ts";
import { visibleJson, visibleText } from "#kernel/visible-text.ts";
import type { FoundFault, LogReport, VerificationLevel } from "#protocol/ledger-report.ts";

import type { AuditDeps, AuditReport, MissingPart } from "./audit-deps.ts";
import { dateText, paragraph, plural, refuseLedger, refuseNoLog, timeText, whereText } from "./audit-text.ts";
import type { Command, ExitCode, Invocation, Terminal } from "./command.ts";
import { refuseUsage } from "./fault-output.ts";
import { tellUnclaimed } from "./tell-unclaimed.ts";

export const createAuditVerify = (deps: AuditDeps): Command => ({
  name: "audit verify",
  summary: "Verifies that nothing in a ledger was changed, and says what that proves.",
  usage: "[<log folder>] [--dir <dir>] [--public-key <hex>] [--json]",
  options: [
    { name: "dir", value: "<dir>", summary: "the ledger in this folder instead of the workspace's own" },
    {
      name: "public-key",
      value: "<hex>",
      summary: "the workspace key that must have certified the logs; your own by default",
    },
    { name: "json", summary: "one JSON document instead of text" },
  ],
  examples: [
    { line: "writ audit verify", what: "Verifies the ledger of this workspace." },
    {
      line: "writ audit verify ./copy-of-a-log --public-key 25b5…1f60",
      what: "Verifies a log that somebody sent, offline, against the key that they gave you.",
    },
  ],
  actsUnheard: true,
  state: "reads",
  run: (invocation) => verify(deps, invocation),
});

const verify = async (deps: AuditDeps, invocation: Invocation): Promise<ExitCode> => {
  const { terminal, positionals, values, environment, signal } = invocation;
  const directory = values.get("dir")?.at(-1) ?? null;
  const [folder] = positionals;
  if (positionals.length > 1 || (folder !== undefined && directory !== null)) {
    return refuseUsage(invocation, "name either one log folder or one ledger with --dir");
  }
  const given = values.get("public-key")?.at(-1)?.toLowerCase();
  if (given !== undefined && !isSha256(given)) {
    return refuseUsage(invocation, "a public key is 64 hexadecimal digits; `writ audit verify` prints yours");
  }

  const opened =
    folder === undefined
      ? await deps.openLedger(directory, environment)
      : await deps.openLog(folder, environment);
  const named = folder !== undefined || directory !== null;
  if (!opened.ok) return refuseLedger(invocation, opened.fault, named);
  const pinnedKey = given ?? opened.value.ownKey;
  const report = await opened.value.verify(pinnedKey, signal);
  if (!report.ok) return refuseLedger(invocation, report.fault, named);
  const { logs } = report.value;
  const isNoLog = folder !== undefined && logs.every(({ segments }) => segments === 0);
  if (isNoLog || (named && logs.length === 0)) {
    return refuseNoLog(invocation, opened.value.directory);
  }

  if (invocation.switches.has("json")) {
    const { directory: place, unclaimed } = opened.value;
    const document = { directory: place, publicKey: pinnedKey, ...report.value, unclaimed };
    terminal.out(visibleJson(JSON.stringify(document, null, 2)));
  } else printReport(terminal, opened.value.directory, report.value, pinnedKey, given === undefined);
  tellUnclaimed(opened.value.unclaimed, invocation);
  return report.value.faultsTotal > 0 ? 1 : 0;
};

const printReport = (
  terminal: Terminal,
  directory: string | null,
  report: AuditReport,
  pinnedKey: string | null,
  isOwnKey: boolean,
): void => {
  for (const log of report.logs) printLog(terminal, log, report.missing);
  for (const part of report.missing) if (part.what !== "anchor") printMissing(terminal, part);
  if (report.logs.length === 0 && report.faultsTotal === 0) {
    paragraph(
      terminal,
      0,
      `No log lies in ${whereText(directory)}, so there is nothing to verify. Each workspace has a ledger of its own.`,
    );
    return;
  }
  terminal.out("");
  printVerdict(terminal, report);
  paragraph(
    terminal,
    2,
    "Stored files of runs are checked when they are opened, not here; what the entries say of them is.",
  );
  if (pinnedKey !== null) {
    terminal.out("");
    terminal.out(terminal.style.dim(`${isOwnKey ? "your public key" : "expected key"}  ${pinnedKey}`));
  }
};

const printLog = (terminal: Terminal, log: LogReport, missing: readonly MissingPart[]): void => {
  const { style } = terminal;
  const anchor = missing.find((part) => part.what === "anchor" && part.log === log.log);
  const good = log.faultsTotal === 0 && anchor === undefined;
  const mark = good ? style.green("✓") : style.red("✗");
  const name = log.log ?? "without a name";
  // An id stays whole, to be copied.
  if (`✓ log ${name}`.length <= terminal.columns) terminal.out(`${mark} log ${style.bold(name)}`);
  else {
    terminal.out(`${mark} log`);
    terminal.out(`  ${style.bold(name)}`);
  }
  const facts = [
    plural(log.lines, "entry", "entries"),
    plural(log.commits, "signed commit"),
    ...(log.parts > 0 ? [plural(log.parts, "sealed part")] : []),
    ...(log.segments > 1 ? [plural(log.segments, "segment")] : []),
    ...(log.retired ? ["retired"] : []),
    ...(log.live ? ["being written now"] : []),
  ];
  paragraph(terminal, 2, facts.join(", "));
  if (log.wallMs !== null) {
    const [first, last] = [log.wallMs.first, log.wallMs.last].map((ms) => `${dateText(ms)} ${timeText(ms)}`);
    paragraph(terminal, 2, `from ${first} to ${last} UTC by the writer's clock`);
  }
  if (good && log.uncommitted > 0) {
    paragraph(terminal, 2, `${plural(log.uncommitted, "entry is", "entries are")} not committed yet`);
  }
  if (good && log.anchoredLines !== null) {
    paragraph(terminal, 2, `the local anchor covers ${log.anchoredLines} of ${log.lines}`);
  }
  if (!log.pinned && log.workspaceKey !== null) paragraph(terminal, 2, `certified by ${log.workspaceKey}`);
  if (anchor !== undefined) {
    terminal.out(`  ${style.red(style.bold("anchor missing"))}`);
    paragraph(terminal, 4, `${LOST.anchor} ${remedy(anchor)}`);
  }
  for (const fault of log.faults) printFound(terminal, fault);
  const untold = log.faultsTotal - log.faults.length;
  if (untold > 0) paragraph(terminal, 2, `and ${plural(untold, "more fault")}`);
};

const printMissing = (terminal: Terminal, part: MissingPart): void => {
  const { style } = terminal;
  const mark = part.isFault ? style.red("✗") : style.yellow("!");
  const title = part.what === "log" ? `log ${style.bold(part.log ?? "")}` : "workspace key";
  terminal.out(`${mark} ${title} is missing`);
  const elsewhere = part.isFault ? "" : " It may have been another workspace's.";
  paragraph(terminal, 2, `${LOST[part.what]}${elsewhere} ${remedy(part)}`);
};

/** What it means that a part of the user's own state is not there. */
const LOST: Readonly<Record<MissingPart["what"], string>> = {
  anchor:
    "A log of yours has an anchor before anything is written behind its opening, so this one was removed, and nothing shows whether entries were cut off.",
  log: "Your key of this log is here, but neither the log nor its anchor: both were removed, and nothing shows what was recorded in it.",
  "workspace-key":
    "The key that certified these logs is gone, so nothing shows that they are yours, and no run can record anything.",
};

const remedy = ({ what, log }: MissingPart): string => {
  const restore = "Restore the state folder from a backup; or, to go on without it,";
  if (what === "workspace-key")
    return `${restore} move the ledger and its logs' keys away to begin a new one.`;
  const key = `\`keys/writer.${log}\` out of the state folder`;
  return what === "log"
    ? `${restore} move ${key}.`
    : `${restore} move this log's folder away and ${key}; the next run begins a new log.`;
};

const printFound = (terminal: Terminal, fault: FoundFault): void => {
  const { style } = terminal;
  const place = fault.place === null ? "" : `, ${visibleText(fault.place.file)} line ${fault.place.line}`;
  const type = fault.type === null ? "" : ` ${visibleText(fault.type)}`;
  terminal.out(`  ${style.red(style.bold(fault.kind))} at entry #${fault.index}${type}${place}`);
  if (fault.entry !== null) terminal.out(style.dim(`    ${fault.entry}`));
  const detail = visibleText(fault.detail);
  paragraph(terminal, 4, `${detail.charAt(0).toUpperCase()}${detail.slice(1)}. ${MEANING[fault.kind]}`);
};

/** What each kind says about the log, for somebody who reads it for the first time. */
const MEANING: Readonly<Record<FoundFault["kind"], string>> = {
  malformed: "No writer writes this; everything behind it is read as far as possible.",
  "not-canonical": "The bytes were changed even if they still mean the same.",
  "wrong-hash": "The entry is not as it was written.",
  "wrong-log": "It was taken from another log.",
  "wrong-sequence": "Entries were removed, repeated or moved here.",
  "wrong-previous": "The entry before it was changed and made to look right.",
  "wrong-certificate": "Nobody who may do so vouches for the writer.",
  foreign: "It may be right in itself, but it is not from the owner of the expected key.",
  "wrong-writer": "Somebody else wrote it.",
  "time-went-back": "It was not written in this order.",
  "wrong-root": "What was signed is not what stands here.",
  "wrong-signature": "The holder of the key did not sign this.",
  "wrong-content": "The entry stands, what it refers to does not.",
  torn: "A write was cut short, as a full disk or a kill does it, and no writer has opened the log since; or somebody added this.",
  uncommitted: "Nobody vouches for these entries; the next writer will set them aside.",
  truncated: "Entries that were once here are gone.",
};

const printVerdict = (terminal: Terminal, report: AuditReport): void => {
  const { style } = terminal;
  if (report.level !== null) {
    terminal.out(
      `${style.green(style.bold("Nothing was changed."))} Level: ${style.bold(LEVEL[report.level].name)}`,
    );
    printProof(terminal, report, report.level);
    return;
  }
  const bad = report.logs.filter(({ faultsTotal }) => faultsTotal > 0);
  if (bad.length === 0) {
    paragraph(terminal, 0, "This ledger is not whole: what its owner must have is missing.", (line) =>
      style.red(style.bold(line)),
    );
  } else if (report.missing.every(({ isFault }) => !isFault) && bad.every(isUnfinished)) {
    const cutShort = "Nothing that was committed was changed; the last write was cut short.";
    paragraph(terminal, 0, cutShort, (line) => style.yellow(style.bold(line)));
    paragraph(
      terminal,
      2,
      "A full disk, a kill or a power cut leaves that behind. Somebody who can write these files could have added the same, so nobody vouches for what stands behind the last commit, and no reader takes it for evidence.",
    );
    paragraph(
      terminal,
      2,
      "To do: nothing. The next run sets it aside in a file of its own beside the log and puts that on record; then this verifies again. Copy the folder before if you want to look into it.",
    );
    const isAnchored = report.logs.every(({ anchoredLines }) => anchoredLines !== null);
    printProof(terminal, report, isAnchored ? "since-local-anchor" : "internal");
  } else {
    const logs = plural(bad.length, "log");
    paragraph(terminal, 0, `This is not the ledger that was written: ${logs} with faults.`, (line) =>
      style.red(style.bold(line)),
    );
  }
};

/** Whether all that is wrong with a log is what a full disk or a killed process leaves behind its last commit. */
const isUnfinished = ({ lines, uncommitted, faults, faultsTotal }: LogReport): boolean =>
  faults.length === faultsTotal &&
  faults.every(
    ({ kind, index }) => kind === "uncommitted" || (kind === "torn" && index >= lines - uncommitted),
  );

const printProof = (terminal: Terminal, report: AuditReport, level: VerificationLevel): void => {
  const unpinned = report.logs.some(({ pinned }) => !pinned);
  if (unpinned) {
    paragraph(
      terminal,
      2,
      "No key was expected, so this says only that each log agrees with itself: anyone can make such a log with a key of their own. Give the key that you were told with --public-key.",
    );
    return;
  }
  paragraph(terminal, 2, LEVEL[level].shows);
  paragraph(terminal, 2, LEVEL[level].leaves);
};

/** Section 13 of docs/formats/ledger.md in two sentences each. */
const LEVEL: Readonly<
  Record<VerificationLevel, { readonly name: string; readonly shows: string; readonly leaves: string }>
> = {
  internal: {
    name: "internal",
    shows:
      "Without the writer's key nobody changed, added, moved or removed an entry between the first and the last commit, nor its sealed content.",
    leaves:
      "Not shown: whether later entries were cut off. There is no local anchor here to tell; on the machine that wrote the log there is.",
  },
  "since-local-anchor": {
    name: "since local anchor",
    shows:
      "Without the writer's key nobody changed, added, moved or removed an entry or its sealed content, and nobody cut off what the local anchor covers.",
    leaves:
      "Not shown: what the owner of this account could do, who has the keys and the anchor. Only a witness elsewhere rules that out.",
  },
  "since-witness": {
    name: "since witness",
    shows: "Nobody, the owner of the keys included, changed anything that the witness signed for.",
    leaves: "Not shown: whether what was written was true.",
  },
};
