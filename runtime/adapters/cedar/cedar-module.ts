import type {
  DetailedError,
  PolicyJson,
  PrincipalOrResourceInConstraint,
  Schema,
} from "@cedar-policy/cedar-wasm/web";
import {
  checkParsePolicySet,
  initSync,
  policyToJson,
  preparsePolicySet,
  schemaToJson,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/web";
import { cedarEntity } from "#policy/cedar-literal.ts";
import type {
  CedarPolicies,
  CedarRequest,
  PolicyCheck,
  PolicyCheckProblem,
  PolicySet,
  PolicySetProblem,
  PolicyShape,
  SetAnswer,
} from "#ports/decider.ts";

/*
 * Cedar's WebAssembly module, called directly. Every function here may throw: cleanly for a call
 * that Cedar cannot read, or because the module is lost for good. `isAlive` tells the two apart.
 */

/** Starts the module of this thread; it cannot be started twice. */
export const startCedar = (wasm: WebAssembly.Module): void => {
  initSync({ module: wasm });
};

/** Whether the module still answers after it threw. */
export const isAlive = (): boolean => {
  try {
    return (
      checkParsePolicySet({ staticPolicies: { canary: "permit (principal, action, resource);" } }).type ===
      "success"
    );
  } catch {
    return false;
  }
};

export const checkPolicies = (policies: CedarPolicies, schema: string): PolicyCheck => {
  const problems: PolicyCheckProblem[] = [];
  const shapes: Record<string, PolicyShape> = {};
  const parsed: Record<string, string> = {};
  for (const [policyId, text] of Object.entries(policies)) {
    const shape = policyToJson(text);
    if (shape.type === "failure") {
      problems.push(...shape.errors.map((error) => problemOf(policyId, "syntax", error)));
    } else {
      shapes[policyId] = shapeOf(shape.json);
      parsed[policyId] = text;
    }
  }
  const answer = validate({ schema: parsedSchema(schema), policies: { staticPolicies: parsed } });
  if (answer.type === "failure") {
    // Each policy parsed alone; the schema is ours, so this is a bug and no problem of a policy.
    throw new Error(answer.errors.map(({ message }) => message).join("; "));
  }
  const wrong = new Set<string>();
  for (const { policyId, error } of answer.validationErrors) {
    wrong.add(policyId);
    problems.push(problemOf(policyId, "schema", error));
  }
  for (const { policyId, error } of answer.validationWarnings) {
    // That it can never hold follows from what is wrong with it.
    if (wrong.has(policyId) || !IMPOSSIBLE.test(error.message)) continue;
    wrong.add(policyId);
    problems.push(problemOf(policyId, "impossible", error));
  }
  return { problems, shapes };
};

/** Cedar reads the JSON form of a schema three times as fast, and many checks have the same schema. */
const parsedSchema = (text: string): Schema => {
  if (latestSchema.text !== text) {
    const answer = schemaToJson(text);
    if (answer.type === "failure") throw new Error(answer.errors.map(({ message }) => message).join("; "));
    latestSchema = { text, json: answer.json };
  }
  return latestSchema.json;
};

let latestSchema: { readonly text: string; readonly json: Schema } = { text: "", json: {} };

const IMPOSSIBLE = /policy is impossible|unable to find an applicable action/;

/** All sets or none: a set replaces the one of its name only when every set of the call was parsed. */
export const loadSets = (sets: readonly PolicySet[]): readonly PolicySetProblem[] => {
  const problems = sets.flatMap(({ name, policies }) =>
    Object.entries(policies).flatMap(([policyId, text]) => {
      const answer = checkParsePolicySet({ staticPolicies: { [policyId]: text } });
      return answer.type === "success"
        ? []
        : answer.errors.map(({ message }) => ({ set: name, policyId, message }));
    }),
  );
  if (problems.length > 0) return problems;
  return sets.flatMap(({ name, policies }) => {
    const answer = preparsePolicySet(name, { staticPolicies: policies });
    return answer.type === "success"
      ? []
      : answer.errors.map(({ message }) => ({
          set: name,
          policyId: Object.keys(policies)[0] ?? "",
          message,
        }));
  });
};

/** Throws when a set is not loaded or the request is not one. */
export const decideRequest = (request: CedarRequest, sets: readonly string[]): readonly SetAnswer[] =>
  sets.map((set) => {
    const answer = statefulIsAuthorized({ ...request, preparsedPolicySetId: set } as Parameters<
      typeof statefulIsAuthorized
    >[0]);
    if (answer.type === "failure") throw new Error(answer.errors.map(({ message }) => message).join("; "));
    const { decision, diagnostics } = answer.response;
    return {
      set,
      allowed: decision === "allow",
      determining: diagnostics.reason,
      errors: diagnostics.errors.map(({ policyId, error }) => ({ policyId, message: error.message })),
    };
  });

const problemOf = (
  policyId: string,
  kind: PolicyCheckProblem["kind"],
  { message, help, sourceLocations }: DetailedError,
): PolicyCheckProblem => {
  const [place] = sourceLocations ?? [];
  return {
    policyId,
    kind,
    message: message.replace(PREFIX, ""),
    help: help ?? place?.label ?? null,
    bytes: place === undefined ? null : [place.start, place.end],
  };
};

/** What Cedar puts before the message and everyone who reads it here knows. */
const PREFIX = /^(?:for policy `[^`]*`, |failed to parse policy (?:with id `[^`]*` )?from string: )/;

const shapeOf = ({ effect, principal, action, resource, annotations }: PolicyJson): PolicyShape => ({
  effect,
  principal: scopeText("principal", principal),
  resource: scopeText("resource", resource),
  action: actionShapeOf(action),
  annotations: Object.fromEntries(
    Object.entries(annotations ?? {}).map(([key, value]) => [key, value ?? ""]),
  ),
});

const actionShapeOf = (action: PolicyJson["action"]): PolicyShape["action"] => {
  if (action.op === "All") return null;
  const entities = "entities" in action ? action.entities : "entity" in action ? [action.entity] : [];
  return {
    operator: action.op,
    ids: entities.map((entity) => ("__entity" in entity ? entity.__entity.id : entity.id)),
  };
};

const scopeText = (name: string, scope: PolicyJson["principal"] | PolicyJson["resource"]): string => {
  switch (scope.op) {
    case "All":
      return name;
    case "is":
      return `${name} is ${scope.entity_type}${scope.in === undefined ? "" : ` in ${operandText(scope.in)}`}`;
    case "==":
    case "in":
      return `${name} ${scope.op} ${operandText(scope)}`;
  }
};

const operandText = (operand: PrincipalOrResourceInConstraint): string => {
  if ("slot" in operand) return operand.slot;
  const { type, id } = "__entity" in operand.entity ? operand.entity.__entity : operand.entity;
  return cedarEntity(type, id);
};
