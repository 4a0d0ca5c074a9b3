/** Holds a graph of modules against the table of rooms. Each finding is one line: file, line, what is wrong. */
import type { Import, Module } from "./modules.ts";
import { type Room, roomOf } from "./rooms.ts";

export interface Inspection {
  readonly findings: readonly string[];
  /** Imports between files that were looked at. A check that saw none has proved nothing. */
  readonly edgesSeen: number;
}

export function inspectLayers(modules: readonly Module[], rooms: readonly Room[]): Inspection {
  const findings: string[] = [];
  let edgesSeen = 0;
  for (const module of modules) {
    const room = roomOf(module.path, rooms);
    if (room === undefined) {
      findings.push(`${module.path}: stands in no room; add one to rooms.ts or move the file`);
      continue;
    }
    for (const one of module.imports) {
      if (one.target.kind === "file") edgesSeen += 1;
      const wrong = objectionTo(one, room, rooms);
      if (wrong !== undefined) findings.push(`${module.path}:${one.line}: ${wrong}`);
    }
    for (const line of module.defaultExports) findings.push(`${module.path}:${line}: default export`);
    if (room.runsOn === "any") {
      for (const { line, name } of module.impurities) {
        findings.push(
          `${module.path}:${line}: ${name} in a pure room; time and chance come in through ports`,
        );
      }
    }
  }
  for (const cycle of findCycles(modules)) findings.push(`circular import: ${cycle.join(" -> ")}`);
  return { findings, edgesSeen };
}

function objectionTo(one: Import, room: Room, rooms: readonly Room[]): string | undefined {
  switch (one.target.kind) {
    case "computed":
      return room.runsOn === "any" ? "computed import() in a pure room" : undefined;
    case "builtin":
      return room.runsOn === "node" || room.runsOn === "vscode"
        ? undefined
        : `${room.name} runs on ${room.runsOn} and may not import ${one.target.name}`;
    case "package":
      if (!room.packages.includes(one.target.specifier)) {
        return `${room.name} may not import the package ${one.target.specifier}`;
      }
      // By name, `z` brings every part of zod and all its languages into the bundle.
      return one.target.specifier.startsWith("zod") && !one.whole
        ? `write import * as z from "${one.target.specifier}"`
        : undefined;
    case "file": {
      const other = roomOf(one.target.path, rooms);
      if (other === undefined) return `${one.target.path} stands in no room`;
      return other.name === room.name || room.mayImport.includes(other.name)
        ? undefined
        : `${room.name} may not import ${other.name}`;
    }
  }
}

/** Groups of files that import each other, types included, each as a walk that returns to its start. */
export function findCycles(modules: readonly Module[]): string[][] {
  const targets = new Map(
    modules.map((module) => [
      module.path,
      module.imports.flatMap(({ target }) => (target.kind === "file" ? [target.path] : [])),
    ]),
  );
  const cycles: string[][] = [];
  const done = new Set<string>();
  const walk: string[] = [];
  const visit = (path: string): void => {
    const at = walk.indexOf(path);
    if (at >= 0) cycles.push([...walk.slice(at), path]);
    if (at >= 0 || done.has(path)) return;
    walk.push(path);
    for (const target of targets.get(path) ?? []) visit(target);
    walk.pop();
    done.add(path);
  };
  for (const path of targets.keys()) visit(path);
  return cycles;
}
