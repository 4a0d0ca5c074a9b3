import type { Command, CommandOption, Style } from "./command.ts";
import { hangingWhole } from "./hanging.ts";
import { wrapWhole } from "./width.ts";

/** What `writ` was asked to do, or why that is not a command. */
export type ParsedLine =
  | {
      readonly k: "run";
      readonly command: Command;
      readonly positionals: readonly string[];
      readonly switches: ReadonlySet<string>;
      readonly values: ReadonlyMap<string, readonly string[]>;
    }
  | { readonly k: "help"; readonly command: Command | null }
  /** Help about all commands that begin with one word. */
  | { readonly k: "group"; readonly name: string; readonly commands: readonly Command[] }
  | { readonly k: "version" }
  | { readonly k: "usage"; readonly message: string; readonly command: Command | null };

/** Reads `writ`'s arguments against the table of commands. Pure. */
export const parseLine = (argv: readonly string[], commands: readonly Command[]): ParsedLine => {
  const first = argv[0];
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const rest = first === "help" ? argv.slice(1) : [];
    const named = findCommand(rest, commands);
    return named === undefined && rest.length === 1
      ? (groupHelp(rest[0] ?? "", commands) ?? { k: "help", command: null })
      : { k: "help", command: named ?? null };
  }
  if (first === "--version" || first === "-V") return { k: "version" };
  const command = findCommand(argv, commands);
  if (command === undefined && (argv[1] === "--help" || argv[1] === "-h")) {
    const help = groupHelp(first, commands);
    if (help !== undefined) return help;
  }
  if (command === undefined) return { k: "usage", message: unknownCommand(argv, commands), command: null };
  return parseArguments(argv.slice(command.name.split(" ").length), command);
};

const findCommand = (argv: readonly string[], commands: readonly Command[]): Command | undefined =>
  commands
    .filter((command) => command.name.split(" ").every((word, index) => argv[index] === word))
    .sort((left, right) => right.name.length - left.name.length)[0];

const groupOf = (word: string, commands: readonly Command[]): readonly Command[] =>
  commands.filter((command) => command.name.startsWith(`${word} `));

const groupHelp = (name: string, commands: readonly Command[]): ParsedLine | undefined => {
  const group = groupOf(name, commands);
  return group.length === 0 ? undefined : { k: "group", name, commands: group };
};

const unknownCommand = (argv: readonly string[], commands: readonly Command[]): string => {
  const group = groupOf(argv[0] ?? "", commands);
  if (group.length > 0) {
    const words = group.map((command) => command.name.split(" ")[1] ?? "").join(", ");
    return `\`writ ${argv[0] ?? ""}\` needs one of: ${words}`;
  }
  return "there is no such command";
};

const parseArguments = (argv: readonly string[], command: Command): ParsedLine => {
  const positionals: string[] = [];
  const switches = new Set<string>();
  const values = new Map<string, string[]>();
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--") {
      positionals.push(...argv.slice(index + 1));
      break;
    }
    if (word === "--help" || word === "-h") return { k: "help", command };
    if (!word.startsWith("-") || word === "-") {
      positionals.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = word.slice(0, equals === -1 ? undefined : equals).replace(/^--/, "");
    const option = command.options.find((candidate) => candidate.name === name);
    if (option === undefined)
      return { k: "usage", message: `\`writ ${command.name}\` has no option of that name`, command };
    if (option.value === undefined) {
      if (equals !== -1) return { k: "usage", message: `--${option.name} takes no value`, command };
      switches.add(option.name);
      continue;
    }
    const value = equals === -1 ? argv[(index += 1)] : word.slice(equals + 1);
    if (value === undefined || (equals === -1 && value.startsWith("--"))) {
      return { k: "usage", message: `--${option.name} needs a value: ${option.value}`, command };
    }
    const given = values.get(option.name) ?? [];
    if (given.length > 0 && option.multiple !== true) {
      return { k: "usage", message: `--${option.name} was given twice`, command };
    }
    values.set(option.name, [...given, value]);
  }
  return { k: "run", command, positionals, switches, values };
};

/** Where a page of help is shown: how wide that is (Infinity where it is no terminal), and its colours. */
export interface Page {
  readonly columns: number;
  readonly style: Style;
}

/** The page that `writ --help` prints. */
export const overviewLines = (commands: readonly Command[], page: Page): readonly string[] => [
  ...text("writ runs agents whose files say what they may do, and proves what they did.", page),
  "",
  ...listLines(commands, page),
  "",
  ...text("`writ <command> --help` shows options and examples; `writ --version` the version.", page),
  ...text(
    "Exit codes: 0 completed, 1 ended otherwise or problems found, 2 usage, 3 something missing, 130 interrupted.",
    page,
  ),
];

const text = (sentence: string, { columns }: Page): readonly string[] => wrapWhole(sentence, columns);

/** The page that `writ <first word of several commands> --help` prints. */
export const groupLines = (name: string, commands: readonly Command[], page: Page): readonly string[] => [
  `${page.style.bold(`writ ${name}`)} <command>`,
  "",
  ...listLines(commands, page),
  "",
  ...text(`\`writ ${name} <command> --help\` shows options and examples.`, page),
];

const listLines = (all: readonly Command[], page: Page): readonly string[] => [
  page.style.bold("Commands"),
  ...tableLines(
    all.filter(({ hidden }) => hidden !== true).map(({ name, summary }) => ({ form: name, summary })),
    page,
  ),
];

/** Where less is left beside the forms, what each does stands below it. */
const SUMMARY_COLUMNS_MIN = 30;

const tableLines = (
  rows: readonly { readonly form: string; readonly summary: string }[],
  { columns, style }: Page,
): readonly string[] => {
  const width = Math.max(...rows.map(({ form }) => form.length));
  const isBeside = columns - width - 4 >= SUMMARY_COLUMNS_MIN;
  return rows.flatMap(({ form, summary }) =>
    isBeside
      ? hangingWhole(`  ${style.cyan(form.padEnd(width))}  `, summary, columns)
      : [`  ${style.cyan(form)}`, ...hangingWhole("      ", summary, columns)],
  );
};

/** The page that `writ <command> --help` prints. */
export const commandLines = (command: Command, page: Page): readonly string[] => [
  ...hangingWhole(`${page.style.bold(`writ ${command.name}`)} `, command.usage, page.columns),
  "",
  ...text(command.summary, page),
  ...(command.options.length === 0
    ? []
    : ["", page.style.bold("Options"), ...optionLines(command.options, page)]),
  ...(command.notes === undefined ? [] : ["", ...command.notes.flatMap((note) => text(note, page))]),
  ...(command.examples.length === 0
    ? []
    : ["", page.style.bold("Examples"), ...command.examples.flatMap((each) => exampleLines(each, page))]),
];

/** The line is there to be copied, so it is never broken. */
const exampleLines = ({ line, what }: Command["examples"][number], { columns, style }: Page) => [
  `  ${style.cyan(line)}`,
  ...hangingWhole("      ", what, columns),
];

const optionLines = (options: readonly CommandOption[], page: Page): readonly string[] =>
  tableLines(
    options.map(({ name, value, summary }) => ({
      form: `--${name}${value === undefined ? "" : ` ${value}`}`,
      summary,
    })),
    page,
  );
