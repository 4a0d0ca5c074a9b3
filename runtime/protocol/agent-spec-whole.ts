import type { Sha256 } from "#kernel/digest.ts";
import type { AgentSpec, FunctionDefinition, Parameter } from "./agent-spec.ts";
import { type BodyPlace, bodyMistake } from "./agent-spec-body.ts";
import { isSpecName } from "./agent-spec-bounds.ts";
import { type Mistake, type Path, pointer, repeated, type SpecMistake } from "./agent-spec-json.ts";
import { rulesMistake } from "./agent-spec-rules.ts";

/**
 * What is wrong with a spec that says that it is whole: names, ids, digests, conditions and bodies that do
 * not fit together as lowering fits them. The shape of each object was found right before.
 */
export const wholeMistake = (
  spec: AgentSpec,
  digest: (bytes: Uint8Array) => Sha256,
): SpecMistake | undefined => {
  const [first] = mistakesOf(spec, digest);
  return first === undefined ? undefined : { where: pointer(first[0]), why: first[1] };
};

type Mistakes = Generator<Mistake, void>;

function* mistakesOf(spec: AgentSpec, digest: (bytes: Uint8Array) => Sha256): Mistakes {
  if (spec.source.dialect !== "D1") yield [["source", "dialect"], "only a spec of D1 is whole"];
  yield* names(["agents"], spec.agents);
  const agents = spec.agents.map((agent) => agent.parameters);
  for (const [index, agent] of spec.agents.entries()) {
    const path = ["agents", index] as const;
    yield* names([...path, "parameters"], agent.parameters);
    yield* words([...path, "policies"], agent.policies);
    const own = { path, owner: agent.name, agents: [agent.parameters], bare: true };
    yield* mistaken(rulesMistake(agent.policies, own, digest));
    const place: BodyPlace = { own: byName(agent.functions), shared: byName(spec.functions) };
    yield* functions(path, agent.functions, place);
    if (agent.body !== null) yield* mistaken(bodyMistake(agent.body, [...path, "body"], place));
  }
  yield* words(["policies"], spec.policies);
  yield* mistaken(rulesMistake(spec.policies, { path: [], owner: "*", agents, bare: false }, digest));
  yield* functions([], spec.functions, { own: byName([]), shared: byName(spec.functions) });
  yield* words(["types"], spec.types);
  yield* words(["triggers"], spec.triggers);
}

function* mistaken(mistake: Mistake | undefined): Mistakes {
  if (mistake !== undefined) yield mistake;
}

/** Each a word. */
function* words(path: Path, named: readonly { readonly name: string }[]): Mistakes {
  for (const [index, { name }] of named.entries()) {
    if (!isSpecName(name)) yield [[...path, index, "name"], "not one word of ASCII letters, digits and `_`"];
  }
}

/** Each a word, and each once. */
function* names(path: Path, named: readonly { readonly name: string }[]): Mistakes {
  yield* words(path, named);
  const index = repeated(named.map(({ name }) => name));
  if (index !== -1) yield [[...path, index, "name"], "the name stands twice"];
}

function* functions(path: Path, all: readonly FunctionDefinition[], place: BodyPlace): Mistakes {
  yield* names([...path, "functions"], all);
  for (const [index, { parameters, body }] of all.entries()) {
    const one = [...path, "functions", index];
    yield* names([...one, "parameters"], parameters);
    yield* mistaken(bodyMistake(body, [...one, "body"], place));
  }
}

const byName = (all: readonly FunctionDefinition[]): ReadonlyMap<string, readonly Parameter[]> =>
  new Map(all.map(({ name, parameters }) => [name, parameters]));
