import { concatBytes, utf8 } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Dice } from "./dice.ts";
import type { Forged, LogFiles, PlacedText } from "./forge.ts";
import {
  changed,
  linesOf,
  parse,
  rechained,
  resigned,
  sealed,
  signed,
  treeRoot,
  withLines,
} from "./forge.ts";
import type { SampleLog } from "./sample-logs.ts";

/** What a way of tampering makes of a sample; what is absent stays. */
interface Change {
  readonly files?: LogFiles;
  readonly anchor?: Uint8Array;
}

/** One way of tampering. */
export interface Way {
  readonly name: string;
  readonly change: (sample: SampleLog, dice: Dice, samples: readonly SampleLog[]) => Change;
}

const onBytes = (name: string, change: (bytes: Uint8Array, dice: Dice) => Uint8Array): Way => ({
  name,
  change: (sample, dice) => {
    const names = [...sample.files.keys()].sort();
    // Lines are where the variety is, so they are hit more often than sealed bytes.
    const lines = names.filter((name) => name.endsWith(".jsonl"));
    const file = dice.pick(dice.roll(3) === 0 ? names : lines);
    const bytes = new Uint8Array(sample.files.get(file) ?? []);
    return { files: new Map([...sample.files, [file, change(bytes, dice)]]) };
  },
});

const onLines = (
  name: string,
  change: (lines: PlacedText[], dice: Dice, sample: SampleLog) => readonly PlacedText[],
): Way => ({
  name,
  change: (sample, dice) => ({
    files: withLines(sample.files, change(linesOf(sample.files), dice, sample)),
  }),
});

/** A piece of some bytes, at most `lengthMax` long. */
const piece = (bytes: Uint8Array, dice: Dice, lengthMax: number): readonly [from: number, to: number] => {
  const from = dice.roll(bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + dice.roll(lengthMax))];
};

const randomBytes = (dice: Dice, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => dice.roll(256));

const FOREIGN = { workspace: new Uint8Array(32).fill(0xaa), writer: new Uint8Array(32).fill(0xbb) };

