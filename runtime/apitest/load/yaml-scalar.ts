/** What a plain scalar means in the core schema of YAML 1.2.2 (section 10.3.2). */
export type PlainScalar =
  | { readonly k: "value"; readonly value: null | boolean | number | string }
  /** `.inf` and `.nan`, which JSON cannot hold. */
  | { readonly k: "not-json" };

const DECIMAL = /^[-+]?[0-9]+$/;
const OCTAL = /^0o[0-7]+$/;
const HEXADECIMAL = /^0x[0-9a-fA-F]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const SPECIAL = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** `on`, `yes` and `012` are text, text and twelve: this is 1.2, whatever older readers made of them. */
export const plainScalar = (text: string): PlainScalar => {
  switch (text) {
    case "":
    case "~":
    case "null":
    case "Null":
    case "NULL":
      return { k: "value", value: null };
    case "true":
    case "True":
    case "TRUE":
      return { k: "value", value: true };
    case "false":
    case "False":
    case "FALSE":
      return { k: "value", value: false };
    default:
      break;
  }
  if (OCTAL.test(text) || HEXADECIMAL.test(text)) return numberOf(Number(text));
  if (DECIMAL.test(text) || FLOAT.test(text)) return numberOf(Number(text));
  return SPECIAL.test(text) ? { k: "not-json" } : { k: "value", value: text };
};

const numberOf = (value: number): PlainScalar =>
  Number.isFinite(value) ? { k: "value", value } : { k: "not-json" };
