import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isWellFormed } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { CedarEntity, CedarEntityReference, CedarRequest } from "#ports/decider.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { agentOfEntityId, entityId } from "#protocol/entity-id.ts";
import type { DenyReason, PolicyRequest, PrincipalReference } from "#protocol/policy-vocabulary.ts";
import {
  ACTION_NAMES,
  ACTION_RESOURCES,
  POLICY_VOCABULARY_VERSION,
  PRINCIPAL_TYPES,
  RESOURCE_TYPES,
} from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { jsonToCedar } from "./json-to-cedar.ts";
import type { PolicyReads } from "./policy-reads.ts";
import { principalAttributes, resourceAttributes } from "./request-attributes.ts";

/** A request that lies within the vocabulary, ready to be put to Cedar once for each principal. */
export interface ReadableRequest {
  /** The principal and those above it, nearest first: each of them must be allowed. */
  readonly principals: readonly PrincipalReference[];
  /** Id of the request's `Action` entity. */
  readonly action: string;
  /** The request of one of the principals, with what policies of these reads can see. */
  forPrincipal(principal: PrincipalReference, reads: PolicyReads): CedarRequest;
}

export type RequestReading =
  | { readonly ok: true; readonly value: ReadableRequest }
  | {
      readonly ok: false;
      readonly reason: Extract<DenyReason, "unknown" | "not-decidable">;
      readonly why: string;
    };

/** Longest chain of principals above the acting one. */
export const ANCESTORS_MAX = 16;

const TEXT_CHARACTERS_MAX = 4_096;
const LABELS_MAX = 256;

/** Reads a request strictly: what the vocabulary does not know is refused, and a refusal is a denial. Never throws. */
export const readRequest = (
  request: PolicyRequest,
  tools: readonly ToolDescriptor[],
  digest: (bytes: Uint8Array) => Sha256,
): RequestReading => {
  const { action, tool, resource, context, onBehalfOf } = request;
  if (request.v !== POLICY_VOCABULARY_VERSION)
    return unknown("the request is of another version of the vocabulary");
  if (!ACTION_NAMES.includes(action)) return unknown(`\`${shown(action)}\` is not an action`);
  if (action === "tool_call" && !tools.some(({ name }) => name === tool)) {
    return unknown(`\`${shown(tool ?? "")}\` is not a tool`);
  }
  if (action !== "tool_call" && tool !== null) return unknown(`\`${action}\` is not the call of a tool`);
  if (!RESOURCE_TYPES.includes(resource.type))
    return unknown(`\`${shown(resource.type)}\` is not a type of resource`);
  if (!ACTION_RESOURCES[action].includes(resource.type)) {
    return unknown(`\`${action}\` does not act on a ${resource.type}`);
  }
  if (action === "tool_call" && resource.id !== tool) return unknown("the call's resource is another tool");
  const attributes = resourceAttributes(resource.type, resource.id, resource.attributes, tools);
  if (!attributes.ok) return unknown(attributes.why);

  const principals = [request.principal, ...request.ancestors];
  if (principals.length > ANCESTORS_MAX + 1)
    return unknown(`more than ${ANCESTORS_MAX} principals stand above this one`);
  const known = new Map<PrincipalReference, JsonObject>();
  for (const principal of principals) {
    if (!PRINCIPAL_TYPES.includes(principal.type))
      return unknown(`\`${shown(principal.type)}\` is not a type of principal`);
    const own = principalAttributes(principal.type, principal.id);
    if (!own.ok) return unknown(own.why);
    known.set(principal, own.value);
  }

  if (!ON_BEHALF_OF_KINDS.includes(onBehalfOf.kind))
    return unknown("on whose behalf is nothing that is known");
  if (!SANDBOX_TIERS.includes(context.sandboxTier)) return unknown("the sandbox tier is not known");
  if (!Number.isSafeInteger(context.iteration) || context.iteration < 0)
    return undecidable("the iteration is no number of turns");
  if (context.labels.length > LABELS_MAX) return undecidable(`more than ${LABELS_MAX} labels`);
  for (const text of [onBehalfOf.id, context.run, ...context.labels]) {
    if (text.length > TEXT_CHARACTERS_MAX || !isWellFormed(text)) {
      return undecidable("a text of the request is too long or malformed");
    }
  }
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
  const records = { args: args.value, inputs: inputs.value };
  const actionId = action === "tool_call" ? `tool_call::${tool}` : action;

  return {
    ok: true,
    value: {
      principals,
      action: actionId,
      forPrincipal: (principal, reads) => ({
        principal: { type: principal.type, id: principal.id },
        action: { type: "Action", id: actionId },
        resource: { type: resource.type, id: resource.id },
        context: {
          ...filtered(contextOf, (name) => reads.sees(name)),
          ...membersSeen(records, reads),
        },
        entities: entitiesOf(
          [
            { reference: principal, attributes: known.get(principal) ?? {} },
            { reference: resource, attributes: attributes.value },
          ],
          actionId,
          reads,
        ),
      }),
    },
  };
};