export const WAYS: readonly Way[] = [
  onBytes("one bit", (bytes, dice) => {
    if (bytes.length === 0) return bytes;
    const at = dice.roll(bytes.length);
    return bytes.with(at, (bytes[at] ?? 0) ^ (1 << dice.roll(8)));
  }),
  onBytes("one byte", (bytes, dice) =>
    bytes.length === 0 ? bytes : bytes.with(dice.roll(bytes.length), dice.roll(256)),
  ),
  onBytes("a digit or letter", (bytes, dice) => {
    const letters = [...bytes.keys()].filter((at) => /[0-9a-z]/.test(String.fromCharCode(bytes[at] ?? 0)));
    if (letters.length === 0) return bytes;
    return bytes.with(dice.pick(letters), utf8(dice.pick("0123456789abcdefz".split("")))[0] ?? 0);
  }),
  onBytes("several bytes", (bytes, dice) => {
    for (let times = 2 + dice.roll(7); times > 0 && bytes.length > 0; times -= 1) {
      bytes[dice.roll(bytes.length)] = dice.roll(256);
    }
    return bytes;
  }),
  onBytes("a stretch overwritten", (bytes, dice) => {
    const [from, to] = piece(bytes, dice, 64);
    bytes.set(randomBytes(dice, to - from), from);
    return bytes;
  }),
  onBytes("bytes inserted", (bytes, dice) => {
    const at = dice.roll(bytes.length + 1);
    const more = randomBytes(dice, 1 + dice.roll(32));
    return concatBytes(bytes.subarray(0, at), more, bytes.subarray(at));
  }),
  onBytes("bytes deleted", (bytes, dice) => {
    const [from, to] = piece(bytes, dice, 200);
    return concatBytes(bytes.subarray(0, from), bytes.subarray(to));
  }),
  onBytes("a stretch repeated", (bytes, dice) => {
    const [from, to] = piece(bytes, dice, 2_000);
    return concatBytes(bytes.subarray(0, to), bytes.subarray(from));
  }),
  onBytes("two stretches exchanged", (bytes, dice) => {
    const length = Math.min(1 + dice.roll(40), Math.floor(bytes.length / 2));
    const first = dice.roll(bytes.length - 2 * length + 1);
    const second = first + length + dice.roll(bytes.length - first - 2 * length + 1);
    const [left, right] = [bytes.slice(first, first + length), bytes.slice(second, second + length)];
    bytes.set(right, first);
    bytes.set(left, second);
    return bytes;
  }),
  onBytes("cut off", (bytes, dice) => bytes.slice(0, dice.roll(bytes.length + 1))),
  onBytes("something behind", (bytes, dice) => concatBytes(bytes, randomBytes(dice, 1 + dice.roll(100)))),
  onBytes("zeros, as after a power cut", (bytes, dice) => {
    const [from, to] = piece(bytes, dice, 4_096);
    return bytes.fill(0, from, to);
  }),

  onLines("a line deleted", (lines, dice) => lines.toSpliced(dice.roll(lines.length), 1)),
  onLines("lines deleted", (lines, dice) =>
    lines.toSpliced(dice.roll(lines.length), 1 + dice.roll(lines.length)),
  ),
  onLines("a line repeated", (lines, dice) =>
    lines.toSpliced(dice.roll(lines.length + 1), 0, dice.pick(lines)),
  ),
  onLines("two lines exchanged", (lines, dice) => {
    const [left, right] = [dice.roll(lines.length), dice.roll(lines.length)];
    return lines.with(left, lines[right] ?? dice.pick(lines)).with(right, lines[left] ?? dice.pick(lines));
  }),
  onLines("a line moved", (lines, dice) => {
    const [line] = lines.splice(dice.roll(lines.length), 1);
    return line === undefined ? lines : lines.toSpliced(dice.roll(lines.length + 1), 0, line);
  }),
  onLines("lines in reverse", (lines, dice) => {
    const from = dice.roll(lines.length);
    const to = from + 2 + dice.roll(lines.length);
    return [...lines.slice(0, from), ...lines.slice(from, to).reverse(), ...lines.slice(to)];
  }),
  onLines("rolled back to an earlier commit", (lines, dice) => {
    const commits = lines.flatMap(({ text }, index) => (isCommit(text) ? index : []));
    return lines.slice(0, dice.pick(commits) + 1);
  }),
  onLines("the end without its commit", (lines, dice) => lines.slice(0, -1 - dice.roll(3))),
  onLines("a line chained on behind the end", (lines, dice) => {
    const copy = changed(dice.pick(lines), (entry) => {
      entry["seq"] = lines.length;
      entry["content"] = [];
    });
    return rechained([...lines, copy], lines.length);
  }),

  onLines("another form of the same value", (lines, dice) => {
    const at = dice.roll(lines.length);
    const { file, text } = lines[at] ?? dice.pick(lines);
    return lines.with(at, { file, text: dice.pick(OTHER_FORMS)(text, dice) });
  }),
  onLines("a value, and the line's hash", (lines, dice) => editOne(lines, dice).lines),
  onLines("a value, and all hashes behind it", (lines, dice) => {
    const edited = editOne(lines, dice);
    return rechained(edited.lines, edited.at);
  }),
  onLines("a value, hashes, and signatures by another writer", (lines, dice) => {
    const edited = editOne(lines, dice);
    return recommitted(rechained(edited.lines, edited.at), edited.at);
  }),
  onLines("a value, hashes and roots, old signatures", (lines, dice) => {
    const edited = editOne(lines, dice);
    return recommitted(rechained(edited.lines, edited.at), edited.at, "keep");
  }),
  onLines("everything made anew with other keys", (lines, dice) => {
    const edited = editOne(lines, dice);
    return resigned(edited.lines, FOREIGN);
  }),

  {
    name: "a line of another log",
    change: (sample, dice, samples) => {
      const lines = linesOf(sample.files);
      const other = dice.pick(linesOf(dice.pick(samples).files));
      const at = dice.roll(lines.length);
      const text =
        dice.roll(2) === 0
          ? other.text
          : changed(other, (entry) => {
              entry["seq"] = at;
              entry["log"] = sample.log;
            }).text;
      const spliced = lines.with(at, { file: lines[at]?.file ?? other.file, text });
      return { files: withLines(sample.files, dice.roll(2) === 0 ? spliced : rechained(spliced, at)) };
    },
  },
  {
    name: "the end of another log",
    change: (sample, dice, samples) => {
      const lines = linesOf(sample.files);
      const other = linesOf(dice.pick(samples).files);
      const at = dice.roll(Math.min(lines.length, other.length));
      const tail = other.slice(at).map(({ text }) => ({ file: lines.at(-1)?.file ?? "", text }));
      return { files: withLines(sample.files, [...lines.slice(0, at), ...tail]) };
    },
  },
  {
    name: "another log in its place",
    change: (_sample, dice, samples) => ({ files: dice.pick(samples).files }),
  },
  {
    name: "a file deleted",
    change: ({ files }, dice) => {
      const gone = dice.pick([...files.keys()].sort());
      return { files: new Map([...files].filter(([name]) => name !== gone)) };
    },
  },
  {
    name: "two files exchanged",
    change: ({ files }, dice) => {
      const [left, right] = [dice.pick([...files.keys()].sort()), dice.pick([...files.keys()].sort())];
      const [a, b] = [files.get(left) ?? new Uint8Array(), files.get(right) ?? new Uint8Array()];
      return { files: new Map([...files, [left, b], [right, a]]) };
    },
  },
  {
    name: "a segment renamed",
    change: ({ files }, dice) => {
      const name = dice.pick([...files.keys()].filter((file) => file.endsWith(".jsonl")).sort());
      const number = String(1 + dice.roll(9)).padStart(6, "0");
      const moved = new Map([...files].filter(([file]) => file !== name));
      return { files: moved.set(`${number}.jsonl`, files.get(name) ?? new Uint8Array()) };
    },
  },
  {
    name: "lines moved into a segment of their own",
    change: ({ files }, dice) => {
      const lines = linesOf(files);
      const last = lines.at(-1)?.file ?? "";
      const next = `${String(Number(last.slice(0, 6)) + 1).padStart(6, "0")}.jsonl`;
      const count = 1 + dice.roll(4);
      const moved = lines.map((line, index) =>
        index < lines.length - count ? line : { ...line, file: next },
      );
      return { files: withLines(new Map([...files, [next, new Uint8Array()]]), moved) };
    },
  },
  {
    name: "the anchor",
    change: ({ anchor }, dice) => {
      const bytes = new Uint8Array(anchor ?? []);
      const at = dice.roll(bytes.length);
      return { anchor: bytes.with(at, (bytes[at] ?? 0) ^ (1 << dice.roll(8))) };
    },
  },
  {
    name: "the anchor of another log",
    change: (sample, dice, samples) => {
      const other = dice.pick(samples);
      return other.log === sample.log || other.anchor === null ? {} : { anchor: other.anchor };
    },
  },
];

