import type { PolicySource } from "#protocol/policy-vocabulary.ts";

/** Under which name decisions cite what was said on the command line. */
export const ORIGIN_POLICY_FILE = "--origin";

/**
 * What a person who names `--origin` permits, as a rule of the user's own layer: this test run, to this
 * origin, and nothing else. Every other layer can still forbid it, ask for approval or leave it out.
 *
 * Both ids have their form already, so neither holds a quote or a backslash.
 */
export const originPolicy = (testRun: string, origin: string): PolicySource => ({
  layer: "user",
  file: ORIGIN_POLICY_FILE,
  kind: "cedar",
  text: `@doc("Named on the command line.")
permit (principal == TestRun::"${testRun}", action == Action::"http_request", resource == Host::"${origin}");
`,
});
