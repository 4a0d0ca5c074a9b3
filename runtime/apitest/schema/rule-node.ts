import type { Node } from "../load/document-set.ts";
import { pointerParts } from "../load/pointer.ts";
import { below, type Facets, facetsBesideNull, itemRefsOf, propertiesOf, rulesOf } from "./facets.ts";
import type { Mistake } from "./mistakes.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";

/**
 * Where the document says the rule that a value breaks. For a schema that is `false` the schema is followed
 * along the value's path, up to the one that has alternatives.
 */
export const ruleNode = (
  schemas: SchemaRegistry,
  root: SchemaRef,
  { at, keyword, schema }: Mistake,
): Node | undefined => {
  if (schema !== undefined) return schemas.sourceOf(below(schema, keyword));
  const { refs, facets } = schemasAt(schemas, root, at);
  const [said] = rulesOf(facets, keyword);
  const [nearest] = refs;
  const ref = said?.ref ?? nearest;
  return ref === undefined ? undefined : schemas.sourceOf(ref);
};

/** What holds for the part of a value at a JSON pointer, or for the nearest one around it that schemas speak of. */
export const schemasAt = (
  schemas: SchemaRegistry,
  root: SchemaRef,
  at: string,
): { readonly refs: readonly SchemaRef[]; readonly facets: Facets } => {
  let refs: readonly SchemaRef[] = [root];
  let facets: Facets = facetsBesideNull(schemas, root) ?? [];
  for (const part of pointerParts(at) ?? []) {
    const next = [
      ...(propertiesOf(facets).get(part) ?? []),
      ...(/^\d+$/.test(part) ? itemRefsOf(facets, Number(part)) : []),
    ];
    if (next.length === 0) break;
    refs = next;
    facets = facetsBesideNull(schemas, ...refs) ?? [];
  }
  return { refs, facets };
};
