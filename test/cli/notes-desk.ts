import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, vi } from "vitest";

import type { JsonObject } from "#kernel/json.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import type { Desk } from "#test/spine/desk.ts";
import { createDesk } from "#test/spine/desk.ts";

import { killNow, spawnWrit } from "./killed-run.ts";

/* A desk with an agent that takes notes, whose runs are killed for real, as `kill -9` does it. */

export const FILE = "agents/notes.symbi";
const MODEL = "scripted:model.json";
export const NOTES = "notes/tides.md";
export const TEXT = "Low tide at noon.\n";
export const RUN = ["run", FILE, "--model", MODEL, "--input", "topic=tides"];
export const WAIT = { timeout: 90_000, interval: 50 };

export const AGENT = `agent notes(topic: String) -> String {
    capabilities = ["write_file", "read_file", "publish_file", "run_javascript"]

    policy desk {
        allow: [write_file, read_file, run_javascript]
        allow: publish_file(path) if path.starts_with("notes/")
        require: approval(publish_file)
    }

    with sandbox = "wasm", timeout = 5.minutes, max_iterations = 20 {
        return reason("You take notes.", topic).response;
    }
}
`;

const call = (tool: string, given: JsonObject): JsonObject => ({
  text: "",
  toolCalls: [{ tool, arguments: given }],
});

export const TURNS = [
  call("write_file", { path: NOTES, content: TEXT }),
  call("publish_file", { path: NOTES }),
  call("read_file", { path: NOTES }),
  { text: "Done." },
] as const;

/** The script with a turn that takes longer than any test. */
const slowAt = (turn: number): readonly JsonObject[] =>
  TURNS.map((each, index) => (index === turn ? { ...each, delayMs: 600_000 } : each));

export interface NotesDesk extends Desk {
  /** Agrees to the powers of the agent. */
  readonly consent: string;
  powersNow(): Promise<string>;
  model(turns: readonly JsonObject[]): void;
  ofRun(run: string, type: string): readonly LedgerEntry[];
  /** The run on the desk, once that many entries of a type are on record. */
  reached(type: string, count?: number): Promise<string>;
  /** A run in a process of its own that was killed while it waited for its model. */
  killedInProcess(meanwhile?: () => Promise<void>): Promise<string>;
  /**
   * A run in a process of its own that died when it put a file into the workspace.
   *
   * @param notThis a run that stands on record already.
   */
  killedAtPublish(killAt: "before-publish" | "after-publish", notThis?: string): Promise<string>;
  /** Paths of what publishes left in the workspace that were killed. */
  leftByPublishes(): readonly string[];
  /** The only file below the state folder that ends so. */
  stateFile(ending: string): string;
}

export const createNotesDesk = async (): Promise<NotesDesk> => {
  const desk = createDesk(null);
  const model = (turns: readonly JsonObject[]): void =>
    void desk.write("model.json", JSON.stringify({ turns }));
  desk.write(FILE, AGENT);
  model(TURNS);
  const consent = await desk.powers(FILE, MODEL);
  const reached = async (type: string, count = 1): Promise<string> => {
    await vi.waitFor(
      () => expect(desk.entries().filter((one) => one.type === type)).toHaveLength(count),
      WAIT,
    );
    return desk.entries().find(({ type: each }) => each === "run.started")?.run?.id ?? "";
  };
  return {
    ...desk,
    consent,
    powersNow: () => desk.powers(FILE, MODEL),
    model,
    ofRun: (run, type) => desk.entries().filter((one) => one.type === type && one.run?.id === run),
    reached,
    async killedInProcess(meanwhile = async () => undefined) {
      model(slowAt(1));
      const child = spawnWrit(desk, [...RUN, "--consent", consent]);
      const run = await reached("model.requested", 2);
      model(TURNS);
      await meanwhile();
      await killNow(child);
      return run;
    },
    async killedAtPublish(killAt, notThis = "") {
      model([TURNS[0], { text: "Done." }]);
      desk.write(FILE, AGENT.replace("require: approval(publish_file)", ""));
      const agreed = await desk.powers(FILE, MODEL);
      await once(spawnWrit(desk, [...RUN, "--consent", agreed], killAt), "exit");
      const started = desk.entries().filter(({ type }) => type === "run.started");
      return started.find(({ run }) => run?.id !== notThis)?.run?.id ?? "";
    },
    leftByPublishes: () =>
      readdirSync(desk.workspace, { recursive: true, encoding: "utf8" })
        .filter((name) => /(?:^|\/)\.writ-[0-9a-f]{32}\.tmp$/.test(name))
        .map((name) => join(desk.workspace, name)),
    stateFile(ending) {
      const names = readdirSync(desk.state, { recursive: true, encoding: "utf8" });
      return join(desk.state, names.find((name) => name.endsWith(ending)) ?? "");
    },
  };
};
