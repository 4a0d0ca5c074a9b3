import type { JsonValue } from "#kernel/json.ts";

import type { Node } from "../load/document-set.ts";
import type { Operation, Parameter, RequestBody } from "../model/operation.ts";
import type { SchemaJudge } from "../schema/judge.ts";
import type { SchemaRef, SchemaRegistry } from "../schema/registry.ts";
import { mayBodyBeValid, sentBody } from "../wire/body.ts";
import { mayBeValid, sentParameter } from "../wire/parameter.ts";
import type { PartName } from "./draft.ts";

/** A part of a request that has a schema: a parameter or the body. */
export interface Part {
  readonly name: PartName;
  readonly node: Node;
  readonly required: boolean;
  readonly schema: SchemaRef;
  /** Whether this value can be sent here so that it is read as what it is. */
  isSendable(value: JsonValue): boolean;
  /** Whether some server may read what is sent as valid. */
  mayBeValid(schemas: SchemaRegistry, judge: SchemaJudge, value: JsonValue): boolean;
}

export const partsOf = (operation: Operation): readonly Part[] => [
  ...operation.parameters.map(parameterPart),
  ...(operation.body === null ? [] : [bodyPart(operation.body)]),
];

export const partNameOf = ({ place, name }: Parameter): PartName => `${place} ${name}`;

const parameterPart = (parameter: Parameter): Part => ({
  name: partNameOf(parameter),
  node: parameter.node,
  required: parameter.required,
  schema: parameter.schema,
  isSendable: (value) => sentParameter(parameter, value) !== undefined,
  mayBeValid: (schemas, judge, value) => mayBeValid(schemas, judge, parameter, value),
});

const bodyPart = (body: RequestBody): Part => ({
  name: "body",
  node: body.node,
  required: body.required,
  schema: body.schema,
  isSendable: (value) => sentBody(body, value) !== undefined,
  mayBeValid: (schemas, judge, value) => mayBodyBeValid(schemas, judge, body, value),
});