const ON_BEHALF_OF_KINDS: readonly string[] = ["user", "schedule", "webhook", "agent"];

const unknown = (why: string): RequestReading => ({ ok: false, reason: "unknown", why });
const undecidable = (why: string): RequestReading => ({ ok: false, reason: "not-decidable", why });
const shown = (text: string): string => visibleExcerpt(text, 80);

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

interface Named {
  readonly reference: CedarEntityReference;
  readonly attributes: JsonObject;
}

const entitiesOf = (
  named: readonly Named[],
  actionId: string,
  reads: PolicyReads,
): readonly CedarEntity[] => {
  const entities = new Map<string, CedarEntity>();
  const groupsSeen = reads.sees("AgentName") || reads.sees("AgentFolder");
  for (const { reference, attributes } of named) {
    const uid = { type: reference.type, id: reference.id };
    const attrs = filtered(attributes, (name) => reads.sees(name));
    const groups = reference.type === "Agent" && groupsSeen ? groupsOf(reference.id) : NO_GROUPS;
    if (Object.keys(attrs).length === 0 && groups.parents.length === 0) continue;
    // An agent that acts on itself is one entity with the attributes of both.
    const key = `${uid.type}::${uid.id}`;
    entities.set(key, { uid, attrs: { ...entities.get(key)?.attrs, ...attrs }, parents: groups.parents });
    for (const folder of groups.folders) entities.set(`AgentFolder::${folder.uid.id}`, folder);
  }
  if (reads.sees("tool_call") && actionId.startsWith("tool_call::")) {
    entities.set("Action", {
      uid: { type: "Action", id: actionId },
      attrs: {},
      parents: [{ type: "Action", id: "tool_call" }],
    });
  }
  return [...entities.values()];
};

interface Groups {
  readonly parents: readonly CedarEntityReference[];
  readonly folders: readonly CedarEntity[];
}

const NO_GROUPS: Groups = { parents: [], folders: [] };

/** An agent is in the group of its name and in its file's folder, which lies in the folders above up to `.`. */
const groupsOf = (id: string): Groups => {
  const agent = agentOfEntityId(id);
  if (agent === undefined) return NO_GROUPS;
  const folders: CedarEntity[] = [];
  const parts = agent.path.split("/").slice(0, -1);
  for (let length = parts.length; length > 0; length -= 1) {
    folders.push({
      uid: folderReference(parts.slice(0, length)),
      attrs: {},
      parents: [folderReference(parts.slice(0, length - 1))],
    });
  }
  return {
    parents: [{ type: "AgentName", id: entityId(agent.name) }, folderReference(parts)],
    folders,
  };
};

const folderReference = (parts: readonly string[]): CedarEntityReference => ({
  type: "AgentFolder",
  id: parts.length === 0 ? "." : entityId(parts.join("/")),
});
