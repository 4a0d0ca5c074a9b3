import fc from "fast-check";
import { expect, test } from "vitest";
import { caseCount } from "#test/kit/cases.ts";
import { inPolicy, lower } from "./kit.ts";

/** What a random condition asks about. */
interface World {
  readonly path: string;
  readonly count: number;
  readonly dry: boolean;
}

/** A condition as text beside what it means. */
interface Said {
  readonly text: string;
  readonly holds: (world: World) => boolean;
}

const TEXTS = ["a", "b", "ab"];
const NUMBERS = [-1, 0, 1, 2, 3];
const WORLDS: readonly World[] = [...TEXTS, "c"].flatMap((path) =>
  // One more at both ends than any literal names.
  [-2, ...NUMBERS, 4].flatMap((count) => [true, false].map((dry) => ({ path, count, dry }))),
);

const text = fc.constantFrom(...TEXTS);
const number = fc.constantFrom(...NUMBERS);

const leaf: fc.Arbitrary<Said> = fc.oneof(
  fc.boolean().map((value): Said => ({ text: String(value), holds: () => value })),
  fc.constant<Said>({ text: "dry", holds: ({ dry }) => dry }),
  fc.tuple(text, fc.boolean()).map(([value, turned]): Said => ({
    text: turned ? `"${value}" == path` : `path != "${value}"`,
    holds: ({ path }) => (path === value) === turned,
  })),
  fc.uniqueArray(text, { minLength: 1 }).map((values): Said => ({
    text: `path in ${JSON.stringify(values)}`,
    holds: ({ path }) => values.includes(path),
  })),
  fc.tuple(text, fc.constantFrom("starts_with", "ends_with", "contains")).map(([value, method]): Said => ({
    text: `path.${method}("${value}")`,
    holds: ({ path }) =>
      method === "contains"
        ? path.includes(value)
        : method === "ends_with"
          ? path.endsWith(value)
          : path.startsWith(value),
  })),
  fc
    .tuple(number, fc.constantFrom("<", "<=", ">", ">=", "=="), fc.boolean())
    .map(([value, operator, turned]): Said => ({
      text: turned ? `${value} ${operator} count` : `count ${operator} ${value}`,
      holds: ({ count }) => compare(operator, turned ? value : count, turned ? count : value),
    })),
);

const compare = (operator: string, left: number, right: number): boolean => {
  if (operator === "==") return left === right;
  if (operator.startsWith("<")) return left < right || (operator === "<=" && left === right);
  return left > right || (operator === ">=" && left === right);
};

const { condition } = fc.letrec<{ condition: Said }>((again) => ({
  condition: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    again("condition").map((one): Said => ({
      text: `!(${one.text})`,
      holds: (world) => !one.holds(world),
    })),
    fc
      .tuple(again("condition"), fc.constantFrom("&&", "||"), again("condition"))
      .map(([left, operator, right]): Said => ({
        text: `(${left.text}) ${operator} (${right.text})`,
        holds: (world) =>
          operator === "&&"
            ? left.holds(world) && right.holds(world)
            : left.holds(world) || right.holds(world),
      })),
  ),
}));

test("a condition that is said never to hold holds for nothing", () => {
  let found = 0;
  fc.assert(
    fc.property(condition, (said) => {
      const { problems } = lower(inPolicy(`deny: read_file(path) if ${said.text}`));
      if (!problems.some(({ code }) => code === "WRIT085")) return;
      found += 1;
      expect(WORLDS.filter(said.holds), said.text).toEqual([]);
    }),
    { numRuns: caseCount(400) },
  );
  expect(found).toBeGreaterThan(5);
});
