import type { Node } from "../load/document-set.ts";
import { childOf, membersOf } from "../load/document-set.ts";
import { API_PROBLEM_CODES } from "../load/problems.ts";
import { essenceOf, isJsonType } from "./media-type.ts";
import type { RequestBody } from "./operation.ts";
import type { ModelContext } from "./context.ts";

/** Methods whose requests have no content that means anything (RFC 9110 section 9.3). */
const WITHOUT_BODY: readonly string[] = ["get", "head", "delete", "options"];

/** The body of a request; undefined when a required one is of no kind that can be made. */
export const readBody = (
  method: string,
  operation: Node,
  { documents, log, schemas }: ModelContext,
): RequestBody | "none" | undefined => {
  const named = childOf(operation, "requestBody");
  if (named === undefined) return "none";
  const followed = documents.follow(named);
  if (!followed.ok) {
    log.lost(followed.lost);
    return undefined;
  }
  const { node } = followed;
  const required = childOf(node, "required")?.value === true;
  if (WITHOUT_BODY.includes(method)) {
    log.say(API_PROBLEM_CODES.notTested, named, `a body of ${method.toUpperCase()} is not sent`);
    // A server that wants one refuses every request without it.
    return required ? undefined : "none";
  }
  const candidates = membersOf(childOf(node, "content")).flatMap(([mediaType, media]) => {
    const schemaNode = childOf(media, "schema");
    const form = isJsonType(mediaType)
      ? ("json" as const)
      : essenceOf(mediaType) === "application/x-www-form-urlencoded"
        ? ("urlencoded" as const)
        : undefined;
    if (form === undefined || schemaNode === undefined || !isSendable(mediaType)) {
      const what = schemaNode === undefined ? "without a schema" : "of this media type";
      log.say(API_PROBLEM_CODES.notTested, media, `no bodies are made ${what}`);
      return [];
    }
    if (form === "urlencoded" && childOf(media, "encoding") !== undefined) {
      log.say(API_PROBLEM_CODES.notTested, childOf(media, "encoding") ?? media, "`encoding` is not followed");
      return [];
    }
    return [{ node: media, required, mediaType, form, schema: schemas.add(schemaNode, "request") }];
  });
  const [first, ...others] = candidates;
  for (const other of others) {
    log.say(
      API_PROBLEM_CODES.notTested,
      other.node,
      "bodies are made of the first media type that is understood",
    );
  }
  if (first !== undefined) return first;
  return required ? undefined : "none";
};

/** Goes into a header as it stands. */
const isSendable = (mediaType: string): boolean =>
  /^[\u0021-\u007e]+(?:[ ][\u0021-\u007e]+)*$/.test(mediaType);
