import type { JsonValue } from "#kernel/json.ts";

import { API_PROBLEM_CODES } from "../load/problems.ts";
import type { Operation } from "../model/operation.ts";
import { drawsOf } from "../schema/draws.ts";
import { facetsOf, rulesOf } from "../schema/facets.ts";
import type { Gap } from "../schema/gap.ts";
import type { Sample } from "../schema/sample.ts";
import { OPTIONAL_DEPTH_MAX, samplesOf } from "../schema/samples.ts";
import type { AgentContext } from "./context.ts";
import type { PartName } from "./draft.ts";
import { type Part, partsOf } from "./parts.ts";

/** A part with the valid values that can be sent in it; the first one is the plainest. */
export interface ValidPart {
  readonly part: Part;
  readonly samples: readonly Sample[];
}

/** What can be sent to an operation, or undefined when something that it requires cannot be made. */
export interface ValidOperation {
  readonly operation: Operation;
  readonly parts: readonly ValidPart[];
  /** The required parts, each with its plainest value. */
  readonly plainest: ReadonlyMap<PartName, JsonValue>;
}

export const validOperation = (operation: Operation, context: AgentContext): ValidOperation | undefined => {
  const { schemas, judge, log, seed } = context;
  const parts: ValidPart[] = [];
  let isPossible = true;
  for (const part of partsOf(operation)) {
    const draws = drawsOf(seed, operation.method, operation.path, part.name);
    const onGap = ({ ref, why, what }: Gap): void => {
      const { code, message } = GAPS[why];
      log.say(code, schemas.sourceOf(ref) ?? part.node, message(what));
    };
    const samples = samplesOf(schemas, judge, part.schema, draws, onGap).filter(({ value }) =>
      part.isSendable(value),
    );
    sayWrongExamples(part, context);
    if (samples.length === 0) {
      const message = `no value was found for ${part.name} that its schema allows and that can be sent`;
      log.say(API_PROBLEM_CODES.noValue, part.node, message);
      if (part.required) isPossible = false;
    } else parts.push({ part, samples });
  }
  if (!isPossible) return undefined;
  const plainest = new Map(
    parts.flatMap(({ part, samples: [first] }) =>
      part.required && first !== undefined ? [[part.name, first.value] as const] : [],
    ),
  );
  return { operation, parts, plainest };
};

const GAPS = {
  "no-value": {
    code: API_PROBLEM_CODES.noValue,
    message: (what: string) => `no value was found for ${what} that the schema allows, so none is sent`,
  },
  "too-deep": {
    code: API_PROBLEM_CODES.notTested,
    message: (what: string) =>
      `${what} are not sent where this lies deeper than ${OPTIONAL_DEPTH_MAX} levels`,
  },
  "too-much": {
    code: API_PROBLEM_CODES.notTested,
    message: (what: string) => `${what} is not sent, as the schema around it has too many parts`,
  },
} as const;

const sayWrongExamples = (part: Part, { schemas, judge, log }: AgentContext): void => {
  const facets = facetsOf(schemas, part.schema) ?? [];
  for (const { ref, schema } of facets) {
    const examples = rulesOf([{ ref, schema }], "examples").flatMap(({ value }) =>
      Array.isArray(value) ? value : [],
    );
    if (examples.every((example: JsonValue) => judge.isValid(part.schema, example))) continue;
    const node = schemas.sourceOf(ref) ?? part.node;
    log.say(
      API_PROBLEM_CODES.wrongExample,
      node,
      "an example or default here is not valid, so it is not sent",
    );
  }
};
