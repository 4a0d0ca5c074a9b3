import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";

import type { JsonValue } from "#kernel/json.ts";

import { countInnerErrors, type InnerParams } from "./inner-errors.ts";
import { equalText } from "./equal.ts";
import { FORMATS } from "./formats.ts";
import { compilePattern } from "./pattern.ts";
import type { Direction, SchemaRef, SchemaRegistry } from "./registry.ts";
import { schemaPointers } from "./schema-pointers.ts";

/** One rule that a value breaks. */
export interface BrokenRule {
  readonly keyword: string;
  /** JSON pointer of the value that breaks it. */
  readonly at: string;
  /** For `required`: the missing name. For properties that are not allowed: the name. */
  readonly name: string | undefined;
  readonly message: string;
}

/** A rule that a value breaks, as one of all that are broken, in the order in which they were found. */
export interface BrokenAt {
  readonly rule: BrokenRule;
  /** The schema that has the rule; undefined for `false`, of which there is one everywhere. */
  readonly schema: SchemaRef | undefined;
  /** What breaks it. */
  readonly value: JsonValue;
  /** For `oneOf` and `anyOf`, `contains` and `propertyNames`: which of the rules before this one are those inside. */
  readonly inner: InnerParams | undefined;
}

/** Longest schema that is compared with others. */
const LIKE_CHARACTERS_MAX = 1_000;

/**
 * Says which rules of a schema a value breaks. It knows nothing of how values are generated, so the two do
 * not share mistakes. Each schema is compiled once.
 */
export class SchemaJudge {
  private readonly ajv: Ajv2020;
  private readonly registry: SchemaRegistry;
  private readonly validators = new Map<string, Like>();
  private readonly likeValidators = new Map<string, Like>();
  private readonly pointers = new Map<Direction, ReadonlyMap<object, string>>();

  constructor(registry: SchemaRegistry) {
    this.registry = registry;
    this.ajv = new Ajv2020({
      // A document is not ours to be strict with; what is unknown in it was told already.
      strict: false,
      validateSchema: false,
      logger: false,
      allErrors: true,
      // An error has the schema that says the rule, and the value.
      verbose: true,
      // `required: ["toString"]` is not met by a prototype.
      ownProperties: true,
      // 19.99 is a multiple of 0.01, whatever binary fractions say.
      multipleOfPrecision: 8,
      // Its optimiser drops branches that are never taken, and with them the variables that are read behind them.
      code: { regExp: patternEngine, optimize: false },
    });
    for (const definition of EQUALITY) this.ajv.removeKeyword(definition.keyword).addKeyword(definition);
    countInnerErrors(this.ajv);
    for (const [name, validate] of FORMATS) this.ajv.addFormat(name, validate);
    for (const direction of ["request", "response"] as const) {
      this.ajv.addSchema(registry.root(direction), uriOf(direction));
    }
  }

  /** The rules that a value breaks with where they are said, those in branches of `oneOf` and `anyOf` among them. */
  brokenAt(ref: SchemaRef, value: JsonValue): readonly BrokenAt[] {
    const { validate, ref: origin } = this.validatorOf(ref);
    if (validate(value)) return [];
    const pointers = this.pointersOf(origin.direction);
    return (validate.errors ?? []).map((error) => {
      const pointer = pointers.get(error.parentSchema as object);
      return {
        rule: brokenRuleOf(error),
        schema:
          pointer === undefined
            ? undefined
            : { ...ref, pointer: keyOf(origin) === keyOf(ref) ? pointer : rebased(pointer, origin, ref) },
        value: error.data as JsonValue,
        inner: innerOf(error),
      };
    });
  }

  isValid(ref: SchemaRef, value: JsonValue): boolean {
    return this.validatorOf(ref).validate(value);
  }

  private pointersOf(direction: Direction): ReadonlyMap<object, string> {
    const known = this.pointers.get(direction);
    if (known !== undefined) return known;
    const pointers = schemaPointers(this.registry.root(direction));
    this.pointers.set(direction, pointers);
    return pointers;
  }

  /** Documents say the same small things in many places, and compiling is what takes the time. */
  private validatorOf(ref: SchemaRef): Like {
    const known = this.validators.get(keyOf(ref));
    if (known !== undefined) return known;
    const text = this.textOf(ref);
    const like = (text === undefined ? undefined : this.likeValidators.get(text)) ?? {
      ref,
      validate: this.ajv.compile({ $ref: `${uriOf(ref.direction)}#${fragmentOf(ref)}` }),
    };
    this.validators.set(keyOf(ref), like);
    if (text !== undefined) this.likeValidators.set(text, like);
    return like;
  }

  /** What a schema says, where that is short and all there is. */
  private textOf(ref: SchemaRef): string | undefined {
    const text = JSON.stringify(this.registry.at(ref));
    return text.length > LIKE_CHARACTERS_MAX || text.includes('"$ref"') ? undefined : text;
  }
}

/** A validator, and the schema that it was compiled of. */
interface Like {
  readonly ref: SchemaRef;
  readonly validate: ValidateFunction;
}

/**
 * The validator's own comparison asks values for their `constructor`, `valueOf` and `toString`, which a
 * server may answer as names of its own. So the keywords that compare values are ours.
 */
const EQUALITY = [
  {
    keyword: "const",
    error: { message: "must be equal to constant" },
    compile: (wanted: JsonValue) => {
      const text = equalText(wanted);
      return (value: JsonValue): boolean => equalText(value) === text;
    },
  },
  {
    keyword: "enum",
    schemaType: "array" as const,
    error: { message: "must be equal to one of the allowed values" },
    compile: (listed: readonly JsonValue[]) => {
      const texts = new Set(listed.map(equalText));
      return (value: JsonValue): boolean => texts.has(equalText(value));
    },
  },
  {
    keyword: "uniqueItems",
    type: "array" as const,
    schemaType: "boolean" as const,
    error: { message: "must not have the same item twice" },
    compile:
      (isUnique: boolean) =>
      (items: readonly JsonValue[]): boolean =>
        !isUnique || new Set(items.map(equalText)).size === items.length,
  },
];

const keyOf = ({ direction, pointer }: SchemaRef): string => `${direction} ${pointer}`;

const fragmentOf = ({ pointer }: SchemaRef): string => encodeURI(pointer).replaceAll("#", "%23");

const uriOf = (direction: Direction): string => `writ:${direction}`;

/** Patterns were compiled when the schema was taken in; the ladder decides about flags, not the validator. */
const patternEngine = Object.assign(
  (pattern: string): RegExp => compilePattern(pattern) ?? /(?:)/u,
  // Only read where validators are written to files, which none is.
  { code: "" },
);

const brokenRuleOf = ({ keyword, instancePath, params, message }: ErrorObject): BrokenRule => {
  const named = params as { readonly missingProperty?: unknown; readonly additionalProperty?: unknown };
  const name = named.missingProperty ?? named.additionalProperty;
  return {
    keyword,
    at: instancePath,
    name: typeof name === "string" ? name : undefined,
    message: message ?? keyword,
  };
};

/** A place in one schema as the place in another that says the same. */
const rebased = (pointer: string, from: SchemaRef, to: SchemaRef): string =>
  to.pointer + pointer.slice(from.pointer.length);

const innerOf = ({ params }: ErrorObject): InnerParams | undefined =>
  "inside" in params ? (params as InnerParams) : undefined;
