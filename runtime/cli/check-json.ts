import type { JsonObject } from "#kernel/json.ts";
import type { Problem, Severity } from "#protocol/problem.ts";
import { mayRun } from "#protocol/problem.ts";

import { type CheckedFile, problemsOf } from "./check-files.ts";
import { faultDocument } from "./fault-output.ts";

/** The one JSON document of `writ check --json`, version 1. */
export const checkDocument = (files: readonly CheckedFile[]): JsonObject => ({
  v: 1,
  files: files.map((file): JsonObject => {
    const { outcome, path } = file;
    if (outcome.k !== "checked") return { path, fault: faultDocument(outcome.fault) };
    const { value, problems } = outcome.checked;
    return {
      path,
      mayRun: value !== null && mayRun(problems),
      source: value === null ? null : { ...value.source },
      agents: (value?.agents ?? []).map((agent) => agent.name),
      problems: problems.map(problemDocument),
      powers: outcome.powers.map(({ agent, result }): JsonObject =>
        result.ok
          ? { agent, digest: result.value.digest, powers: result.value.powers }
          : { agent, fault: faultDocument(result.fault) },
      ),
    };
  }),
  counts: countsOf(files.flatMap(problemsOf)),
});

/** A problem as programs read it. */
export const problemDocument = (problem: Problem): JsonObject => ({
  code: problem.code,
  class: problem.class,
  severity: problem.severity,
  message: problem.message,
  range: { ...problem.range },
  help: problem.help ?? null,
  fix:
    problem.fix === undefined
      ? null
      : { title: problem.fix.title, edits: problem.fix.edits.map(({ span, text }) => ({ span, text })) },
  related: (problem.related ?? []).map(({ message, range }) => ({ message, range: { ...range } })),
});

export const countsOf = (problems: readonly Problem[]): Readonly<Record<Severity, number>> => ({
  error: count(problems, "error"),
  warning: count(problems, "warning"),
  information: count(problems, "information"),
  hint: count(problems, "hint"),
});

const count = (problems: readonly Problem[], severity: Severity): number =>
  problems.filter((problem) => problem.severity === severity).length;
