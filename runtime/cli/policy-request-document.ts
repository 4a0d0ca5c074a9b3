import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { entityId } from "#protocol/entity-id.ts";
import type {
  ActionName,
  OnBehalfOf,
  PolicyRequest,
  PrincipalReference,
  ResourceType,
} from "#protocol/policy-vocabulary.ts";
import {
  ACTION_NAMES,
  ON_BEHALF_OF_KINDS,
  POLICY_VOCABULARY_VERSION,
  PRINCIPAL_TYPES,
  RESOURCE_TYPES,
} from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

import type { PolicyCommandDeps } from "./policy-deps.ts";

/**
 * A request as a person writes it: any part of the format may be left out and is what a run of the
 * agent would usually have. `{ "tool": "read_file", "arguments": { "path": "a.md" } }` is enough.
 */
export type RequestDocument =
  | { readonly ok: true; readonly request: PolicyRequest }
  | { readonly ok: false; readonly message: string; readonly help: string };

export interface DocumentDefaults {
  readonly principal: PrincipalReference;
  readonly user: string;
  readonly tier: SandboxTier;
  readonly readArguments: PolicyCommandDeps["readArguments"];
}

const CHARACTERS_MAX = 8 * 1024 * 1024;

/** Reads a document strictly: a field that is not of the format is a mistake and not ignored. */
export const readRequestDocument = (text: string, defaults: DocumentDefaults): RequestDocument => {
  const reading = readJson(text, { charactersMax: CHARACTERS_MAX, depthMax: 64, valuesMax: 200_000 });
  if (!reading.ok) return mistake(`the request is not JSON: ${reading.detail}`, EXAMPLE);
  if (!isJsonObject(reading.value)) return mistake("the request is not a JSON object", EXAMPLE);
  try {
    return { ok: true, request: requestOf(reading.value, defaults) };
  } catch (error) {
    if (error instanceof Mistake) return mistake(error.message, error.help);
    throw error;
  }
};

const EXAMPLE = 'such as `{ "tool": "read_file", "arguments": { "path": "a.md" } }`';

const mistake = (message: string, help: string): RequestDocument => ({ ok: false, message, help });

