import { createHash, randomUUID } from "node:crypto";
import { request } from "node:http";
import { join } from "node:path";

import { beforeEach, inject } from "vitest";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createDockerSandboxes } from "#adapters/docker/docker-sandbox.ts";
import type { DockerSandboxDeps, DockerSandboxOptions } from "#adapters/docker/docker-sandbox.ts";
import { createContainerMemory } from "#adapters/docker/state-files.ts";
import type { ContainerMemory } from "#adapters/docker/state-files.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { ok } from "#kernel/result.ts";
import type { SandboxProvider } from "#ports/sandbox.ts";
import type { SandboxPrograms } from "#test/contracts/sandbox.ts";

export const engineSocket = inject("engineSocket");
export const engineIsOurs = inject("engineIsOurs");

/**
 * Skips the tests around it where there is no engine, or none of our own. They are listed as skipped then,
 * and where the whole is checked (`CI`) a test that was skipped has failed.
 */
export const needsEngine = (whose: "any" | "ours" = "any"): void => {
  beforeEach(({ skip }) => {
    skip(whose === "any" ? engineSocket === null : !engineIsOurs, "it needs a Docker Engine");
  });
};

/** An owner that nobody else is. */
export const newOwner = (): string => createHash("sha256").update(randomUUID()).digest("hex");

export const systemDeps: DockerSandboxDeps = {
  clock: systemClock,
  entropy: createSystemEntropy(),
  crypto: createNodeCrypto(),
};

export const providersOf = (
  owner: string,
  options: Partial<DockerSandboxOptions> = {},
  deps: DockerSandboxDeps = systemDeps,
): { readonly docker: SandboxProvider; readonly gvisor: SandboxProvider } => {
  const [docker, gvisor] = createDockerSandboxes(deps, {
    variables: { DOCKER_HOST: `unix://${engineSocket ?? "/nowhere"}` },
    memory: forgetful(owner),
    ...options,
  });
  if (docker === undefined || gvisor === undefined) throw new Error("there are two tiers");
  return { docker, gvisor };
};

/** Knows whose containers they are, and nothing of former probes. */
export const forgetful = (owner: string): ContainerMemory => ({
  owner: () => Promise.resolve(ok(owner)),
  recall: () => Promise.resolve(null),
  keep: () => Promise.resolve(),
});

/** One call of the engine's interface, past all of our code. */
export const engineCall = (
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
  socket = engineSocket,
): Promise<{ readonly status: number; readonly body: unknown }> =>
  new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: socket ?? "", method, path, headers: { "content-type": "application/json" } },
      (answer) => {
        const chunks: Uint8Array[] = [];
        answer.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        answer.once("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: answer.statusCode ?? 0,
            body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text,
          });
        });
      },
    );
    asked.once("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });

interface Listed {
  readonly Id: string;
}

/** Ids of the containers that carry a label; only of those that run, unless all are wanted. */
export const containersWith = async (
  label: string,
  which: "all" | "running" = "all",
  socket = engineSocket,
): Promise<readonly string[]> => {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  const all = which === "all" ? 1 : 0;
  const { body } = await engineCall(
    "GET",
    `/containers/json?all=${all}&filters=${filters}`,
    undefined,
    socket,
  );
  return (body as readonly Listed[]).map(({ Id }) => Id);
};

export const containersOf = (owner: string, socket = engineSocket): Promise<readonly string[]> =>
  containersWith(`dev.writ.owner=${owner}`, "all", socket);

/** Whose containers the runs of this state folder are. */
export const ownerIn = async (state: string): Promise<string> => {
  const { entropy, crypto } = systemDeps;
  const mine = await createContainerMemory(join(state, "sandbox"), { entropy, crypto }).owner();
  if (!mine.ok) throw new Error(mine.fault.message);
  return mine.value;
};

const POLL_MS = 20;

/** Settles with the ids of an owner's running containers, once there are as many as that. */
export const runningContainers = async (
  owner: string,
  count: number,
  socket = engineSocket,
): Promise<readonly string[]> => {
  for (;;) {
    const found = await containersWith(`dev.writ.owner=${owner}`, "running", socket);
    if (found.length === count) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};

/** Settles with the owner's container in which this program runs, once it is the only one: those of probes are gone. */
export const containerRunning = async (
  owner: string,
  program: string,
  socket = engineSocket,
): Promise<string> => {
  for (;;) {
    const [id = ""] = await runningContainers(owner, 1, socket);
    const top = await engineCall("GET", `/containers/${id}/top`, undefined, socket);
    if (JSON.stringify(top.body).includes(program)) return id;
  }
};

/**
 * Runs a program that prints and then takes its time, and gives the container that waits for the next one: the
 * engine is still cleaning up what the program ran in when that is started.
 *
 * @param run is given what to do when the program prints.
 */
export const waitingAfter = async (
  owner: string,
  run: (onOutput: () => void) => Promise<unknown>,
): Promise<string> => {
  const looks: Promise<readonly string[]>[] = [];
  await run(() => void (looks[0] ??= containersOf(owner)));
  const ran = (await Promise.all(looks)).flat();
  for (;;) {
    const [id = "", ...more] = await runningContainers(owner, 1);
    if (more.length === 0 && !ran.includes(id)) return id;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};

/** A text as one word of a shell. */
const word = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const shell = (command: string) => ({ kind: "shell", command }) as const;

const writing = (path: string, text: string): string =>
  `mkdir -p "$(dirname -- ${word(path)})" && cat >${word(`./${path}`)} <<'THE_END_OF_IT' || exit 1\n${text}\nTHE_END_OF_IT\ntruncate -s ${Buffer.byteLength(text)} ${word(`./${path}`)} || exit 1\n`;

export const shellPrograms: SandboxPrograms = {
  // A shell's text cannot hold a zero.
  prints: (stream, text) =>
    shell(
      `printf '%b' ${word([...Buffer.from(`${text}\n`)].map((byte) => `\\0${byte.toString(8)}`).join(""))} ${stream === "stderr" ? ">&2" : ""}`,
    ),
  printsFile: (path) => shell(`cat ${word(`./${path}`)} && echo`),
  lists: (folder) =>
    shell(
      `cd ${word(`./${folder}`)} && find . -type f | sort | while read -r path; do path="${folder === "." ? "" : `${folder}/`}\${path#./}"; echo "$path"; done`,
    ),
  writes: (path, text) => shell(writing(path, text)),
  writesAndFails: (path, text) => shell(`${writing(path, text)}exit 3`),
  writesAndHangs: (path, text) => shell(`${writing(path, text)}echo begun; while :; do :; done`),
  writesAndHogs: (path, text) => shell(`${writing(path, text)}x=x; while :; do x="$x$x"; done`),
  gives: () => null,
};
