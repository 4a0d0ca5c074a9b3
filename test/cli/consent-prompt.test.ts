import { describe, expect, test } from "vitest";
import { createConsentPrompt } from "#cli/consent-prompt.ts";
import type { ConsentAnswer, ConsentQuestion } from "#ports/consent-asker.ts";
import { digestOf } from "#test/kit/decisions.ts";
import { expectGolden } from "#test/kit/golden.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

const question = (changes: Partial<ConsentQuestion> = {}): ConsentQuestion => ({
  principal: 'Agent::"agents/helper.symbi#helper"',
  digest: `ab12cd34${digestOf("e").slice(8)}` as ConsentQuestion["digest"],
  lines: [
    "agent    agents/helper.symbi#helper",
    "tool     read_file: reads the run's copy of the workspace (low risk)",
  ],
  widened: [],
  ...changes,
});

const answerTo = async (
  typed: readonly (string | null)[],
  flag: string | null,
  interactive = true,
): Promise<ConsentAnswer> =>
  createConsentPrompt({
    terminal: createTerminalFake(typed, { interactive }),
    user: "ada",
    flag,
    onOtherPowers: () => undefined,
  }).ask(question(), new AbortController().signal);

const given = (surface: "terminal" | "flag"): ConsentAnswer => ({ k: "given", by: "ada", surface });
const refused = (surface: "terminal" | "flag"): ConsentAnswer => ({ k: "refused", by: "ada", surface });

describe("consent", () => {
  const digest = question().digest;
  test.each<[string, readonly (string | null)[], string | null, ConsentAnswer]>([
    ["yes", ["yes"], null, given("terminal")],
    ["the short code", [" ab12-cd34"], null, given("terminal")],
    ["another word", ["ok"], null, refused("terminal")],
    ["an empty line", [""], null, refused("terminal")],
    ["a flag with the digest", [], digest, given("flag")],
    ["a flag with its first twelve digits", [], digest.slice(0, 12), given("flag")],
    ["a flag in upper case", [], digest.toUpperCase(), given("flag")],
    ["a flag with fewer digits", [], digest.slice(0, 11), refused("flag")],
    ["a flag with other powers", [], digestOf("0"), refused("flag")],
    ["an empty flag", [], "", refused("flag")],
    ["a flag with more than the digest", [], `${digest}0`, refused("flag")],
  ])("by %s", async (_, typed, flag, expected) => {
    expect(await answerTo(typed, flag)).toEqual(expected);
  });

  test("a flag with other powers is told about to whoever reports the refusal, and not printed", async () => {
    const terminal = createTerminalFake();
    const told: string[] = [];
    const prompt = createConsentPrompt({
      terminal,
      user: "ada",
      flag: digestOf("0"),
      onOtherPowers: (powers) => void told.push(powers),
    });
    await prompt.ask(question(), new AbortController().signal);
    expect([told, terminal.outLines, terminal.errLines]).toEqual([[digest], [], []]);
  });

  test("the end of input is nobody's answer", async () => {
    expect(await answerTo([null], null, true)).toMatchObject({ k: "unavailable" });
  });

  test("without a terminal needs the flag, and says which", async () => {
    expect(await answerTo([], null, false)).toEqual({
      k: "unavailable",
      help: `read what the agent may do with \`writ check --powers\`, then run again with \`--consent ${digest}\``,
    });
    expect(await answerTo([], digest, false)).toEqual(given("flag"));
  });

  test.each<[string, Partial<ConsentQuestion>]>([
    ["first-run", {}],
    ["wider", { widened: ["may use publish_file", "rule gone: deny: publish_file"] }],
  ])("shows the %s powers before it asks", async (name, changes) => {
    const terminal = createTerminalFake(["no"], { columns: 60 });
    const prompt = createConsentPrompt({ terminal, user: "ada", flag: null, onOtherPowers: () => undefined });
    await prompt.ask(question(changes), new AbortController().signal);
    const screen = [...terminal.errLines, ...terminal.prompts].join("\n");
    expectGolden(new URL(`goldens/consent-${name}.txt`, import.meta.url), `${screen}\n`);
  });

  test("is not asked for when the run was cancelled", async () => {
    const terminal = createTerminalFake(["yes"]);
    const prompt = createConsentPrompt({ terminal, user: "ada", flag: null, onOtherPowers: () => undefined });
    await expect(prompt.ask(question(), AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });
});
