import type { Finding, FindingState } from "#host/doctor/finding.ts";
import type { DoctorReport } from "#host/doctor/report.ts";

import type { Style, Terminal } from "./command.ts";
import { wrap } from "./width.ts";

/* How `writ doctor` looks. Findings are visible text already. */

type Sheet = Pick<Terminal, "columns" | "style">;

/** Told apart without colour too. */
const MARKS: Readonly<Record<FindingState, readonly [mark: string, colour: keyof Style]>> = {
  ok: ["✓", "green"],
  note: ["!", "yellow"],
  absent: ["–", "dim"],
  wrong: ["✗", "red"],
  untried: ["?", "yellow"],
};

/** Mark, space, the longest name, two spaces. */
const NAME_COLUMNS = 9;
const INDENT = NAME_COLUMNS + 4;
/** Narrower terminals have the text below the name. */
const COLUMNS_BESIDE_MIN = 60;
const INDENT_BELOW = 2;
const COLUMNS_MAX = 100;

export const doctorLines = (report: DoctorReport, sheet: Sheet): readonly string[] => [
  ...report.findings.flatMap((finding) => findingLines(finding, sheet)),
  "",
  ...wrap(verdict(report), Math.min(sheet.columns, COLUMNS_MAX)),
];

const findingLines = (finding: Finding, { columns, style }: Sheet): readonly string[] => {
  const { id, state, says, details, adds, remedy } = finding;
  const isBeside = columns >= COLUMNS_BESIDE_MIN;
  const indent = " ".repeat(isBeside ? INDENT : INDENT_BELOW);
  const text = (line: string): readonly string[] =>
    wrap(line, Math.min(columns, COLUMNS_MAX) - indent.length).map((part) => `${indent}${part}`);
  const [mark, colour] = MARKS[state];
  const name = id.replace("tier.", "");
  const head = `${style[colour](mark)} ${style.bold(name)}`;
  const said = text(says);
  return [
    ...(isBeside ? [`${head}${(said[0] ?? "").slice(name.length + 2)}`, ...said.slice(1)] : [head, ...said]),
    ...details.flatMap(text),
    ...(adds === null ? [] : text(`adds: ${adds}`)),
    ...(remedy === null ? [] : text(`→ ${remedy.what}${remedy.command === null ? "" : ":"}`)),
    // Never broken, so that it can be copied whole; a terminal that is too narrow folds it.
    ...(remedy === null || remedy.command === null ? [] : [`${indent}${style.cyan(remedy.command)}`]),
  ];
};

const verdict = ({ ready, blocked, auto, strongest }: DoctorReport): string => {
  if (blocked) return "No agent can run here until what is marked ✗ is mended.";
  if (ready === null) return "Nothing that was looked at is in the way. No sandbox was tried.";
  if (ready) return `An agent can run here. One whose file names no sandbox gets ${auto?.why ?? ""}.`;
  const wasm =
    strongest === "wasm"
      ? ' One that says `sandbox = "wasm"`, or is run with `--sandbox wasm`, can: it runs JavaScript only.'
      : "";
  return `An agent whose file names no sandbox cannot run here yet: that takes docker or gvisor.${wasm}`;
};
