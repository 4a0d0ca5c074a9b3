/**
 * The part of a suite that holds an answer to its schema: a reader of JSON Schema 2020-12 that walks the schema
 * as data, so that nothing a document says is ever compiled. It knows the keywords that the registry keeps.
 */
export const SUITE_SCHEMA = `type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What is wrong with a value, and which of its names and items a schema has spoken of. */
interface Seen {
  wrong: string[];
  names: Set<string>;
  items: Set<number>;
}

const isObject = (value: Json | undefined): value is { [name: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const own = (object: { [name: string]: Json }, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** Equal JSON values have equal texts, and others have others. */
const textOf = (value: Json): string =>
  JSON.stringify(value, (_, each: Json) =>
    isObject(each) ? { "": Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1)) } : each,
  );

const isOfType = (value: Json, type: Json): boolean => {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  return type === "null" ? value === null : typeof value === type;
};

/** As written, with escapes taken away that mean nothing, or without the \`u\` flag: what compiles first. */
const expression = (source: string): RegExp => {
  const plain = source.replace(/\\\\([-_ @#%&=:;"'<>,!~\`])/g, (_, sign: string) => (sign === "-" ? "\\\\x2d" : sign));
  for (const [text, flags] of [[source, "u"], [plain, "u"], [source, ""]] as const) {
    try {
      return new RegExp(text, flags);
    } catch {
      // The next one is more lenient.
    }
  }
  return /(?:)/;
};

const isDate = (text: string): boolean => {
  const [year = 0, month = 0, day = 0] = (/^(\\d{4})-(\\d{2})-(\\d{2})$/.exec(text) ?? []).slice(1).map(Number);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && !isLeap ? 28 : ([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0);
  return day >= 1 && day <= days;
};

const isDateTime = (text: string): boolean => {
  const parts = /^(\\d{4}-\\d{2}-\\d{2})[t ](\\d{2}):(\\d{2}):(\\d{2})(?:\\.\\d+)?(?:z|[+-]\\d{2}:?\\d{2})$/i.exec(text);
  const [hour = 24, minute = 60, second = 61] = (parts ?? []).slice(2, 5).map(Number);
  return isDate(parts?.[1] ?? "") && hour <= 23 && minute <= 59 && second <= 60;
};

/** Formats on the lenient side; one that is not here says nothing. */
const formats: { [name: string]: (text: string) => boolean } = {
  date: isDate,
  "date-time": isDateTime,
  uuid: (text) => /^(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  email: (text) => /^[^\\s@]+@[^\\s@]+$/.test(text),
  ipv4: (text) => /^\\d{1,3}(?:\\.\\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255),
  ipv6: (text) => /^[0-9a-f:.]{2,45}(?:%[0-9a-z]+)?$/i.test(text) && text.includes(":"),
  uri: (text) => /^[a-z][a-z0-9+.-]*:[^\\s<>"{}|\\\\^\`]*$/i.test(text),
};

const judge = (schema: Json, value: Json, at = ""): Seen => {
  const seen: Seen = { wrong: [], names: new Set(), items: new Set() };
  const fail = (what: string): void => void seen.wrong.push(\`\${at === "" ? "the answer" : at} \${what}\`);
  if (schema === false) fail("is not allowed");
  if (!isObject(schema)) return seen;
  const has = (keyword: string): boolean => Object.hasOwn(schema, keyword);
  const number = (keyword: string): number | undefined => {
    const said = own(schema, keyword);
    return typeof said === "number" ? said : undefined;
  };
  const list = (keyword: string): Json[] => {
    const said = own(schema, keyword);
    return Array.isArray(said) ? said : [];
  };
  const entries = (keyword: string): [string, Json][] => Object.entries(own(schema, keyword) ?? {});
  const learn = ({ names, items }: Seen): void => {
    for (const name of names) seen.names.add(name);
    for (const item of items) seen.items.add(item);
  };
  /** Holds the same value to another schema. */
  const apply = (other: Json): boolean => {
    const inner = judge(other, value, at);
    seen.wrong.push(...inner.wrong);
    if (inner.wrong.length === 0) learn(inner);
    return inner.wrong.length === 0;
  };
  /** Whether the value is one of the other schema, and if so what that has spoken of. */
  const matches = (other: Json): boolean => {
    const inner = judge(other, value, at);
    if (inner.wrong.length === 0) learn(inner);
    return inner.wrong.length === 0;
  };

  const reference = own(schema, "$ref");
  if (typeof reference === "string") apply(own(schemas, reference.replace("#/$defs/", "")) ?? true);
  for (const each of list("allOf")) apply(each);
  if (has("anyOf") && list("anyOf").filter(matches).length === 0) fail("fits none of its alternatives");
  if (has("oneOf") && list("oneOf").filter(matches).length !== 1) fail("does not fit exactly one of its alternatives");
  if (has("not") && judge(own(schema, "not") ?? true, value).wrong.length === 0) fail("is what it must not be");
  if (has("if")) apply((matches(own(schema, "if") ?? true) ? own(schema, "then") : own(schema, "else")) ?? true);

  const types = [own(schema, "type") ?? []].flat();
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) fail(\`is not of the type \${types.join(" or ")}\`);
  if (has("enum") && !list("enum").some((each) => textOf(each) === textOf(value))) fail("is none of the listed values");
  if (has("const") && textOf(own(schema, "const") ?? null) !== textOf(value)) fail("is not the one value it may be");

  if (typeof value === "number") {
    if (value < (number("minimum") ?? -Infinity)) fail("is too small");
    if (value > (number("maximum") ?? Infinity)) fail("is too large");
    if (value <= (number("exclusiveMinimum") ?? -Infinity)) fail("is too small");
    if (value >= (number("exclusiveMaximum") ?? Infinity)) fail("is too large");
    const times = value / (number("multipleOf") ?? value);
    if (Math.abs(Math.round(times) - times) > 1e-8) fail("is not a multiple");
  }
  if (typeof value === "string") {
    const { length } = [...value];
    if (length < (number("minLength") ?? 0)) fail("is too short");
    if (length > (number("maxLength") ?? Infinity)) fail("is too long");
    const pattern = own(schema, "pattern");
    if (typeof pattern === "string" && !expression(pattern).test(value)) fail("does not match its pattern");
    const format = own(schema, "format");
    if (typeof format === "string" && Object.hasOwn(formats, format) && formats[format]?.(value) === false) {
      fail(\`is no \${format}\`);
    }
  }
  if (Array.isArray(value)) {
    if (value.length < (number("minItems") ?? 0)) fail("has too few items");
    if (value.length > (number("maxItems") ?? Infinity)) fail("has too many items");
    if (own(schema, "uniqueItems") === true && new Set(value.map(textOf)).size < value.length) fail("has an item twice");
    const items = (other: Json, from: number, isLeft = (_: number): boolean => true): void => {
      for (const [index, item] of value.entries()) {
        if (index < from || !isLeft(index)) continue;
        seen.wrong.push(...judge(other, item, \`\${at}/\${index}\`).wrong);
        seen.items.add(index);
      }
    };
    const tuple = list("prefixItems");
    for (const [index, other] of tuple.entries()) {
      const item = value[index];
      if (item === undefined) break;
      seen.wrong.push(...judge(other, item, \`\${at}/\${index}\`).wrong);
      seen.items.add(index);
    }
    if (has("items")) items(own(schema, "items") ?? true, tuple.length);
    if (has("contains")) {
      const found = [...value.keys()].filter((index) => judge(own(schema, "contains") ?? true, value[index] ?? null).wrong.length === 0);
      for (const index of found) seen.items.add(index);
      if (found.length < (number("minContains") ?? 1)) fail("lacks an item that it has to contain");
      if (found.length > (number("maxContains") ?? Infinity)) fail("contains too many items of a kind");
    }
    if (has("unevaluatedItems")) {
      const spoken = new Set(seen.items);
      items(own(schema, "unevaluatedItems") ?? true, 0, (index) => !spoken.has(index));
    }
  }
  if (isObject(value)) {
    const names = Object.keys(value);
    if (names.length < (number("minProperties") ?? 0)) fail("has too few properties");
    if (names.length > (number("maxProperties") ?? Infinity)) fail("has too many properties");
    const require = (needed: Json): void => {
      for (const name of [needed].flat()) {
        if (typeof name === "string" && !Object.hasOwn(value, name)) fail(\`lacks \${JSON.stringify(name)}\`);
      }
    };
    require(list("required"));
    for (const [name, needed] of entries("dependentRequired")) if (Object.hasOwn(value, name)) require(needed);
    for (const [name, other] of entries("dependentSchemas")) if (Object.hasOwn(value, name)) apply(other);
    const property = (name: string, other: Json): void => {
      seen.wrong.push(...judge(other, own(value, name) ?? null, \`\${at}/\${name}\`).wrong);
      seen.names.add(name);
    };
    const here = new Set<string>();
    for (const [name, other] of entries("properties")) {
      if (!Object.hasOwn(value, name)) continue;
      here.add(name);
      property(name, other);
    }
    for (const [pattern, other] of entries("patternProperties")) {
      for (const name of names.filter((each) => expression(pattern).test(each))) {
        here.add(name);
        property(name, other);
      }
    }
    for (const name of names) {
      if (has("propertyNames")) seen.wrong.push(...judge(own(schema, "propertyNames") ?? true, name, \`\${at}/\${name}\`).wrong);
      if (has("additionalProperties") && !here.has(name)) property(name, own(schema, "additionalProperties") ?? true);
    }
    if (has("unevaluatedProperties")) {
      const spoken = new Set(seen.names);
      for (const name of names.filter((each) => !spoken.has(each))) property(name, own(schema, "unevaluatedProperties") ?? true);
    }
  }
  return seen;
};

/** A pattern can take for ever on a text that a server chooses; a test fails before vitest gives it up. */
const judgingMs = 3_000;

/** At most five mistakes; none for a value so deep that looking at it runs out of stack. */
const mistakesOf = (schema: string, value: Json): string[] => {
  const mistakes = (): string[] => {
    try {
      return judge(own(schemas, schema) ?? true, value).wrong.slice(0, 5);
    } catch (error) {
      if (error instanceof RangeError) return [];
      throw error;
    }
  };
  try {
    // Nothing but a script of \`vm\` is ended in the midst of a pattern; what it calls is this file's own.
    return runInNewContext("mistakes()", { mistakes }, { timeout: judgingMs }) as string[];
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new Error(\`the answer took more than \${judgingMs} ms to judge: see the patterns of its schema\`);
  }
};`;
