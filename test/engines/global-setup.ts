import type { TestProject } from "vitest/node";

import { answers, canStartEngine, startEngine } from "#test/kit/engine-host.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the socket of the engine that tests use; null where there is none. */
    engineSocket: string | null;
    /** Whether the engine is ours to stop, with the runtimes that we gave it. */
    engineIsOurs: boolean;
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const DEFAULT_SOCKET = "/var/run/docker.sock";

/** One engine for all suites: our own where that is possible, else one that is here already, else none. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  if (canStartEngine()) {
    say("starting a Docker Engine of our own for the tests; it is stopped when they are done");
    const engine = await startEngine();
    project.provide("engineSocket", engine.socket);
    project.provide("engineIsOurs", true);
    return engine.stop;
  }
  const [, named = DEFAULT_SOCKET] = /^unix:\/\/(\/.+)$/.exec(process.env["DOCKER_HOST"] ?? "") ?? [];
  const there = await answers(named);
  say(
    there
      ? `using the Docker Engine at ${named}; what needs one of our own is skipped`
      : "there is no Docker Engine and no right to start one: tests of containers are skipped",
  );
  project.provide("engineSocket", there ? named : null);
  project.provide("engineIsOurs", false);
  return () => Promise.resolve();
};
