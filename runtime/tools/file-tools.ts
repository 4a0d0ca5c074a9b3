import { utf8, utf8Text } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { TOOL_TEXT_BYTES_MAX } from "#protocol/tool-descriptors.ts";
import { binaryDiff, unifiedDiff } from "#sandbox/unified-diff.ts";

import { textOf } from "./builtin-executor.ts";
import type { BuiltinTool } from "./builtin-executor.ts";
import type { RunFiles } from "./run-files.ts";
import { decideSight, sightOf } from "./sight.ts";
import type { SightDeps } from "./sight.ts";

/** Reading and writing in memory or over a local engine takes no longer. */
const FILE_TIMEOUT_MS = 10_000;

/** Largest file that is compared for a preview. */
const COMPARED_BYTES_MAX = 64 * 1024 * 1024;

/** Most files that one call lists. */
export const LISTED_FILES_MAX = 5_000;

const FOLDERS_NAMED = 40;

export const readFileTool = (files: RunFiles): BuiltinTool => ({
  name: "read_file",
  timeoutMsDefault: FILE_TIMEOUT_MS,

  async plan(given) {
    return { labels: files.labelsOf([textOf(given, "path")]), deed: ok({}) };
  },

  async act(call, { signal }) {
    const path = textOf(call.arguments, "path");
    const bytes = await files.read(path, { bytesMax: TOOL_TEXT_BYTES_MAX, signal });
    if (!bytes.ok) return bytes;
    const text = utf8Text(bytes.value);
    if (text === undefined) {
      const why = `\`${visibleText(path)}\` is not UTF-8 text (${bytes.value.length} bytes)`;
      return failed(fault("TOOL_UNSUPPORTED", why));
    }
    return ok({ text, value: text, labels: files.labelsOf([path]), changes: [] });
  },
});

export const listFilesTool = (deps: SightDeps): BuiltinTool => ({
  name: "list_files",
  timeoutMsDefault: FILE_TIMEOUT_MS,

  async plan(given, options) {
    const folder = textOf(given, "path");
    // Names are content too, and which of them the list will hold is not known yet.
    const labels = deps.files.allLabels();
    const sight = await decideSight(deps, { folder, labels }, options);
    return { labels, deed: sight.ok ? ok({ details: { files: sight.value } }) : sight };
  },

  async act(call, { signal }) {
    const folder = textOf(call.arguments, "path");
    const sight = await sightOf(deps, folder, call.details, signal);
    if (!sight.ok) return sight;
    const { shown } = sight.value;
    if (shown.length > LISTED_FILES_MAX) {
      const inside = foldersIn(
        folder,
        shown.map((file) => file.path),
      );
      const why = `there are ${shown.length} files, at most ${LISTED_FILES_MAX} are listed; list one of: ${inside}`;
      return failed(fault("TOOL_TOO_LARGE", why));
    }
    const lines = shown.map((file) => `${file.path} (${file.sizeBytes} bytes)`);
    return ok({
      text: lines.length === 0 ? "no files" : lines.join("\n"),
      value: shown.map(({ path, sizeBytes }) => ({ path, size_bytes: sizeBytes })),
      labels: deps.files.labelsOf(shown.map((file) => file.path)),
      changes: [],
    });
  },
});

/** The folders directly in a folder, with the number of files below each. */
const foldersIn = (folder: string, paths: readonly string[]): string => {
  const above = folder === "." ? "" : `${folder}/`;
  const counts = new Map<string, number>();
  for (const path of paths) {
    const slash = path.indexOf("/", above.length);
    const inside = slash === -1 ? null : path.slice(0, slash);
    if (inside !== null) counts.set(inside, (counts.get(inside) ?? 0) + 1);
  }
  const named = [...counts].slice(0, FOLDERS_NAMED).map(([name, count]) => `${visibleText(name)} (${count})`);
  return named.length === 0 ? "nothing, since it has no folders" : named.join(", ");
};

export const writeFileTool = (files: RunFiles): BuiltinTool => ({
  name: "write_file",
  timeoutMsDefault: FILE_TIMEOUT_MS,

  async plan(given, { signal }) {
    const path = textOf(given, "path");
    const before = await files.read(path, { bytesMax: COMPARED_BYTES_MAX, signal });
    if (!before.ok && before.fault.code !== "TOOL_NOT_FOUND") return { deed: before };
    const after = utf8(textOf(given, "content"));
    return { deed: ok({ preview: preview(path, before.ok ? before.value : null, after) }) };
  },

  async act(call, { signal }) {
    const path = textOf(call.arguments, "path");
    const bytes = utf8(textOf(call.arguments, "content"));
    const changes = await files.write(path, bytes, call.labels, signal);
    if (!changes.ok) return changes;
    // Not what became of the file: who may write where it may not read could guess what stood there.
    const text = `wrote ${path} (${bytes.length} bytes)`;
    return ok({ text, value: null, labels: [], changes: changes.value });
  },
});

/** How a file would change, for people. */
export const preview = (path: string, before: Uint8Array | null, after: Uint8Array): string => {
  const left = before === null ? null : utf8Text(before);
  const right = utf8Text(after);
  return left === undefined || right === undefined
    ? binaryDiff(path, before, after)
    : unifiedDiff(path, left, right);
};
