import { AbstractParserErrorMessageProvider } from "langium";

/** A place where the parser could not go on. */
export interface Mistake {
  /** Where the sign that does not fit begins; null at the end of the file. */
  readonly at: number | null;
  readonly image: string;
  /** The rule of the grammar that was being read. */
  readonly rule: string;
  /** Name of the only token that would have fitted, when there is one. */
  readonly expected: string | null;
}

/** Mistakes of one text after which the parser is stopped. */
export const MISTAKES_MAX = 100;

type Given<Method extends keyof AbstractParserErrorMessageProvider> = Parameters<
  AbstractParserErrorMessageProvider[Method]
>[0];

/**
 * Takes the place of the parser's maker of messages: it is told of every mistake as it happens,
 * before the parser mends it, and so is where to stop.
 */
export class MistakeCollector extends AbstractParserErrorMessageProvider {
  found: Mistake[] = [];

  begin(): void {
    this.found = [];
  }

  override buildMismatchTokenMessage({
    actual,
    expected,
    ruleName,
  }: Given<"buildMismatchTokenMessage">): string {
    return this.note(actual, ruleName, expected.name);
  }

  override buildNotAllInputParsedMessage(given: Given<"buildNotAllInputParsedMessage">): string {
    return this.note(given.firstRedundant, given.ruleName, null);
  }

  override buildNoViableAltMessage({ actual, ruleName }: Given<"buildNoViableAltMessage">): string {
    return this.note(actual[0], ruleName, null);
  }

  override buildEarlyExitMessage({ actual, ruleName }: Given<"buildEarlyExitMessage">): string {
    return this.note(actual[0], ruleName, null);
  }

  private note(
    token: Given<"buildMismatchTokenMessage">["actual"] | undefined,
    ruleName: string,
    expected: string | null,
  ): string {
    const atEnd = token === undefined || token.tokenType.name === "EOF";
    this.found.push({
      at: atEnd ? null : token.startOffset,
      image: atEnd ? "" : token.image,
      // Langium marks its rules with a character that nobody sees.
      rule: ruleName.replace(/[^A-Za-z]/g, ""),
      expected,
    });
    if (this.found.length >= MISTAKES_MAX) throw new TooManyMistakes();
    return "";
  }
}

class TooManyMistakes extends Error {
  readonly code = "PARSER_TOO_MANY_MISTAKES";
}

export const isTooMany = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "PARSER_TOO_MANY_MISTAKES";
