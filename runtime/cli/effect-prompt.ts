import { throwIfAborted } from "#kernel/abort.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { EffectAnswer, EffectAsker, LostEffect } from "#host/resume-run.ts";

import { shortId } from "./audit-text.ts";
import type { Invocation, Terminal } from "./command.ts";
import { block, PREVIEW_CHARACTERS_MAX } from "./terminal-approver.ts";
import { wrap } from "./width.ts";

/** What the command line says of calls, by the endings of their ids. */
interface ToldEffects {
  readonly happened: readonly string[];
  readonly absent: readonly string[];
}

const WORDS: Readonly<Record<string, EffectAnswer["k"]>> = {
  happened: "happened",
  absent: "absent",
  end: "end",
};

/** How often a person may type something else. */
const TRIES_MAX = 3;

/**
 * Has the person say what became of each effect that a dead host may have had: by `--happened` and
 * `--absent`, else at the terminal. All is asked before anything is recorded, so that a run of which
 * nobody says it stays interrupted.
 */
const createEffectPrompt = (options: {
  readonly terminal: Terminal;
  /** The operating-system user. */
  readonly user: string;
  readonly told: ToldEffects;
  /** Whether a program reads what is said, which then gets nothing but the fault where nobody can be asked. */
  readonly isForProgram: boolean;
}): EffectAsker => {
  const { terminal, user, told, isForProgram } = options;
  const answers = new Map<string, EffectAnswer>();
  return {
    async ready(lost, signal) {
      for (const effect of lost) {
        const flag = flagFor(effect, told);
        if (flag !== null) {
          answers.set(effect.callId, { k: flag, by: user, surface: "flag" });
          continue;
        }
        if (!terminal.interactive && isForProgram) return failed(unanswered(effect));
        const answer = await askAt(terminal, effect, signal);
        if (!answer.ok) return answer;
        answers.set(effect.callId, { k: answer.value, by: user, surface: "terminal" });
        // Of a run that ends nothing else has to be known.
        if (answer.value === "end") break;
      }
      return ok(undefined);
    },
    async ask({ callId }, signal) {
      throwIfAborted(signal);
      const answer = answers.get(callId);
      invariant(answer !== undefined, "each lost effect is asked about before the run goes on");
      return answer;
    },
  };
};

/** The person at this terminal, with what the command line says already. */
export const effectPromptOf = ({
  terminal,
  environment,
  values,
  switches,
}: Pick<Invocation, "terminal" | "environment" | "values" | "switches">): EffectAsker => {
  const told = (name: string): readonly string[] =>
    (values.get(name) ?? []).map((text) => text.toLowerCase());
  return createEffectPrompt({
    terminal,
    user: environment.user,
    told: { happened: told("happened"), absent: told("absent") },
    isForProgram: switches.has("json"),
  });
};

const flagFor = ({ callId }: LostEffect, told: ToldEffects): "happened" | "absent" | null => {
  if (told.happened.some((ending) => callId.endsWith(ending))) return "happened";
  return told.absent.some((ending) => callId.endsWith(ending)) ? "absent" : null;
};

const askAt = async (
  terminal: Terminal,
  effect: LostEffect,
  signal: AbortSignal,
): Promise<Result<EffectAnswer["k"], Fault<string>>> => {
  for (const line of effectLines(effect, terminal)) terminal.err(line);
  if (!terminal.interactive) return failed(unanswered(effect));
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const typed = await terminal.question(
      "Look, then type happened, absent (it is done again) or end (the run ends): ",
      signal,
    );
    if (typed === null) break;
    const answer = WORDS[typed.trim()];
    if (answer !== undefined) return ok(answer);
  }
  return failed(unanswered(effect));
};

const effectLines = (effect: LostEffect, { style, columns }: Terminal): readonly string[] => [
  "",
  ...wrap(
    `${visibleText(effect.tool)} was under way when the run's host died: whether it happened nobody can say but you`,
    columns,
  ).map((line) => style.bold(line)),
  `  call  ${shortId(effect.callId)}`,
  "  arguments:",
  ...block(canonicalJson(effect.arguments), PREVIEW_CHARACTERS_MAX, columns),
  ...(effect.preview === null
    ? []
    : ["  would change:", ...block(effect.preview.replace(/\n$/, ""), PREVIEW_CHARACTERS_MAX, columns)]),
];

const unanswered = ({ tool, callId }: LostEffect): Fault<"CLI_EFFECT_UNKNOWN"> =>
  fault(
    "CLI_EFFECT_UNKNOWN",
    `nobody said whether ${visibleText(tool)} happened (call ${shortId(callId)}), so the run does not go on`,
    {
      help: `look, and then resume it with \`--happened ${shortId(callId)}\`, or with \`--absent ${shortId(callId)}\` to have it done again`,
    },
  );
