import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

import { utf8Text } from "#kernel/bytes.ts";
import { byCodeUnits } from "#kernel/canonical-json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { PolicyLayer, PolicySource } from "#protocol/policy-vocabulary.ts";

import { errorCode } from "#kernel/error-code.ts";

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
 * fault and not a gap: what it would have forbidden must not become allowed.
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
      const code = errorCode(error);
      if (path === "" && code === "ENOENT") return ok([]);
      return failed(unreadable(join(folder, path), code));
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

const readPolicy = async (path: string, shown: string): Promise<Result<string, PolicySourceFault>> => {
  let handle;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return failed(unreadable(shown, errorCode(error)));
  }
  try {
    const found = await handle.stat();
    if (!found.isFile()) return failed(unreadable(shown, "it is not a file"));
    if (found.size > FILE_BYTES_MAX) {
      return failed(
        fault(
          "HOST_POLICY_TOO_LARGE",
          `\`${visibleText(shown)}\` has ${found.size} bytes, at most ${FILE_BYTES_MAX} are read`,
        ),
      );
    }
    const text = utf8Text(await handle.readFile());
    return text === undefined ? failed(unreadable(shown, "it is not UTF-8 text")) : ok(text);
  } catch (error) {
    return failed(unreadable(shown, errorCode(error)));
  } finally {
    await handle.close();
  }
};

const unreadable = (path: string, why: string): PolicySourceFault =>
  fault("HOST_POLICY_UNREADABLE", `the policy file \`${visibleText(path)}\` cannot be read (${why})`, {
    help: "make it readable or remove it; nothing runs while a policy is unknown",
  });
