/** Prints docs/promises.md, and the table of features that README.md carries. */
import { areas, type Requirement, type State, stateOf } from "../requirements.ts";
import { type Stage, stages } from "../requirements/row.ts";
import type { Citation } from "./citations.ts";
import { markdownTable, plainText } from "./markdown.ts";

export interface Evidence {
  readonly requirements: readonly Requirement[];
  readonly citations: readonly Citation[];
  readonly landed: readonly Stage[];
}

const TITLES_PER_FILE_MAX = 3;

const meanings: Readonly<Record<State, string>> = {
  kept: "Writ does this, and the tests named beside it prove it.",
  adapted:
    "Writ serves the same purpose in another way. The row says what differs and why, and tests prove it.",
  open: "Not whole yet. The row reads as it will once it is kept, and says which parts of the work it waits for; tests named beside it prove what is there already.",
  refused: "Writ does not do this, and the row says why not.",
};

export function printPromises(evidence: Evidence): string {
  const { requirements, landed } = evidence;
  const count = (wanted: (one: Requirement) => boolean): string => String(requirements.filter(wanted).length);
  const inState = (state: State) => (one: Requirement) => stateOf(one.row, landed) === state;
  const states = (Object.keys(meanings) as State[]).map((state) => [
    `**${state}**`,
    count(inState(state)),
    meanings[state],
  ]);
  const waiting = (Object.keys(stages) as Stage[])
    .filter((stage) => !landed.includes(stage))
    .map((stage) => [
      stage,
      count((one) => inState("open")(one) && one.row.stages.includes(stage)),
      stages[stage],
    ]);

  return [
    "<!-- printed by `npm run docs:promises`, do not edit -->",
    "",
    "# Promises",
    "",
    `All that Writ promises to its users stands here, in ${requirements.length} rows, each with its evidence. Most rows come from three earlier products whose users Writ wants to serve: their promises are kept, adapted or refused, and none is dropped in silence. Rows marked with a star (★) go beyond what those products offered.`,
    "",
    ...markdownTable(["State", "Rows", "Meaning"], states),
    "",
    "Open rows wait for these parts of the work; a row may wait for several.",
    "",
    ...markdownTable(["Part", "Rows", "Brings"], waiting),
    "",
    `Areas: ${Object.values(areas)
      .map((area) => linkTo(area))
      .join(" · ")}`,
    "",
    ...Object.entries(areas).flatMap(([name, { title, summary }]) => [
      `## ${title}`,
      "",
      summary,
      "",
      ...markdownTable(
        ["State", "Promise", "How it is shown", "Tests", "What differs and why"],
        requirements.filter((one) => one.area === name).map((one) => cellsOf(one, evidence)),
      ),
      "",
    ]),
  ].join("\n");
}

function cellsOf({ id, row }: Requirement, { citations, landed }: Evidence): string[] {
  const state = stateOf(row, landed);
  const missing = row.stages.filter((stage) => !landed.includes(stage));
  return [
    [
      `<a id="${id}"></a>**${state}**${row.kind === "beyond" ? " ★" : ""}`,
      ...(state === "open" ? [`<sub>waits for ${missing.join(", ")}</sub>`] : []),
    ].join("<br>"),
    `${row.promise}<br><sub>\`${id}\`</sub>`,
    row.how,
    testsOf(citations.filter((citation) => citation.id === id)),
    "reason" in row ? row.reason : "",
  ];
}

/** By file, with the first few titles of each. */
function testsOf(citations: readonly Citation[]): string {
  const byFile = Map.groupBy(citations, (citation) => citation.file);
  return [...byFile]
    .map(([file, inFile]) => {
      const titles = [...new Set(inFile.map((citation) => citation.titles.join(" › ")))];
      const shown = titles.slice(0, TITLES_PER_FILE_MAX).map(plainText);
      const more = titles.length - shown.length;
      if (more > 0) shown.push(`and ${more} more`);
      return `[${plainText(file)}](../${file}): ${shown.join("; ")}`;
    })
    .join("<br>");
}

const START = "<!-- promises:begin -->";
const END = "<!-- promises:end -->";

/** README.md with the table between its markers replaced; throws when it lacks them. */
export function withFeatures(readme: string, { requirements, citations, landed }: Evidence): string {
  const from = readme.indexOf(START);
  const to = readme.indexOf(END);
  if (from < 0 || to < from)
    throw new Error(`README.md lacks the markers ${START} and ${END}, in this order`);
  const cited = new Set(citations.map((citation) => citation.id));
  const rows = Object.entries(areas).map(([name, area]) => {
    const states = requirements
      .filter((one) => one.area === name)
      .map(({ id, row }) => ({ state: stateOf(row, landed), hasTests: cited.has(id) }));
    const kept = states.filter(({ state }) => state === "kept" || state === "adapted").length;
    const begun = states.filter(({ state, hasTests }) => state === "open" && hasTests).length;
    const open = states.filter(({ state, hasTests }) => state === "open" && !hasTests).length;
    return [linkTo(area, "docs/promises.md"), area.summary, ...[kept, begun, open].map(String)];
  });
  const table = markdownTable(["Area", "What it gives you", "Kept", "Begun", "To come"], rows);
  return `${readme.slice(0, from)}${START}\n\n${table.join("\n")}\n\n${readme.slice(to)}`;
}

function linkTo({ title }: { readonly title: string }, page = ""): string {
  const anchor = title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
  return `[${title}](${page}#${anchor})`;
}
