import type { AgentSpec } from "#protocol/agent-spec.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { SymbiFile } from "../generated/ast.ts";
import type { Scan } from "../parser/scan.ts";
import { TreeIndex } from "../parser/tree.ts";
import { checkDeviations } from "./deviations.ts";
import { checkDuplicates } from "./duplicates.ts";
import { checkHiddenCharacters } from "./hidden-characters.ts";
import { checkNames } from "./names.ts";
import { checkReachability } from "./reachability.ts";
import { checkReferences } from "./references.ts";
import type { Reporter } from "./reporter.ts";
import { checkSecrets } from "./secrets.ts";

export interface CheckedFile {
  readonly tree: SymbiFile;
  readonly scan: Scan;
  readonly isBroken: boolean;
  readonly reporter: Reporter;
}

/** Everything that is worth saying about a file beside what lowering finds on its way. */
export const checkSemantics = (
  file: CheckedFile,
  spec: AgentSpec,
  tools: ReadonlyMap<string, ToolDescriptor>,
): void => {
  const { tree, reporter, scan } = file;
  const index = new TreeIndex(tree);
  checkHiddenCharacters(reporter, scan);
  checkDeviations(reporter, index);
  checkDuplicates(reporter, index);
  checkNames(reporter, index, spec, tools);
  checkReferences(reporter, tree, spec);
  checkSecrets(reporter, index);
  // Where text is missing, what follows from its flow would be guesses.
  if (!file.isBroken) checkReachability(reporter, index);
};
