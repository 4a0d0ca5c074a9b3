import { throwIfAborted } from "#kernel/abort.ts";
import { isJsonObject, type JsonValue } from "#kernel/json.ts";
import type { DocumentFiles } from "#ports/document-files.ts";

import { DocumentSet } from "./document-set.ts";
import { LOAD_LIMITS } from "./limits.ts";
import { lineIndexOf } from "./line-index.ts";
import { API_PROBLEM_CODES, apiProblem, type DocumentProblem } from "./problems.ts";
import { type ApiDocument, readDocument } from "./read-document.ts";
import { referenceTarget } from "./reference.ts";

export interface LoadedDocuments {
  /** Null when the first document cannot be used at all. */
  readonly value: { readonly entry: ApiDocument; readonly documents: DocumentSet } | null;
  readonly problems: readonly DocumentProblem[];
}

/**
 * Reads a document and every file of the workspace that its `$ref`s name, within the limits. What a `$ref`
 * cannot reach is told where the `$ref` is used, not here: an example may hold one that means nothing.
 */
export const loadDocuments = async (
  entryFile: string,
  files: DocumentFiles,
  signal: AbortSignal,
): Promise<LoadedDocuments> => {
  const documents = new Map<string, ApiDocument>();
  const problems: DocumentProblem[] = [];
  const wanted = [entryFile];
  const seen = new Set(wanted);
  let totalBytes = 0;
  for (let file = wanted.shift(); file !== undefined; file = wanted.shift()) {
    throwIfAborted(signal);
    const bytes = await files.read(file, signal);
    // A file that is named by a `$ref` and is not there is a problem of that `$ref`.
    if (!bytes.ok) {
      if (file === entryFile)
        problems.push(atTop(file, API_PROBLEM_CODES.lostReference, bytes.fault.message));
      continue;
    }
    totalBytes += bytes.value.length;
    if (totalBytes > LOAD_LIMITS.totalBytesMax) {
      const message = `the documents together have more than ${LOAD_LIMITS.totalBytesMax} bytes`;
      problems.push(atTop(entryFile, API_PROBLEM_CODES.tooLarge, message));
      break;
    }
    const read = readDocument(file, bytes.value);
    problems.push(...read.problems.map((problem) => ({ file: file ?? entryFile, problem })));
    if (read.value === null) continue;
    documents.set(file, read.value);
    for (const named of filesNamedIn(read.value)) {
      if (seen.has(named)) continue;
      if (seen.size >= LOAD_LIMITS.documentsMax) {
        const message = `more than ${LOAD_LIMITS.documentsMax} files are named by \`$ref\`s`;
        problems.push(atTop(entryFile, API_PROBLEM_CODES.tooLarge, message));
        wanted.length = 0;
        break;
      }
      seen.add(named);
      wanted.push(named);
    }
  }
  const entry = documents.get(entryFile);
  return {
    value: entry === undefined ? null : { entry, documents: new DocumentSet(documents) },
    problems,
  };
};

const atTop = (
  file: string,
  code: (typeof API_PROBLEM_CODES)[keyof typeof API_PROBLEM_CODES],
  message: string,
): DocumentProblem => ({ file, problem: apiProblem(code, message, lineIndexOf("").rangeOf([0, 0])) });

/** Other files that any `$ref` of a document names. Shared values are walked once. */
const filesNamedIn = (document: ApiDocument): ReadonlySet<string> => {
  const named = new Set<string>();
  const visited = new Set<object>();
  const queue: JsonValue[] = [document.value];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (typeof value !== "object" || value === null || visited.has(value)) continue;
    visited.add(value);
    if (isJsonObject(value) && typeof value["$ref"] === "string") {
      const target = referenceTarget(document.file, value["$ref"]);
      if (target.k === "local" && target.file !== document.file) named.add(target.file);
    }
    for (const child of Object.values(value)) queue.push(child);
  }
  return named;
};
