import type { JsonObject } from "#kernel/json.ts";
import type { CedarEntity, CedarEntityReference } from "#ports/decider.ts";
import { agentOfEntityId, entityId } from "#protocol/entity-id.ts";
import type { EntityVariable, PolicyReads } from "./policy-reads.ts";

/** The entities of one request: who acts, on what, their groups, and the action. Nothing else is there to be asked about. */

interface Named {
  readonly variable: EntityVariable;
  readonly reference: CedarEntityReference;
  readonly attributes: JsonObject;
}

/** What policies of these reads can see of the entities. */
export const entitiesOf = (
  named: readonly Named[],
  actionId: string,
  reads: PolicyReads,
): readonly CedarEntity[] => {
  const entities = new Map<string, CedarEntity>();
  const groupsSeen = reads.sees("AgentName") || reads.sees("AgentFolder");
  for (const { reference, attributes } of named) {
    const uid = { type: reference.type, id: reference.id };
    // By either variable whoever acts on itself is reached.
    const isReached = named.some(
      (other) => isSame(other.reference, reference) && reads.reaches(other.variable),
    );
    const attrs = isReached
      ? Object.fromEntries(Object.entries(attributes).filter(([name]) => reads.sees(name)))
      : {};
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

const isSame = (one: CedarEntityReference, other: CedarEntityReference): boolean =>
  one.type === other.type && one.id === other.id;

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
