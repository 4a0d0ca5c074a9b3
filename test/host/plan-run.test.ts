import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { bindAgent } from "#host/plan-run.ts";
import type { Lowering } from "#ports/lowering.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { agentSpecOf } from "#test/kit/agent-spec-of.ts";

const TEXT = "agent reader { policy p { allow: read_file } }";

/** A lowering that finds nothing wrong and gives this spec, whatever the file. */
const giving = (spec: AgentSpec): Lowering => ({
  lower: () => Promise.resolve(ok({ value: spec, problems: [] })),
  close: () => Promise.resolve(),
});

/** Tells that it was asked; there is nothing to load here. */
const engine = { load: () => Promise.resolve(failed(fault("DECIDER_LOST", "the rules were loaded"))) };

const bind = (spec: AgentSpec) =>
  bindAgent(
    { lowering: giving(spec), engine },
    { bytes: utf8(TEXT), path: "agents/reader.symbi", agent: null, policySources: [] },
    new AbortController().signal,
  );

describe("a spec that is not whole is not run", () => {
  test("even when no problem is told of", async () => {
    const spec = { ...agentSpecOf(TEXT), isWhole: false };
    expect(await bind(spec)).toEqual({ ok: false, fault: { k: "problems", problems: [] } });
  });
  test("and one that is whole goes on to its rules", async () => {
    expect(await bind(agentSpecOf(TEXT))).toMatchObject({
      ok: false,
      fault: { k: "unavailable", fault: { message: "the rules were loaded" } },
    });
  });
});
