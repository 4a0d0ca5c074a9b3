import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { utf8Text } from "#kernel/bytes.ts";
import { byCodeUnits } from "#kernel/canonical-json.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { PolicyLayer, PolicySource } from "#protocol/policy-vocabulary.ts";

import { readWholeFile } from "./source-file.ts";

/** Where the policies of a layer lie: every `.cedar` file below the folder, or none when it does not exist. */
export interface PolicyFolder {
  readonly layer: PolicyLayer;
  /** Absolute. */
  readonly folder: string;
  /** What stands before a file's path when a rule of it is named. */
  readonly shownAs: string;
}

export type PolicySourceFault = Fault<"HOST_POLICY_UNREADABLE" | "HOST_POLICY_TOO_LARGE">;

const FILES_MAX = 256;
const FILE_BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 8;

/**
 * The policy texts of all folders. A file that cannot be read, is not text or is too large is a
 * fault and not a gap, and so is a link below a folder behind which others may lie: what it would
 * have forbidden must not become allowed.
 */
export const gatherPolicySources = async (
  folders: readonly PolicyFolder[],
): Promise<Result<readonly PolicySource[], PolicySourceFault>> => {
  const sources: PolicySource[] = [];
  for (const { layer, folder, shownAs } of folders) {
    const paths = await cedarFiles(folder);
    if (!paths.ok) return paths;
    for (const path of paths.value) {
      const text = await readPolicy(join(folder, path), `${shownAs}/${path}`);
      if (!text.ok) return text;
      sources.push({ layer, file: `${shownAs}/${path}`, kind: "cedar", text: text.value });
    }
  }
  return ok(sources);
};

/** Paths below the folder with `/` between parts, sorted. */
const cedarFiles = async (folder: string): Promise<Result<readonly string[], PolicySourceFault>> => {
  const found: string[] = [];
  const waiting: { readonly path: string; readonly depth: number }[] = [{ path: "", depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, depth } = next;
    let entries;
    try {
      entries = await readdir(join(folder, path), { withFileTypes: true });
    } catch (error) {
      if (path === "" && (await isNothingAt(folder))) return ok([]);
      return failed(unreadable(join(folder, path), errorCode(error)));
    }
    for (const entry of entries) {
      const below = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth >= DEPTH_MAX)
          return failed(unreadable(join(folder, below), `folders nest deeper than ${DEPTH_MAX}`));
        waiting.push({ path: below, depth: depth + 1 });
      } else if (entry.name.toLowerCase().endsWith(".cedar")) {
        // A link counts as a file: opening it decides, and a dangling one is a fault.
        found.push(below);
      } else if (entry.isSymbolicLink()) {
        const why = await hidesPolicies(join(folder, below));
        if (why !== null) return failed(unreadable(join(folder, below), why));
      }
      if (found.length > FILES_MAX) {
        return failed(
          fault(
            "HOST_POLICY_TOO_LARGE",
            `more than ${FILES_MAX} policy files below \`${visibleText(folder)}\``,
          ),
        );
      }
    }
  }
  return ok(found.sort(byCodeUnits));
};

/** Whether there is not even a link that leads nowhere: its folder may be one that is not mounted. */
const isNothingAt = async (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    (error: unknown) => errorCode(error) === "ENOENT",
  );

/** Why there may be policies behind a link that is no policy itself, or null. Folders behind links are not searched. */
const hidesPolicies = async (link: string): Promise<string | null> => {
  try {
    return (await stat(link)).isDirectory() ? "it is a link to a folder" : null;
  } catch (error) {
    return `it is a link that cannot be followed: ${errorCode(error)}`;
  }
};

const readPolicy = async (path: string, shown: string): Promise<Result<string, PolicySourceFault>> => {
  const read = await readWholeFile(path, FILE_BYTES_MAX);
  if (read.ok) {
    const text = utf8Text(read.value);
    return text === undefined ? failed(unreadable(shown, "it is not UTF-8 text")) : ok(text);
  }
  switch (read.fault.k) {
    case "too-large":
      return failed(
        fault("HOST_POLICY_TOO_LARGE", `\`${visibleText(shown)}\` has more than ${FILE_BYTES_MAX} bytes`),
      );
    case "not-a-file":
      return failed(unreadable(shown, "it is not a file"));
    case "refused":
      return failed(unreadable(shown, read.fault.code));
  }
};

const unreadable = (path: string, why: string): PolicySourceFault =>
  fault("HOST_POLICY_UNREADABLE", `the policy file \`${visibleText(path)}\` cannot be read (${why})`, {
    help: "make it readable or remove it; nothing runs while a policy is unknown",
  });
