import { describe, expect, test } from "vitest";

import { initScripts, systemd, withoutNewServices } from "./started-services.ts";
import type { ServiceManager } from "./started-services.ts";

/** A machine that runs some services; installing starts others, and some cannot be stopped. */
const machine = (
  manager: ServiceManager,
  { before = [], starts = [], stubborn = [] }: Readonly<Record<string, readonly string[]>>,
) => {
  const running = new Set(before);
  const succeeds = (argv: readonly string[]): boolean => {
    const service = manager.services.find((each) => argv.includes(each)) ?? "";
    if (argv.join() === manager.isRunning(service).join()) return running.has(service);
    expect(argv).toEqual(manager.stop(service));
    return !stubborn.includes(service) && running.delete(service);
  };
  const install = (): void => {
    for (const service of starts) running.add(service);
  };
  return { running, succeeds, install };
};

describe.each([
  ["systemd", systemd],
  ["init scripts", initScripts],
] as const)("an installation under %s", (_, manager) => {
  const all = manager.services;
  test("leaves nothing running that it has started", () => {
    const { running, succeeds, install } = machine(manager, { starts: all });
    expect(withoutNewServices(manager, succeeds, install)).toEqual({ stopped: all, left: [] });
    expect([...running]).toEqual([]);
  });
  test("leaves alone what ran before", () => {
    const { running, succeeds, install } = machine(manager, { before: all, starts: all });
    expect(withoutNewServices(manager, succeeds, install)).toEqual({ stopped: [], left: [] });
    expect([...running]).toEqual(all);
  });
  test("says what it could not stop", () => {
    const { succeeds, install } = machine(manager, { starts: all, stubborn: all });
    expect(withoutNewServices(manager, succeeds, install)).toEqual({ stopped: [], left: all });
  });
  test("that fails stops what it started, and fails", () => {
    const { running, succeeds, install } = machine(manager, { starts: all });
    const failing = (): void => {
      install();
      throw new Error("no room");
    };
    expect(() => withoutNewServices(manager, succeeds, failing)).toThrow("no room");
    expect([...running]).toEqual([]);
  });
});

test("the socket that starts the engine is stopped before the engine", () => {
  expect(systemd.services.slice(0, 2)).toEqual(["docker.socket", "docker.service"]);
});