/** Thrown and caught in this file only. */
class Mistake extends Error {
  readonly help: string;
  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

const requestOf = (document: JsonObject, defaults: DocumentDefaults): PolicyRequest => {
  const fields = new Fields(document, "the request", [
    "v",
    "principal",
    "onBehalfOf",
    "ancestors",
    "action",
    "tool",
    "resource",
    "arguments",
    "context",
  ]);
  const version = fields.value("v");
  if (version !== undefined && version !== POLICY_VOCABULARY_VERSION) {
    throw new Mistake(
      "`v` is another version of the format",
      `this build reads ${POLICY_VOCABULARY_VERSION}`,
    );
  }
  const named = fields.text("tool") ?? null;
  const action = fields.oneOf<ActionName>("action", ACTION_NAMES) ?? actionOfTool(named);
  const tool = action === "tool_call" ? named : null;
  const context = new Fields(fields.object("context") ?? {}, "`context`", [
    "run",
    "iteration",
    "sandboxTier",
    "labels",
    "inputs",
  ]);
  const run = context.text("run") ?? "run";
  const ancestors = (fields.list("ancestors") ?? []).map((one) => {
    const found = isJsonObject(one) ? reference(one, "`ancestors`") : undefined;
    if (found === undefined) throw new Mistake("`ancestors` is a list of `{ type, id }`", REFERENCE);
    return found;
  });
  const written = {
    v: POLICY_VOCABULARY_VERSION,
    principal: reference(fields.object("principal"), "`principal`") ?? defaults.principal,
    onBehalfOf: onBehalfOf(fields.object("onBehalfOf")) ?? usualOnBehalfOf(ancestors, defaults.user),
    ancestors,
    action,
    tool,
    context: {
      run,
      iteration: context.whole("iteration") ?? 1,
      sandboxTier: context.oneOf<SandboxTier>("sandboxTier", SANDBOX_TIERS) ?? defaults.tier,
      labels: (context.list("labels") ?? []).map((label) => {
        if (typeof label === "string") return label;
        throw new Mistake("`labels` is a list of texts", 'such as `["pii"]`');
      }),
      inputs: context.object("inputs") ?? {},
    },
  } as const;
  const resource = resourceOf(fields.object("resource"));
  // Last, because a field that is none says more about what somebody meant than its arguments do.
  const given = argumentsOf(named, fields.object("arguments") ?? {}, defaults);
  return { ...written, arguments: given, resource: resource ?? usualResource({ action, tool, run, given }) };
};

/** As a run would have them: an answer about another spelling would be no answer about the run. */
const argumentsOf = (
  tool: string | null,
  given: JsonObject,
  { readArguments }: DocumentDefaults,
): JsonObject => {
  const read = tool === null ? null : readArguments(tool, given);
  if (read?.ok !== false) return read?.value ?? given;
  throw new Mistake(
    `a run would refuse the arguments: ${read.fault.message}`,
    "write them as a model would have to",
  );
};

/** A tool whose descriptor names another action than `tool_call` is that action. */
const actionOfTool = (tool: string | null): ActionName => {
  if (tool === null) throw new Mistake("the request names neither `tool` nor `action`", EXAMPLE);
  return BUILTIN_TOOLS.find(({ name }) => name === tool)?.action ?? "tool_call";
};

const REFERENCE = 'such as `{ "type": "User", "id": "alice" }`';

const reference = (object: JsonObject | undefined, where: string): PrincipalReference | undefined => {
  if (object === undefined) return undefined;
  const fields = new Fields(object, where, ["type", "id"]);
  const type = fields.oneOf("type", PRINCIPAL_TYPES);
  const id = fields.text("id");
  if (type === undefined || id === undefined)
    throw new Mistake(`${where} needs \`type\` and \`id\``, REFERENCE);
  return { type, id };
};

const onBehalfOf = (object: JsonObject | undefined): OnBehalfOf | undefined => {
  if (object === undefined) return undefined;
  const fields = new Fields(object, "`onBehalfOf`", ["kind", "id"]);
  const kind = fields.oneOf("kind", ON_BEHALF_OF_KINDS);
  const id = fields.text("id");
  if (kind !== undefined && id !== undefined) return { kind, id };
  throw new Mistake("`onBehalfOf` needs `kind` and `id`", 'such as `{ "kind": "user", "id": "alice" }`');
};

/** Whoever an agent started works for that agent. */
const usualOnBehalfOf = ([parent]: readonly PrincipalReference[], user: string): OnBehalfOf =>
  parent?.type === "Agent" ? { kind: "agent", id: parent.id } : { kind: "user", id: user };

const resourceOf = (object: JsonObject | undefined): PolicyRequest["resource"] | null => {
  if (object === undefined) return null;
  const fields = new Fields(object, "`resource`", ["type", "id", "attributes"]);
  const type = fields.oneOf<ResourceType>("type", RESOURCE_TYPES);
  const id = fields.text("id");
  if (type === undefined || id === undefined) {
    throw new Mistake("`resource` needs `type` and `id`", 'such as `{ "type": "Tool", "id": "read_file" }`');
  }
  return { type, id, attributes: fields.object("attributes") ?? {} };
};

const usualResource = ({
  action,
  tool,
  run,
  given,
}: {
  readonly action: ActionName;
  readonly tool: string | null;
  readonly run: string;
  readonly given: JsonObject;
}): PolicyRequest["resource"] => {
  const path = ownValue(given, "path");
  switch (action) {
    case "tool_call":
      return { type: "Tool", id: tool ?? "", attributes: {} };
    case "respond":
    case "terminate":
    case "allocate":
      return { type: "Run", id: entityId(run), attributes: {} };
    case "publish_file":
      if (typeof path === "string") {
        return { type: "File", id: entityId(path), attributes: { change: "changed", size_bytes: 0 } };
      }
      throw new Mistake("the file to publish has no `path`", 'write `"arguments": { "path": "a.md" }`');
    default:
      throw new Mistake(
        `\`${action}\` needs a \`resource\``,
        "docs/formats/policy-vocabulary.md says which, with its attributes",
      );
  }
};

/** The fields of an object of which every one is known. */
class Fields {
  private readonly members: JsonObject;
  private readonly where: string;

  constructor(object: JsonObject, where: string, known: readonly string[]) {
    this.members = object;
    this.where = where;
    const stranger = Object.keys(object).find((key) => !known.includes(key));
    if (stranger !== undefined) {
      throw new Mistake(
        `${where} has no field \`${visibleExcerpt(stranger, 60)}\``,
        `its fields are ${known.map((name) => `\`${name}\``).join(", ")}`,
      );
    }
  }

  value(name: string): JsonValue | undefined {
    return ownValue(this.members, name);
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    throw this.wrong(name, "a text");
  }

  whole(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    throw this.wrong(name, "a whole number");
  }

  object(name: string): JsonObject | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (isJsonObject(value)) return value;
    throw this.wrong(name, "an object");
  }

  list(name: string): readonly JsonValue[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value)) return value as readonly JsonValue[];
    throw this.wrong(name, "a list");
  }

  oneOf<Name extends string>(name: string, names: readonly Name[]): Name | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = names.find((known) => known === value);
    if (found !== undefined) return found;
    throw new Mistake(
      `\`${name}\` of ${this.where} is nothing that is known`,
      `one of ${names.map((known) => `\`${known}\``).join(", ")}`,
    );
  }

  private wrong(name: string, expected: string): Mistake {
    return new Mistake(`\`${name}\` of ${this.where} is not ${expected}`, EXAMPLE);
  }
}
