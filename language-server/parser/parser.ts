import type { LangiumCoreServices, LangiumParser, LexerResult } from "langium";
import {
  createDefaultCoreModule,
  createDefaultSharedCoreModule,
  DefaultLexer,
  DefaultTokenBuilder,
  EmptyFileSystem,
  inject,
  prepareLangiumParser,
} from "langium";
import { invariant } from "#kernel/invariant.ts";
import type { Span } from "#protocol/source.ts";
import type { SymbiFile } from "../generated/ast.ts";
import { decideLazily } from "./lazy-lookahead.ts";
import { isTooMany, type Mistake, MistakeCollector } from "./mistakes.ts";
import { parserConfig, SymbiGeneratedModule, SymbiGeneratedSharedModule } from "../generated/module.ts";

/** What was read of a text. */
export interface Parsed {
  /** With holes where the text could not be read; empty when it was given up. */
  readonly tree: SymbiFile;
  readonly strangeCharacters: readonly Span[];
  /** In the order of the text. */
  readonly mistakes: readonly Mistake[];
  /** Whether there were so many mistakes that the rest was not tried. */
  readonly isGivenUp: boolean;
}

/**
 * Parses a text that `scan` has not refused; a deep or huge one would exhaust stack or time. A
 * text with very many mistakes is given up: mending each costs the parser time and stack.
 *
 * Knowing how to go on behind a mistake takes the parser a fifth of its start, so it learns that
 * when the first text has one; a text without a mistake is the same tree to both.
 */
export const parse = (text: string): Parsed => {
  if (!idle.has("mending")) {
    const strict = parseWith("strict", text);
    if (strict.mistakes.length === 0) return strict;
  }
  return parseWith("mending", text);
};

type Manner = "strict" | "mending";

const parseWith = (manner: Manner, text: string): Parsed => {
  const parser = idle.get(manner) ?? createParser(manner);
  // One that throws is in the middle of its work and of no more use.
  idle.delete(manner);
  const { mistakes } = parser;
  mistakes.begin();
  try {
    const { value, lexerErrors } = parser.langium.parse<SymbiFile>(text);
    idle.set(manner, parser);
    const strangeCharacters = lexerErrors.map(({ offset, length }): Span => [offset, offset + length]);
    return { tree: value, strangeCharacters, mistakes: mistakes.found, isGivenUp: false };
  } catch (error) {
    if (!isTooMany(error)) throw error;
    return { tree: EMPTY, strangeCharacters: [], mistakes: mistakes.found, isGivenUp: true };
  }
};

const EMPTY: SymbiFile = { $type: "SymbiFile", items: [] };

// Building one costs a hundred times more than parsing a small file, so they are kept.
const idle = new Map<Manner, Parser>();

interface Parser {
  readonly langium: LangiumParser;
  readonly mistakes: MistakeCollector;
}

const createParser = (manner: Manner): Parser => {
  const mistakes = new MistakeCollector();
  const shared = inject(createDefaultSharedCoreModule(EmptyFileSystem), SymbiGeneratedSharedModule);
  const services = inject(createDefaultCoreModule({ shared }), SymbiGeneratedModule, {
    parser: {
      LangiumParser: (services: LangiumCoreServices) => {
        const parser = prepareLangiumParser(services);
        decideLazily(parser);
        parser.finalize();
        return parser;
      },
      Lexer: (services: LangiumCoreServices) => new LexerWithoutComments(services),
      TokenBuilder: () => new NamesBeforeKeywords(),
      ParserErrorMessageProvider: () => mistakes,
      ParserConfig: () => ({ ...parserConfig, recoveryEnabled: manner === "mending" }),
      // Tokens stay as written; semantics/literal.ts says what they mean.
      ValueConverter: () => ({ convert: (token: string) => token }),
    },
  });
  return { langium: services.parser.LangiumParser, mistakes };
};

/**
 * Keywords that begin or join statements, so that a name in an expression is never one of them.
 * The grammar lists them where they may be names all the same.
 */
const STATEMENT_WORDS: ReadonlySet<string> = new Set(
  "let if for while match try return break continue in not and or else catch finally".split(" "),
);

/**
 * Makes every other keyword a kind of name to the parser (where both fit, the keyword wins), and
 * every token but braces a kind of what is not read.
 */
class NamesBeforeKeywords extends DefaultTokenBuilder {
  /**
   * A word is a keyword only when no longer name begins with it, and a slash only when no comment
   * does. Langium finds this out by trying every terminal on every keyword, a tenth of the start.
   */
  protected override findLongerAlt(keyword: Keyword, terminals: TokenType[]): TokenType[] {
    if (isWord(keyword.value)) return terminals.filter((token) => token.name === "ID");
    return keyword.value === "/" ? terminals.filter((token) => token.name.endsWith("_COMMENT")) : [];
  }

  override buildTokens(...given: Parameters<DefaultTokenBuilder["buildTokens"]>): TokenType[] {
    const tokens = super.buildTokens(...given) as TokenType[];
    const name = tokens.find((token) => token.name === "ID");
    const anything = tokens.find((token) => token.name === "ANYTHING");
    invariant(name !== undefined && anything !== undefined, "the grammar has names and what is not read");
    for (const token of tokens) {
      const isName = isWord(token.name) && !STATEMENT_WORDS.has(token.name);
      const isBrace = token.name === "{" || token.name === "}";
      token.CATEGORIES = [...(isName ? [name] : []), ...(isBrace || token === anything ? [] : [anything])];
    }
    return tokens;
  }
}

const isWord = (keyword: string): boolean => /^[a-z]+$/.test(keyword);

type Keyword = Parameters<DefaultTokenBuilder["buildKeywordToken"]>[0];

type TokenType = Extract<ReturnType<DefaultTokenBuilder["buildTokens"]>, readonly unknown[]>[number];

/**
 * Comments are found by their offsets where they are wanted. Left to the parser, each is put in
 * its place by shifting all that follow, which makes many comments cost the square of their number.
 */
class LexerWithoutComments extends DefaultLexer {
  override tokenize(text: string): LexerResult {
    return { ...super.tokenize(text), hidden: [] };
  }
}
