import type { ApiCredential } from "#protocol/api-test.ts";

import type { Node } from "../load/document-set.ts";
import { childOf, itemsOf, membersOf, textAt } from "../load/document-set.ts";
import type { ModelContext } from "./context.ts";
import type { Parameter, RequiredSecurity } from "./operation.ts";

type Security =
  | ({ readonly k: "needed" } & RequiredSecurity)
  | { readonly k: "left-out"; readonly why: string };

/**
 * What requests of an operation have to bring: the first of its alternatives of which all credentials are at
 * hand. Null where there is nothing to bring: an empty list, or an empty alternative in it, makes it optional.
 */
export const readSecurity = (operation: Node, root: Node, context: ModelContext): Security | null => {
  const node = childOf(operation, "security") ?? childOf(root, "security");
  const alternatives = itemsOf(node).map((alternative) => membersOf(alternative).map(([name]) => name));
  if (node === undefined || alternatives.length === 0) return null;
  if (alternatives.some((names) => names.length === 0)) return null;
  const read = alternatives.map((names) => names.map((name) => readScheme(name, root, context)));
  const complete = read.find((schemes) => schemes.every(({ k }) => k === "at-hand"));
  if (complete !== undefined) {
    const credentials = complete.flatMap((scheme) => (scheme.k === "at-hand" ? [scheme.credential] : []));
    return { k: "needed", node, credentials };
  }
  const possible = read.find((schemes) => schemes.every(({ k }) => k !== "unknown"));
  const missing = possible?.flatMap((scheme) => (scheme.k === "missing" ? [scheme.name] : [])) ?? [];
  const options = missing.map((name) => `\`--credential ${name}=VARIABLE\``).join(" and ");
  const why =
    missing.length === 0
      ? "it needs credentials of a kind that is not sent"
      : `it needs credentials, and ${options} would name the variable of the environment that has one`;
  return { k: "left-out", why };
};

/** Whether a parameter is what a credential is sent as; then nothing is made up for it. */
export const isCredential = ({ place, name }: Parameter, security: RequiredSecurity | null): boolean =>
  security !== null &&
  security.credentials.some(
    (each) => each.place === place && each.name === (place === "header" ? name.toLowerCase() : name),
  );

type Scheme =
  | { readonly k: "at-hand"; readonly credential: ApiCredential }
  | { readonly k: "missing"; readonly name: string }
  | { readonly k: "unknown" };

const UNKNOWN = { k: "unknown" } as const;

/** What OpenAPI lets a component be called, as far as it fits a command line. */
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

const readScheme = (name: string, root: Node, { documents, credentials }: ModelContext): Scheme => {
  const node = childOf(root, "components", "securitySchemes", name);
  const followed = node === undefined ? undefined : documents.follow(node);
  if (!NAME.test(name) || followed?.ok !== true) return UNKNOWN;
  const sent = sentAs(followed.node);
  if (sent === undefined) return UNKNOWN;
  const variable = credentials.find(({ scheme }) => scheme === name)?.variable;
  return variable === undefined
    ? { k: "missing", name }
    : { k: "at-hand", credential: { scheme: name, variable, ...sent } };
};

const sentAs = (scheme: Node): Pick<ApiCredential, "place" | "name" | "form"> | undefined => {
  const name = textAt(scheme, "name") ?? "";
  switch (textAt(scheme, "type")) {
    case "apiKey": {
      const place = (["header", "query", "cookie"] as const).find((each) => each === textAt(scheme, "in"));
      if (place === undefined || !TOKEN.test(name)) return undefined;
      if (place !== "header") return { place, name, form: "plain" };
      const header = name.toLowerCase();
      return NOT_OURS.includes(header) ? undefined : { place, name: header, form: "plain" };
    }
    case "http": {
      const form = (["bearer", "basic"] as const).find(
        (each) => each === textAt(scheme, "scheme")?.toLowerCase(),
      );
      return form === undefined ? undefined : { place: "header", name: "authorization", form };
    }
    default:
      return undefined;
  }
};

/** RFC 9110 section 5.6.2, which cookies and members of a query are held to as well. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** Headers that say how a message is to be read, or that hold other things too. */
const NOT_OURS: readonly string[] = [
  "accept",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
