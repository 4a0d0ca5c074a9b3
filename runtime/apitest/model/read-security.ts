import { isJsonObject } from "#kernel/json.ts";
import { isTransportHeader } from "#ports/http-transport.ts";
import type { ApiCredential } from "#protocol/api-test.ts";

import type { Node } from "../load/document-set.ts";
import { childOf, itemsOf, membersOf, textAt } from "../load/document-set.ts";
import { API_PROBLEM_CODES } from "../load/problems.ts";
import type { ModelContext } from "./context.ts";
import type { Parameter, RequiredSecurity } from "./operation.ts";
import { isOverride } from "./overrides.ts";

type Security =
  | ({ readonly k: "needed" } & RequiredSecurity)
  | { readonly k: "left-out"; readonly why: string };

/**
 * What requests of an operation have to bring: the first of its alternatives of which all credentials are at
 * hand. Null where there is nothing to bring: an empty list, or an empty alternative in it, makes it optional.
 */
export const readSecurity = (operation: Node, root: Node, context: ModelContext): Security | null => {
  const node = childOf(operation, "security") ?? childOf(root, "security");
  if (node === undefined) return null;
  const listed = itemsOf(node);
  if (!Array.isArray(node.value) || listed.some(({ value }) => !isJsonObject(value))) {
    context.log.say(API_PROBLEM_CODES.shape, node, "`security` has to be a list of objects");
    return { k: "left-out", why: "what its `security` asks for cannot be read" };
  }
  const alternatives = listed.map(membersOf);
  // Each name is looked up, so that one which leads nowhere is told also where it is not needed.
  const read = alternatives.map((members) =>
    apart(members.map(([name, at]) => readScheme(name, at, root, context))),
  );
  if (read.length === 0 || read.some((schemes) => schemes.length === 0)) return null;
  const complete = read.find((schemes) => schemes.every(({ k }) => k === "at-hand"));
  if (complete !== undefined) {
    const credentials = complete.flatMap((scheme) => (scheme.k === "at-hand" ? [scheme.credential] : []));
    return { k: "needed", node, credentials };
  }
  const possible = read.find((schemes) => schemes.every(({ k }) => k !== "unknown"));
  if (possible === undefined) {
    const first = read.flat().find(({ k }) => k === "unknown");
    return { k: "left-out", why: first?.k === "unknown" ? first.why : NOT_SENT.why };
  }
  const options = possible
    .flatMap((scheme) => (scheme.k === "missing" ? [`\`--credential ${scheme.name}=VARIABLE\``] : []))
    .join(" and ");
  const why = `it needs credentials, and ${options} would name the variable of the environment that has one`;
  return { k: "left-out", why };
};

/** Whether a parameter is what a credential is sent as; then nothing is made up for it. */
export const isCredential = ({ place, name }: Parameter, security: RequiredSecurity | null): boolean =>
  security !== null &&
  security.credentials.some(
    (each) => each.place === place && each.name === (place === "header" ? name.toLowerCase() : name),
  );

type Sent = Pick<ApiCredential, "place" | "name" | "form">;

type Scheme =
  | { readonly k: "at-hand"; readonly credential: ApiCredential; readonly sent: Sent }
  | { readonly k: "missing"; readonly name: string; readonly sent: Sent }
  | { readonly k: "unknown"; readonly why: string };

const NOT_SENT = { k: "unknown", why: "it needs credentials of a kind that is not sent" } as const;

/** Of two credentials in one place a server sees one, so such an alternative is none that can be sent. */
const apart = (schemes: readonly Scheme[]): readonly Scheme[] => {
  const places = schemes.flatMap((scheme) =>
    scheme.k === "unknown" ? [] : [`${scheme.sent.place} ${scheme.sent.name}`],
  );
  return new Set(places).size === places.length
    ? schemes
    : [{ k: "unknown", why: "it needs two credentials in one place" }];
};

/** What OpenAPI lets a component be called, as far as it fits a command line. */
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

const readScheme = (
  name: string,
  at: Node,
  root: Node,
  { documents, credentials, log }: ModelContext,
): Scheme => {
  const node = childOf(root, "components", "securitySchemes", name);
  if (node === undefined) {
    const message = "`components.securitySchemes` has no scheme of this name";
    log.say(API_PROBLEM_CODES.lostReference, at, message);
    return { k: "unknown", why: "it needs credentials of a scheme that the document does not have" };
  }
  const followed = documents.follow(node);
  if (!followed.ok) {
    log.lost(followed.lost);
    return { k: "unknown", why: "it needs credentials of a scheme that the document does not have" };
  }
  const sent = NAME.test(name) ? sentAs(followed.node) : undefined;
  if (sent === undefined) return NOT_SENT;
  const variable = credentials.find(({ scheme }) => scheme === name)?.variable;
  return variable === undefined
    ? { k: "missing", name, sent }
    : { k: "at-hand", credential: { scheme: name, variable, ...sent }, sent };
};

const sentAs = (scheme: Node): Sent | undefined => {
  const name = textAt(scheme, "name") ?? "";
  switch (textAt(scheme, "type")) {
    case "apiKey": {
      const place = (["header", "query", "cookie"] as const).find((each) => each === textAt(scheme, "in"));
      if (place === undefined || !TOKEN.test(name)) return undefined;
      if (isOverride(place, name)) return undefined;
      if (place !== "header") return { place, name, form: "plain" };
      const header = name.toLowerCase();
      return isTransportHeader(header) || NOT_OURS.includes(header)
        ? undefined
        : { place, name: header, form: "plain" };
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
const NOT_OURS: readonly string[] = ["accept", "content-encoding", "content-type", "cookie"];
