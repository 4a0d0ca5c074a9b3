import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { CedarRequest } from "#ports/decider.ts";
import { entityId } from "#protocol/entity-id.ts";
import type { DenyReason, PolicyRequest, PrincipalReference } from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { InputType } from "./compiled-policy.ts";
import { jsonToCedar } from "./json-to-cedar.ts";
import type { PolicyReads } from "./policy-reads.ts";
import { principalAttributes, resourceAttributes } from "./request-attributes.ts";
import { entitiesOf } from "./request-entities.ts";
import { shapeProblem } from "./request-shape.ts";
import { parametersOfCall } from "./schema.ts";
import { strangeArgument, strangeInput } from "./value-types.ts";

/** A request that lies within the vocabulary, ready to be put to Cedar once for each principal. */
export interface ReadableRequest {
  /** The principal and those above it, nearest first: each of them must be allowed. */
  readonly principals: readonly PrincipalReference[];
  /** Id of the request's `Action` entity. */
  readonly action: string;
  /** The request of one of the principals by its place, with what policies of these reads can see. */
  forPrincipal(place: number, reads: PolicyReads): CedarRequest;
}

export type RequestReading =
  | { readonly ok: true; readonly value: ReadableRequest }
  | {
      readonly ok: false;
      readonly reason: Extract<DenyReason, "unknown" | "not-decidable">;
      readonly why: string;
    };

/** What requests can be about. */
export interface KnownThings {
  readonly tools: readonly ToolDescriptor[];
  /** The parameters of an agent by its id; undefined where its file is not loaded. */
  readonly inputsOf: (agent: string) => readonly InputType[] | undefined;
}

/**
 * Reads a request strictly: what the vocabulary does not know is refused, and a refusal is a denial.
 * All that makes a request unknown is looked for before anything that makes it undecidable. Never throws.
 */
export const readRequest = (
  request: PolicyRequest,
  { tools, inputsOf }: KnownThings,
  digest: (bytes: Uint8Array) => Sha256,
): RequestReading => {
  const malformed = shapeProblem(request);
  if (malformed !== undefined) return unknown(malformed);
  const { action, tool, resource, context, onBehalfOf } = request;
  if (action !== "tool_call" && tool !== null) return unknown(`\`${action}\` is not the call of a tool`);
  if (action === "tool_call") {
    if (!tools.some((known) => known.name === tool && known.action === action)) {
      return unknown(`\`${visibleExcerpt(tool ?? "", 80)}\` is not a tool`);
    }
    if (resource.id !== tool) return unknown("the call's resource is another tool");
  }
  const attributes = resourceAttributes(resource, action, tools);
  if (!attributes.ok) return unknown(attributes.why);
  if (resource.type === "Run" && resource.id !== entityId(context.run)) {
    return unknown("the resource is another run");
  }

  const principals = [request.principal, ...request.ancestors];
  const known: JsonObject[] = [];
  for (const { type, id } of principals) {
    const own = principalAttributes(type, id);
    if (!own.ok) return unknown(own.why);
    if (type === "Agent" && inputsOf(id) === undefined) {
      return unknown(`no agent file is loaded for \`${visibleExcerpt(id, 160)}\``);
    }
    known.push(own.value);
  }
  const [parent] = request.ancestors;
  const parentAgent = parent?.type === "Agent" ? parent.id : null;
  if ((onBehalfOf.kind === "agent" ? onBehalfOf.id : null) !== parentAgent) {
    return unknown("on whose behalf it is contradicts the principals above");
  }

  const { principal } = request;
  const argument = strangeArgument(request.arguments, parametersOfCall(action, tool, tools));
  if (argument !== undefined)
    return undecidable(
      `the argument \`${visibleExcerpt(argument, 80)}\` has another type than its parameter`,
    );
  const input = strangeInput(
    context.inputs,
    (principal.type === "Agent" ? inputsOf(principal.id) : null) ?? [],
  );
  if (input !== undefined)
    return undecidable(`the input \`${visibleExcerpt(input, 80)}\` is not one that the principal has`);
  const args = jsonToCedar(request.arguments, digest);
  if (!args.ok) return undecidable(`the arguments cannot be put to the policies: ${args.reason}`);
  const inputs = jsonToCedar(context.inputs, digest);
  if (!inputs.ok) return undecidable(`the inputs cannot be put to the policies: ${inputs.reason}`);

  const contextOf: JsonObject = {
    run: context.run,
    iteration: context.iteration,
    sandbox_tier: context.sandboxTier,
    labels: context.labels,
    depth: request.ancestors.length,
    on_behalf_of: { kind: onBehalfOf.kind, id: onBehalfOf.id },
  };
  const own = { args: args.value, inputs: inputs.value };
  // Names of inputs mean another thing in another file: those above are asked without any.
  const above = { args: args.value, inputs: {} };
  const actionId = action === "tool_call" ? `tool_call::${tool}` : action;

  return {
    ok: true,
    value: {
      principals,
      action: actionId,
      forPrincipal: (place, reads) => {
        const { type, id } = principals[place] ?? principal;
        return {
          principal: { type, id },
          action: { type: "Action", id: actionId },
          resource: { type: resource.type, id: resource.id },
          context: {
            ...filtered(contextOf, (name) => reads.sees(name)),
            ...membersSeen(place === 0 ? own : above, reads),
          },
          entities: entitiesOf(
            [
              { variable: "principal", reference: { type, id }, attributes: known[place] ?? {} },
              { variable: "resource", reference: resource, attributes: attributes.value },
            ],
            actionId,
            reads,
          ),
        };
      },
    },
  };
};

const unknown = (why: string): RequestReading => ({ ok: false, reason: "unknown", why });
const undecidable = (why: string): RequestReading => ({ ok: false, reason: "not-decidable", why });

const filtered = (object: JsonObject, keep: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => keep(name)));

/** `args` and `inputs` are always there, so that `context has args` needs no thought. */
const membersSeen = (
  records: { readonly args: JsonObject; readonly inputs: JsonObject },
  reads: PolicyReads,
): JsonObject => {
  const seen: Record<string, JsonValue> = {};
  for (const name of ["args", "inputs"] as const) {
    if (reads.sees(name)) seen[name] = filtered(records[name], (key) => reads.seesMember(name, key));
  }
  return seen;
};
