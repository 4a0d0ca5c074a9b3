import type { JsonObject } from "#kernel/json.ts";

import type { ProcessDesk } from "./bad-days-desk.ts";

/** Where the agent of these tests stands, and what drives it. */
export const FILE = "agents/worker.symbi";
export const MODEL = "scripted:model.json";

export interface Call {
  readonly tool: string;
  readonly arguments?: JsonObject;
}

/** A turn of a scripted model: what it calls, or its last words. */
export const calling = (text: string, ...toolCalls: readonly Call[]): JsonObject => ({
  text,
  toolCalls: toolCalls.map((call) => ({ ...call })),
});
export const saying = (text: string): JsonObject => ({ text });

export const AGENT = `agent worker(task: String) -> String {
    capabilities = ["read_file", "list_files", "write_file", "run_javascript", "publish_file"]

    policy desk {
        allow: [read_file, list_files, write_file, run_javascript]
        allow: publish_file("NOTES.md")
    }

    with sandbox = "wasm", timeout = 5.minutes, max_iterations = 20 {
        let answer = reason("You keep notes.", task);
        return answer.response;
    }
}
`;

/** The same agent, whose publications a person has to approve. */
export const ASKING_AGENT = AGENT.replace(
  'publish_file("NOTES.md")',
  `publish_file("NOTES.md")
        require: approval(publish_file)`,
);

const notes = (age: string): string =>
  [`# ${age}`, ...Array.from({ length: 400 }, (_, index) => `- note ${index} of many`), `${age} end\n`].join(
    "\n",
  );

/** Text of the workspace's file before, and what a run makes of it: first and last line differ. */
export const OLD_NOTES = notes("old");
export const NEW_NOTES = notes("new");

/** A change and its publication: the shortest run in which something could be lost or done twice. */
export const WORK: readonly JsonObject[] = [
  calling("I write.", { tool: "write_file", arguments: { path: "NOTES.md", content: NEW_NOTES } }),
  calling("I publish.", { tool: "publish_file", arguments: { path: "NOTES.md" } }),
  saying("The notes are new."),
];

/** A program that never ends by itself. */
export const ENDLESS = calling("I think.", { tool: "run_javascript", arguments: { code: "for (;;) {}" } });

/** A workspace with the agent, its notes and a model that plays `turns`. */
export const furnish = (desk: ProcessDesk, turns: readonly JsonObject[] = WORK): void => {
  desk.write(FILE, AGENT);
  desk.write("NOTES.md", OLD_NOTES);
  desk.write("TODO.md", "- notes\n");
  desk.write("model.json", JSON.stringify({ turns }));
};

/** The command line that runs it, consented to. */
export const runLine = async (desk: ProcessDesk, ...more: readonly string[]): Promise<readonly string[]> => [
  "run",
  FILE,
  "--model",
  MODEL,
  "--input",
  "task=notes",
  "--consent",
  await desk.consent(FILE, MODEL),
  ...more,
];
