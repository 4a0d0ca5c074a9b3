/**
 * Texts of formats at a length of one's own choosing, in signs, that every reading of the format allows; undefined
 * where there is none of that length that one could be sure of.
 *
 * The formats are those of JSON Schema 2020-12 (section 7.3 of its validation part) and of OpenAPI's format
 * registry that are texts.
 */
export type TextOfLength = (length: number) => string | undefined;

/** A fixed beginning and end with a sign between them as often as it takes. */
const stretched =
  (before: string, sign: string, after: string, { least = 0, most = Infinity } = {}): TextOfLength =>
  (length) => {
    const times = length - before.length - after.length;
    return times < least || times > most ? undefined : `${before}${sign.repeat(times)}${after}`;
  };

const oneOf =
  (...texts: readonly string[]): TextOfLength =>
  (length) =>
    texts.find((text) => text.length === length);

const firstOf =
  (...makers: readonly TextOfLength[]): TextOfLength =>
  (length) => {
    for (const make of makers) {
      const text = make(length);
      if (text !== undefined) return text;
    }
    return undefined;
  };

/** Letters that stand for whole bytes: four signs are three bytes, and no padding is left to opinion. */
const base64: TextOfLength = (length) =>
  length > 0 && length % 4 === 0 ? "YWRh".repeat(length / 4) : undefined;

/** As large as any reader of such numbers takes them. */
const digits = (most: number): TextOfLength => stretched("1", "0", "", { most: most - 1 });

const uri = firstOf(
  stretched("https://example.com/", "a", ""),
  stretched("http://a.example/", "a", ""),
  oneOf("http://a.co"),
);

/** RFC 1035 allows 63 signs between two dots. */
const hostname = firstOf(
  oneOf("example.com"),
  stretched("", "a", ".com", { least: 1, most: 63 }),
  stretched(`${"a".repeat(60)}.`, "a", ".com", { least: 1, most: 63 }),
);

const email = firstOf(
  oneOf("ada@example.com"),
  // RFC 5321 allows 64 signs before the `@`.
  stretched("", "a", "@example.com", { least: 1, most: 64 }),
  stretched("", "a", "@b.co", { least: 1, most: 64 }),
);

const reference = stretched("/", "a", "");

const MOMENT = "2024-05-17T09:30:00";

/** Fractions of three digits at most, which is what every reader of RFC 3339 keeps. */
const thousandths = (moment: string, zone: string): TextOfLength =>
  firstOf(oneOf(`${moment}${zone}`), stretched(`${moment}.`, "5", zone, { least: 1, most: 3 }));

export const FORMAT_TEXTS: ReadonlyMap<string, TextOfLength> = new Map([
  ["base64url", base64],
  ["byte", base64],
  ["char", oneOf("a")],
  ["date", oneOf("2024-05-17")],
  ["date-time", thousandths(MOMENT, "Z")],
  ["date-time-local", oneOf(MOMENT)],
  ["decimal", digits(9)],
  ["decimal128", digits(9)],
  ["double", digits(9)],
  ["duration", firstOf(oneOf("PT1H", "P1D"), stretched("PT1", "0", "S", { most: 3 }))],
  ["email", email],
  ["float", digits(6)],
  ["hostname", hostname],
  ["idn-email", email],
  ["idn-hostname", hostname],
  ["int16", digits(4)],
  ["int32", digits(9)],
  ["int64", digits(15)],
  ["int8", digits(2)],
  [
    "ipv4",
    oneOf("192.0.2.17", "192.0.2.1", "192.0.2.117", "198.51.100.1", "198.51.100.17", "198.51.100.117"),
  ],
  ["ipv6", oneOf("2001:db8::17", "2001:db8::1", "::1")],
  ["iri", uri],
  ["iri-reference", reference],
  ["json-pointer", reference],
  ["media-range", oneOf("text/plain")],
  ["regex", stretched("", "a", "", { least: 1 })],
  ["relative-json-pointer", firstOf(oneOf("0"), stretched("0/", "a", "", { least: 1 }))],
  ["time", thousandths("09:30:00", "Z")],
  ["time-local", oneOf("09:30:00")],
  ["uint16", digits(4)],
  ["uint32", digits(9)],
  ["uint64", digits(15)],
  ["uint8", digits(2)],
  ["uri", uri],
  ["uri-reference", reference],
  ["uri-template", reference],
  ["uuid", oneOf("3fa85f64-5717-4562-b3fc-2c963f66afa6")],
]);

/** Formats that say how a text is shown or kept, and not how it has to look. */
export const FREE_FORMATS: ReadonlySet<string> = new Set([
  "binary",
  "commonmark",
  "markdown",
  "password",
  "string",
  "text",
]);
