import { throwIfAborted } from "#kernel/abort.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ConsentAnswer, ConsentAsker, ConsentQuestion } from "#ports/consent-asker.ts";
import { shortFingerprint } from "#protocol/short-fingerprint.ts";

import { hanging, hangingFact } from "./hanging.ts";
import type { Terminal } from "./command.ts";
import { wrap } from "./width.ts";

/** Digits of a digest that `--consent` takes at least: few enough to copy, too many to hit by chance. */
const FLAG_DIGITS_MIN = 12;

/**
 * Asks whether an agent may have its powers: by the flag `--consent <digest>` when it was given,
 * else at the terminal. A flag that names other powers refuses, it never asks: whoever wrote it
 * meant something else than what would happen now.
 */
export const createConsentPrompt = (options: {
  readonly terminal: Terminal;
  /** The operating-system user. */
  readonly user: string;
  /** What `--consent` was given, or null. */
  readonly flag: string | null;
  /** Called with this run's powers when the flag names others, for whoever reports the refusal. */
  readonly onOtherPowers: (powers: Sha256) => void;
}): ConsentAsker => {
  const { terminal, user, flag, onOtherPowers } = options;
  return {
    async ask(question, signal): Promise<ConsentAnswer> {
      throwIfAborted(signal);
      if (flag !== null) {
        if (names(flag, question.digest)) return { k: "given", by: user, surface: "flag" };
        onOtherPowers(question.digest);
        return { k: "refused", by: user, surface: "flag" };
      }
      const unavailable = {
        k: "unavailable",
        help: `read what the agent may do with \`writ check --powers\`, then run again with \`--consent ${question.digest}\``,
      } as const;
      if (!terminal.interactive) return unavailable;
      for (const line of consentLines(question, terminal.columns)) terminal.err(line);
      const code = shortFingerprint(question.digest);
      const typed = await terminal.question(`Type yes or ${code} to agree, anything else to stop: `, signal);
      // A terminal that somebody closed is not a person who said no.
      if (typed === null) return unavailable;
      const answer = typed.trim();
      return { k: answer === "yes" || answer === code ? "given" : "refused", by: user, surface: "terminal" };
    },
  };
};

/** The whole digest, or its beginning. */
const names = (flag: string, digest: Sha256): boolean =>
  flag.length >= FLAG_DIGITS_MIN && digest.startsWith(flag.toLowerCase());

const consentLines = (question: ConsentQuestion, columns: number): readonly string[] => {
  return [
    "",
    ...wrap(
      question.widened.length === 0
        ? `${visibleText(question.principal)} runs here for the first time. At most it may:`
        : `${visibleText(question.principal)} may do more than you agreed to. At most it may:`,
      columns,
    ),
    ...question.lines.flatMap((line) => hangingFact(line, columns)),
    ...(question.widened.length === 0
      ? []
      : ["New since then:", ...question.widened.flatMap((line) => hanging("  - ", line, columns))]),
  ];
};
