import type { LangiumParser, LexerResult, ParseResult } from "langium";
import {
  createDefaultCoreModule,
  createDefaultSharedCoreModule,
  DefaultLexer,
  DefaultTokenBuilder,
  EmptyFileSystem,
  inject,
} from "langium";
import { invariant } from "#kernel/invariant.ts";
import type { SymbiFile } from "../generated/ast.ts";
import { SymbiGeneratedModule, SymbiGeneratedSharedModule } from "../generated/module.ts";

export type SyntaxTree = ParseResult<SymbiFile>;

/**
 * Parses a text that `scan` has not refused; a deep or huge one would exhaust stack or time.
 * Always gives a tree, with holes where the text could not be read.
 */
export const parse = (text: string): SyntaxTree => {
  parser ??= createParser();
  try {
    return parser.parse<SymbiFile>(text);
  } catch (error) {
    // A parser that threw is in the middle of its work and of no more use.
    parser = undefined;
    throw error;
  }
};

// Building one costs a hundred times more than parsing a small file, so it is kept.
let parser: LangiumParser | undefined;

const createParser = (): LangiumParser => {
  const shared = inject(createDefaultSharedCoreModule(EmptyFileSystem), SymbiGeneratedSharedModule);
  const services = inject(createDefaultCoreModule({ shared }), SymbiGeneratedModule, {
    parser: {
      Lexer: (services: ConstructorParameters<typeof DefaultLexer>[0]) => new LexerWithoutComments(services),
      TokenBuilder: () => new NamesBeforeKeywords(),
      // Tokens stay as written; semantics/literal.ts says what they mean.
      ValueConverter: () => ({ convert: (token: string) => token }),
    },
  });
  return services.parser.LangiumParser;
};

/**
 * Keywords that begin or join statements, so that a name in an expression is never one of them.
 * The grammar lists them where they may be names all the same.
 */
const STATEMENT_WORDS: ReadonlySet<string> = new Set(
  "let if for while match try return break continue in not and or else catch finally".split(" "),
);

/** Makes every other keyword a kind of name to the parser: where both fit, the keyword wins. */
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
    invariant(name !== undefined, "the grammar has names");
    for (const token of tokens) {
      if (isWord(token.name) && !STATEMENT_WORDS.has(token.name)) token.CATEGORIES = [name];
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
