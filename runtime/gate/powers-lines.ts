import { durationText } from "#kernel/duration.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { NO_MODEL } from "#protocol/consent.ts";
import type { Powers } from "#protocol/consent.ts";
import type { ToolEffect } from "#protocol/tool-descriptors.ts";

const TEXT_CHARACTERS_MAX = 300;

const EFFECTS: Readonly<Record<ToolEffect, string>> = {
  "reads-run-files": "reads the run's copy of the workspace",
  "writes-run-files": "changes the run's copy of the workspace",
  "executes-code": "runs programs in the sandbox",
  "writes-workspace": "proposes changes to your files",
};

/** Powers for people, one fact a line: a word, and what it is about. Safe to print. */
export const powersLines = (powers: Powers): readonly string[] => [
  row("agent", shown(powers.agent)),
  ...powers.tools.map((tool) =>
    row(
      "tool",
      `${shown(tool.name)}: ${tool.effects.map((effect) => EFFECTS[effect]).join(", ")} (${tool.risk} risk)`,
    ),
  ),
  ...(powers.tools.length === 0 ? [row("tools", "none")] : []),
  row(
    "files",
    powers.tools.some((tool) => tool.effects.includes("writes-workspace"))
      ? "sees a copy of the workspace; each change to your files is shown as a diff and decided first"
      : "sees a copy of the workspace; your files stay as they are",
  ),
  row("hosts", powers.hosts.length === 0 ? "none" : powers.hosts.map(shown).join(", ")),
  row(
    "model",
    powers.model.id === NO_MODEL
      ? "none"
      : `${shown(powers.model.id)}, which ${powers.model.remote ? "gets what the run reads" : "stays on this machine"}`,
  ),
  row("sandbox", powers.tier),
  row("limits", limits(powers.limits)),
  ...powers.rules.map((rule) => row("rule", shown(rule.text.replaceAll(/\s+/g, " ")))),
];

const row = (word: string, fact: string): string => `${word.padEnd(8)} ${fact}`;

const shown = (text: string): string => visibleExcerpt(text, TEXT_CHARACTERS_MAX);

const limits = ({
  timeoutMs,
  iterationsMax,
  tokensMax,
  memoryBytesMax,
  cpuCoresMax,
}: Powers["limits"]): string => {
  const own = [
    timeoutMs === null ? null : durationText(timeoutMs),
    iterationsMax === null ? null : `${iterationsMax} turns`,
    tokensMax === null ? null : `${tokensMax} model tokens`,
    memoryBytesMax === null ? null : `${memoryBytesMax} bytes of memory`,
    cpuCoresMax === null ? null : `${cpuCoresMax} processor cores`,
  ].filter((limit) => limit !== null);
  return own.length === 0
    ? "those of your configuration"
    : `${own.join(", ")}; otherwise those of your configuration`;
};