const isCommit = (text: string): boolean =>
  /"type":"log\.committed","v":1,"writer":"[0-9a-f]{16}"\}$/.test(text);

/** One value of one line changed, its own hash made right. */
const editOne = (lines: PlacedText[], dice: Dice): { readonly lines: PlacedText[]; readonly at: number } => {
  const at = dice.roll(lines.length);
  const line = lines[at] ?? dice.pick(lines);
  const edited = changed(line, (entry) => {
    const place = dice.pick(placesIn(entry));
    place.set(otherValue(place.value, dice));
  });
  return { lines: lines.with(at, edited), at };
};

interface ValuePlace {
  readonly value: JsonValue;
  readonly set: (value: JsonValue) => void;
}

/** Everything in an entry that can be given another value, its hash left out. */
const placesIn = (object: Record<string, JsonValue>, top = true): readonly ValuePlace[] =>
  Object.entries(object).flatMap(([key, value]) => {
    if (top && key === "hash") return [];
    const here: ValuePlace = {
      value,
      set: (changedValue) => {
        object[key] = changedValue;
      },
    };
    const inside =
      typeof value === "object" && value !== null ? placesIn(value as Record<string, JsonValue>, false) : [];
    return [here, ...inside];
  });

const otherValue = (value: JsonValue, dice: Dice): JsonValue => {
  if (typeof value === "number") return dice.pick([value + 1, Math.max(0, value - 1), 0, dice.roll(1_000)]);
  if (typeof value === "string" && value.length > 0) {
    const at = dice.roll(value.length);
    return value.slice(0, at) + dice.pick("0123456789abcdef_".split("")) + value.slice(at + 1);
  }
  if (value === null) return dice.pick([0, "018bcfe5-6801-7000-8000-00000000000f", ""]);
  if (Array.isArray(value)) return value.length > 0 ? value.slice(1) : ["added"];
  return dice.pick([null, "text", { added: true }]);
};

/** Roots of all commits from `from` on made right; their signatures by a key of one's own, or left as they were. */
const recommitted = (
  lines: readonly PlacedText[],
  from: number,
  signatures: "own" | "keep" = "own",
): PlacedText[] => {
  let current = [...lines];
  for (let at = from; at < current.length; at += 1) {
    const line = current[at];
    if (line === undefined || !isCommit(line.text)) continue;
    const root = Buffer.from(treeRoot(current.slice(0, at).map(({ text }) => utf8(text)))).toString("hex");
    const entry: Forged = parse(line.text);
    const stated: Forged = { ...entry, public: { ...entry.public, root } };
    const text = sealed(signatures === "own" ? signed(stated, FOREIGN.writer) : stated);
    current = rechained(current.with(at, { ...line, text }), at);
  }
  return current;
};

const OTHER_FORMS: readonly ((text: string, dice: Dice) => string)[] = [
  (text) => text.replace(":", ": "),
  (text) => ` ${text}`,
  (text) => `${text} `,
  (text) => `${text}\r`,
  (text) => text.replace(/"seq":([0-9]+)/, '"seq":$1.0'),
  (text) => text.replace(/"seq":([0-9]+)/, '"seq":$1e0'),
  (text) => text.replace(/"seq":([0-9]+)/, '"seq":0,"seq":$1'),
  (text) => text.replace('"v":1', '"v":true'),
  (text) => text.replace('"principal":"H', '"principal":"\\u0048'),
  (text) => text.replace(/"hash":"([0-9a-f]+)"/, (_all, hash: string) => `"hash":"${hash.toUpperCase()}"`),
  (text) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse())),
  (text, dice) => text.slice(0, dice.roll(text.length)),
];
