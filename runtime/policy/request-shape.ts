import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import type { Shape } from "#protocol/json-shape.ts";
import {
  exactly,
  isObject,
  isSortedSet,
  listOf,
  oneOf,
  orNull,
  textOf,
  wholeFrom,
} from "#protocol/json-shape.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import {
  ACTION_NAMES,
  ACTION_RESOURCES,
  ANCESTORS_MAX,
  LABELS_MAX,
  ON_BEHALF_OF_KINDS,
  POLICY_VOCABULARY_VERSION,
  PRINCIPAL_TYPES,
  REQUEST_TEXT_CHARACTERS_MAX,
  RESOURCE_TYPES,
} from "#protocol/policy-vocabulary.ts";

/** Requests as data: members, types and bounds. What ids and attributes say is read elsewhere. */

/** Why something is no request of the format, or undefined where it is one. */
export const shapeProblem = (request: PolicyRequest): string | undefined => {
  const data = request as unknown as JsonValue;
  if (!isJsonObject(data)) return "the request is no object";
  if (data["v"] !== POLICY_VOCABULARY_VERSION) return "the request is of another version of the vocabulary";
  if (!isAction(data["action"])) return `\`${shown(data["action"])}\` is not an action`;
  const wrong = Object.entries(MEMBERS).find(
    ([name, shape]) => !Object.hasOwn(data, name) || !shape(data[name]),
  );
  if (wrong !== undefined) return `\`${wrong[0]}\` of the request is not as the vocabulary has it`;
  if (Object.keys(data).length !== Object.keys(MEMBERS).length)
    return "the request has a member that is not known";
  if (!ACTION_RESOURCES[request.action].includes(request.resource.type)) {
    return `\`${request.action}\` does not act on a ${request.resource.type}`;
  }
  return undefined;
};

const shown = (value: JsonValue | undefined): string =>
  visibleExcerpt(typeof value === "string" ? value : "", 80);

const isAction = oneOf(ACTION_NAMES);
const isText = textOf(REQUEST_TEXT_CHARACTERS_MAX);
/** Ids have bounds and forms of their own. */
const isId: Shape = (value) => typeof value === "string";
const isPrincipal = exactly({ type: oneOf(PRINCIPAL_TYPES), id: isId });
const isLabels = listOf(isText, LABELS_MAX);

const MEMBERS: Readonly<Record<keyof PolicyRequest, Shape>> = {
  v: oneOf([POLICY_VOCABULARY_VERSION]),
  principal: isPrincipal,
  onBehalfOf: exactly({ kind: oneOf(ON_BEHALF_OF_KINDS), id: isText }),
  ancestors: listOf(isPrincipal, ANCESTORS_MAX),
  action: isAction,
  tool: orNull(isId),
  resource: exactly({ type: oneOf(RESOURCE_TYPES), id: isId, attributes: isObject }),
  arguments: isObject,
  context: exactly({
    run: isText,
    iteration: wholeFrom(0),
    sandboxTier: oneOf(SANDBOX_TIERS),
    labels: (value) => isLabels(value) && isSortedSet(value as readonly JsonValue[]),
    inputs: isObject,
  }),
};
