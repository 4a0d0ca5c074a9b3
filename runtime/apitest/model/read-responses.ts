import type { Node } from "../load/document-set.ts";
import { childOf, membersOf } from "../load/document-set.ts";
import { API_PROBLEM_CODES } from "../load/problems.ts";
import { mayBeJson } from "./media-type.ts";
import type { ResponseRule } from "./operation.ts";
import type { ModelContext } from "./context.ts";

const STATUS = /^(?:[1-5][0-9]{2}|[1-5]XX|default)$/;

export const readResponses = (
  operation: Node,
  { documents, log, schemas }: ModelContext,
): readonly ResponseRule[] => {
  const responses = childOf(operation, "responses");
  return membersOf(responses).flatMap(([written, named]): readonly ResponseRule[] => {
    if (written.startsWith("x-")) return [];
    const status = /^[1-5]xx$/.test(written) ? written.toUpperCase() : written;
    if (!STATUS.test(status)) {
      log.say(
        API_PROBLEM_CODES.shape,
        named,
        "a response is named by its status, a range such as `4XX`, or `default`",
      );
      return [];
    }
    const followed = documents.follow(named);
    if (!followed.ok) {
      log.lost(followed.lost);
      return [{ node: named, status, contents: [] }];
    }
    const { node } = followed;
    for (const part of ["headers", "links"]) {
      const found = childOf(node, part);
      if (found !== undefined)
        log.say(API_PROBLEM_CODES.notTested, found, `${part} of a response are not tested`);
    }
    const contents = membersOf(childOf(node, "content")).map(([mediaType, media]) => {
      const schemaNode = childOf(media, "schema");
      const isChecked = schemaNode !== undefined && mayBeJson(mediaType);
      if (schemaNode !== undefined && !isChecked) {
        log.say(
          API_PROBLEM_CODES.notTested,
          media,
          "only the type of such an answer is tested, not its content",
        );
      }
      return { mediaType, schema: isChecked ? schemas.add(schemaNode, "response") : null };
    });
    return [{ node, status, contents }];
  });
};

/** The rule for a status: its own, then its range, then `default`. */
export const ruleFor = (responses: readonly ResponseRule[], status: number): ResponseRule | undefined =>
  responses.find((rule) => rule.status === String(status)) ??
  responses.find((rule) => rule.status === `${Math.floor(status / 100)}XX`) ??
  responses.find((rule) => rule.status === "default");
