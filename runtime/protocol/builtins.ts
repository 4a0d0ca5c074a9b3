/*
 * The pure builtins of agent bodies: no effect, no clock, no chance. The language resolves calls
 * against this table and the interpreter implements exactly it.
 */

export interface BuiltinDescriptor {
  readonly name: string;
  /** Inclusive bounds on the number of positional arguments. */
  readonly arity: readonly [min: number, max: number];
  readonly signature: string;
  readonly summary: string;
}

const builtin = (
  name: string,
  arity: readonly [number, number],
  signature: string,
  summary: string,
): BuiltinDescriptor => ({
  name,
  arity,
  signature,
  summary,
});

export const BUILTINS: readonly BuiltinDescriptor[] = [
  builtin(
    "len",
    [1, 1],
    "len(value)",
    "Number of characters (UTF-16 code units) of a string, of items of a list, of fields of a record.",
  ),
  builtin("length", [1, 1], "length(value)", "The same as len."),
  builtin("upper", [1, 1], "upper(text)", "The text in upper case, independent of locale."),
  builtin("lower", [1, 1], "lower(text)", "The text in lower case, independent of locale."),
  builtin("trim", [1, 1], "trim(text)", "The text without white space at both ends."),
  builtin(
    "split",
    [2, 2],
    "split(text, separator)",
    "The parts of a text between separators; an empty separator is an error.",
  ),
  builtin("join", [2, 2], "join(list, separator)", "The texts of a list with a separator between them."),
  builtin(
    "contains",
    [2, 2],
    "contains(value, part)",
    "Whether a text holds a text, a list an equal item, a record a field of that name.",
  ),
  builtin("starts_with", [2, 2], "starts_with(text, start)", "Whether a text begins with another."),
  builtin("ends_with", [2, 2], "ends_with(text, end)", "Whether a text ends with another."),
  builtin("replace", [3, 3], "replace(text, part, by)", "The text with every occurrence of a part replaced."),
  builtin(
    "format",
    [1, 32],
    "format(template, ...)",
    "Each `{}` of the template replaced by the next argument; too few or too many is an error.",
  ),
  builtin("to_string", [1, 1], "to_string(value)", "A text as it is, any other value as canonical JSON."),
  builtin("to_number", [1, 1], "to_number(text)", "The number that a decimal text says, or null."),
  builtin(
    "parse_json",
    [1, 1],
    "parse_json(text)",
    "The value of a JSON text; malformed text ends the run with the reason.",
  ),
  builtin("to_json", [1, 1], "to_json(value)", "The canonical JSON text of a value."),
  builtin("keys", [1, 1], "keys(record)", "The field names of a record, sorted by code units."),
  builtin("values", [1, 1], "values(record)", "The field values of a record in the order of keys."),
  builtin(
    "range",
    [1, 2],
    "range(end) or range(start, end)",
    "The integers from start (0) up to but not including end; at most 100,000.",
  ),
  builtin("append", [2, 2], "append(list, item)", "A new list with the item behind the others."),
  builtin(
    "sort",
    [1, 1],
    "sort(list)",
    "A new list of numbers or of texts (by code units) in ascending order.",
  ),
  builtin("min", [1, 2], "min(list) or min(a, b)", "The smallest number."),
  builtin("max", [1, 2], "max(list) or max(a, b)", "The largest number."),
  builtin("abs", [1, 1], "abs(number)", "The number without its sign."),
  builtin("round", [1, 1], "round(number)", "The nearest integer, halves away from zero."),
  builtin("floor", [1, 1], "floor(number)", "The largest integer not above the number."),
  builtin("type_of", [1, 1], "type_of(value)", "`null`, `bool`, `number`, `string`, `list` or `record`."),
  builtin("print", [0, 32], "print(...)", "Shows the values to whoever watches the run; null."),
  builtin(
    "log",
    [2, 2],
    "log(level, text)",
    "Shows a text with a level (DEBUG, INFO, WARNING, ERROR, CRITICAL) to whoever watches the run; null.",
  ),
  builtin("error", [1, 1], "error(text)", "Ends the run as failed with the text as reason."),
];

/** Methods of values: `text.upper()` is the builtin `upper(text)`; the receiver is the first argument. */
export const METHODS: readonly string[] = [
  "len",
  "length",
  "upper",
  "lower",
  "trim",
  "split",
  "join",
  "contains",
  "starts_with",
  "ends_with",
  "replace",
  "keys",
  "values",
  "append",
  "sort",
];

/**
 * `reason(system, user)` runs the loop with the model; named `max_iterations` and `max_tokens`
 * only narrow the run's limits. It returns `{ response, iterations, total_tokens, termination_reason }`.
 */
export const REASON_PARAMETERS: readonly string[] = ["system", "user", "max_iterations", "max_tokens"];
