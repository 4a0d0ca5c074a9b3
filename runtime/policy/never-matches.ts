import { isWellFormed } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { likelyPath } from "#protocol/call-path.ts";
import {
  agentOfEntityId,
  entityId,
  entityText,
  hostOfEntityId,
  modelOfEntityId,
} from "#protocol/entity-id.ts";
import { PRINCIPAL_TYPES, RESOURCE_TYPES } from "#protocol/policy-vocabulary.ts";
import type { Problem } from "#protocol/problem.ts";
import type { EntityLiteral } from "./cedar-head.ts";
import { entityLiterals } from "./cedar-head.ts";
import { cedarEntity } from "./cedar-literal.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { foldedPath } from "./folded-path.ts";
import { policyError } from "./policy-problem.ts";
import type { SourceText } from "./source-text.ts";

/*
 * Names in Cedar policies that no request ever carries. Cedar accepts any id of a known type, so
 * a `forbid` about a misspelt one would be silent for ever.
 */

interface Miss {
  readonly why: string;
  readonly help: string;
  /** What to write instead of the name and the operator before it, where that is known. */
  readonly instead: string | null;
}

/** Problems of all entity names in one policy; `tokens` are the policy's, places those of `source`. */
export const neverMatching = (
  tokens: readonly CedarToken[],
  source: SourceText,
  tools: ReadonlySet<string>,
): readonly Problem[] =>
  entityLiterals(tokens).flatMap((literal) => {
    const miss = missOf(literal, tools);
    if (miss === undefined) return [];
    const { before, span } = literal;
    const replaceable = miss.instead !== null && before?.text === "==";
    return policyError("neverMatches", miss.why, source.range(span), {
      help: miss.help,
      ...(replaceable
        ? {
            fix: {
              title: `Write \`${miss.instead}\``,
              edits: [{ span: [before.start, span[1]] as const, text: miss.instead }],
            },
          }
        : {}),
    });
  });

const missOf = ({ type, id, isBehindIn }: EntityLiteral, tools: ReadonlySet<string>): Miss | undefined => {
  // An escape that only Cedar reads; no id of ours needs one.
  if (id === undefined)
    return { why: "the id is written with an escape", help: "write it plainly", instead: null };
  if (type === "Action") return id === "tool_call" && !isBehindIn ? BARE_TOOL_CALL : undefined;
  if (!NAMED.has(type)) return undefined;
  if (type === "Agent") {
    return agentOfEntityId(id) === undefined ? agentByName(id) : undefined;
  }
  if (type === "Host") return hostOfEntityId(id) === undefined ? NO_HOST : undefined;
  const text = entityText(id);
  if (text === undefined) return notCanonical(type, id);
  if (type === "Model" && modelOfEntityId(id) === undefined) return NO_MODEL;
  if (type === "File" && foldedPath(text) === undefined) return noFile(text);
  if (type === "Tool" && !tools.has(text)) {
    return {
      why: `no tool is called \`${visibleExcerpt(text, 120)}\``,
      help: "`writ check --powers` lists the tools",
      instead: null,
    };
  }
  return type === "AgentFolder" && !isFolder(text)
    ? {
        why: `\`${visibleExcerpt(text, 120)}\` is no folder of a workspace`,
        help: 'a folder is written from the workspace on without `/` at its ends, the workspace itself is `"."`',
        instead: null,
      }
    : undefined;
};

const NAMED: ReadonlySet<string> = new Set([
  ...PRINCIPAL_TYPES,
  ...RESOURCE_TYPES,
  "AgentName",
  "AgentFolder",
]);

const BARE_TOOL_CALL: Miss = {
  why: "no request has the action `tool_call` itself: each has `tool_call::<tool>`, which lies in it",
  help: 'write `action in Action::"tool_call"`',
  instead: 'in Action::"tool_call"',
};

const NO_HOST: Miss = {
  why: "no host has this id: an id is an origin as browsers write it, such as `https://example.org` or `http://127.0.0.1:8080`",
  help: "write scheme and host in lower case and ASCII, addresses in their usual form, and no port that the scheme has anyway",
  instead: null,
};

const NO_MODEL: Miss = {
  why: "no model has this id: an id is the provider and the name, such as `scripted:demo`",
  help: "write the provider, a colon and the model's name",
  instead: null,
};

const noFile = (path: string): Miss => {
  const likely = likelyPath(path, "file", { before: false, after: false });
  const file = likely === null ? null : cedarEntity("File", entityId(likely));
  return {
    why: `\`${visibleExcerpt(path, 120)}\` is the path of no file in a workspace`,
    help:
      file === null
        ? "a path is written from the workspace on, with `/` between parts, none of them empty, `.` or `..`"
        : `write \`${file}\``,
    instead: file === null ? null : `== ${file}`,
  };
};

const agentByName = (id: string): Miss => {
  const shown = visibleExcerpt(id, 120);
  const group = isWellFormed(id) ? cedarEntity("AgentName", entityId(id)) : null;
  return {
    why: `no agent has the id \`${shown}\`: an id is the agent's file and name, such as \`agents/reader.symbi#reader\``,
    help: group === null ? "write file and name" : `for every agent of that name write \`in ${group}\``,
    instead: group === null || id.includes("#") ? null : `in ${group}`,
  };
};

const notCanonical = (type: string, id: string): Miss => {
  const canonical = isWellFormed(id) && id !== "" ? cedarEntity(type, entityId(id)) : null;
  return {
    why: `nothing has the id \`${visibleExcerpt(id, 120)}\`: ids are ASCII with everything else percent-encoded`,
    help: canonical === null ? "see the forms of ids in the policy vocabulary" : `write \`${canonical}\``,
    instead: canonical === null ? null : `== ${canonical}`,
  };
};

const isFolder = (text: string): boolean =>
  text === "." || text.split("/").every((part) => part !== "" && part !== "." && part !== "..");
