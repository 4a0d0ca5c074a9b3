import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";
import { withRooms } from "./diagram.ts";
import { findCycles, inspectLayers } from "./layers.ts";
import { type ImportMap, parseModule, readSources } from "./modules.ts";
import { roomFolders, roomOf, rooms } from "./rooms.ts";

const top = fileURLToPath(new URL("../../", import.meta.url));
const manifest = JSON.parse(readFileSync(`${top}package.json`, "utf8")) as { imports: ImportMap };
const sources = readSources(top, roomFolders);
const modules = sources.map((file) => parseModule(file, manifest.imports));

describe("the sources keep to the table of rooms", () => {
  const inspection = inspectLayers(modules, rooms);

  test("every file stands in a room and imports only what that room may", () => {
    verifies("docs.architecture.arrows");
    expect(inspection.findings).toEqual([]);
  });

  test("the inspection saw modules and the imports between them", () => {
    expect(modules.length).toBeGreaterThan(20);
    expect(inspection.edgesSeen).toBeGreaterThan(modules.length);
  });

  test("the rooms that run anywhere bundle for the browser", async () => {
    const anywhere = modules.map((module) => module.path).filter((path) => roomOf(path)?.runsOn === "any");
    const bundle = await build({
      absWorkingDir: top,
      entryPoints: anywhere,
      outdir: "unwritten",
      bundle: true,
      format: "esm",
      splitting: true,
      platform: "browser",
      target: "es2024",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    expect(bundle.warnings).toEqual([]);
    for (const path of anywhere) expect(bundle.metafile.inputs).toHaveProperty([path]);
  });
});

describe("the table of rooms is sound", () => {
  test("names and paths are unique, and every import names a room", () => {
    const names = rooms.map((room) => room.name);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(rooms.map((room) => room.path)).size).toBe(rooms.length);
    for (const room of rooms) expect(names).toEqual(expect.arrayContaining([...room.mayImport]));
  });

  test("no two rooms lead to each other", () => {
    const asModules = rooms.map((room) => ({
      path: room.name,
      imports: room.mayImport.map((path) => ({
        line: 1,
        target: { kind: "file", path } as const,
        whole: true,
      })),
      defaultExports: [],
      impurities: [],
    }));
    expect(findCycles(asModules)).toEqual([]);
  });

  test("a room that runs anywhere imports only rooms that do", () => {
    const anywhere = rooms.filter((room) => room.runsOn === "any").map((room) => room.name);
    for (const name of anywhere) {
      const room = rooms.find((one) => one.name === name);
      expect(anywhere).toEqual(expect.arrayContaining([...(room?.mayImport ?? [])]));
    }
  });

  test("no adapter imports another", () => {
    const adapters = rooms.filter((room) => room.name.startsWith("adapters/"));
    expect(adapters.length).toBeGreaterThan(3);
    expect(adapters.flatMap((room) => room.mayImport).filter((name) => name.startsWith("adapters/"))).toEqual(
      [],
    );
  });

  test("the linter forbids Node's globals in exactly the rooms that run anywhere", () => {
    const lint = JSON.parse(readFileSync(`${top}.oxlintrc.json`, "utf8")) as {
      overrides: { files: string[]; rules: Record<string, unknown> }[];
    };
    const override = lint.overrides.find((one) => "no-restricted-globals" in one.rules);
    const anywhere = rooms.filter((room) => room.runsOn === "any" && !room.name.includes("/"));
    expect(override?.files).toEqual(anywhere.map((room) => `${room.path}/**`));
  });

  test("ARCHITECTURE.md shows the table as it is (npm run docs:rooms)", () => {
    verifies("docs.architecture.arrows");
    const page = readFileSync(`${top}ARCHITECTURE.md`, "utf8");
    expect(page).toBe(withRooms(page, rooms));
  });
});

describe("the inspection finds what it is for", () => {
  const planted = (path: string, text: string): readonly string[] => {
    const others = [
      { path: "runtime/kernel/ids.ts", text: "export const a = 1;" },
      { path: "runtime/adapters/clock/clock.ts", text: "export const b = 1;" },
      { path: "runtime/gate/gate.ts", text: "export const c = 1;" },
    ];
    const files = [...others, { path, text }].map((file) => parseModule(file, manifest.imports));
    return inspectLayers(files, rooms).findings;
  };
  const gate = "runtime/policy/planted.ts";

  test.each([
    ["a forbidden room", 'import { c } from "#gate/gate.ts";', "policy may not import gate"],
    ["a type of a forbidden room", 'import type { c } from "#gate/gate.ts";', "policy may not import gate"],
    ["an inline type import", 'type C = import("#gate/gate.ts").C;', "policy may not import gate"],
    ["a dynamic import", 'await import("#gate/gate.ts");', "policy may not import gate"],
    ["a re-export", 'export * from "../gate/gate.ts";', "policy may not import gate"],
    ["an unlisted package", 'import x from "left";', "policy may not import the package left"],
    ["a bare Node builtin", 'import fs from "fs";', "policy may not import the package fs"],
    ["a Node builtin", 'import "node:fs";', "policy runs on any and may not import node:fs"],
    ["a computed import", "await import(name);", "computed import() in a pure room"],
    ["an unmapped name", 'import "#nowhere/x.ts";', "policy may not import the package #nowhere/x.ts"],
    ["a default export", "export default 1;", "default export"],
    ["a default export by name", "const a = 1; export { a as default };", "default export"],
    ["the clock", "const at = Date.now();", "Date.now in a pure room"],
    ["the clock as a date", "const at = new Date();", "new Date() in a pure room"],
    ["chance", "const x = Math.random();", "Math.random in a pure room"],
  ])("%s", (_what, text, finding) => {
    expect(planted(gate, text)).toEqual([expect.stringContaining(`${gate}:1: ${finding}`)]);
  });

  test.each([
    ["an allowed room", 'import { a } from "#kernel/ids.ts";'],
    ["the room itself", 'import { own } from "./other.ts";'],
    ["a date made from text", "const at = new Date(text);"],
  ])("nothing wrong with %s", (_what, text) => {
    expect(planted(gate, text)).toEqual([]);
  });

  test("zod by name, which bundles all of it", () => {
    expect(planted("runtime/protocol/a.ts", 'import { z } from "zod/mini";')).toEqual([
      expect.stringContaining('write import * as z from "zod/mini"'),
    ]);
    expect(planted("runtime/protocol/a.ts", 'import * as z from "zod/mini";')).toEqual([]);
  });

  test("a file outside all rooms", () => {
    expect(planted("runtime/loose.ts", "")).toEqual([expect.stringContaining("stands in no room")]);
  });

  test("one adapter in another", () => {
    expect(planted("runtime/adapters/crypto/a.ts", 'import "../clock/clock.ts";')).toEqual([
      expect.stringContaining("adapters/crypto may not import adapters/clock"),
    ]);
  });

  test("a circle made of types alone", () => {
    const files = [
      { path: "runtime/kernel/a.ts", text: 'import type { B } from "./b.ts";' },
      { path: "runtime/kernel/b.ts", text: 'import type { C } from "./c.ts";' },
      { path: "runtime/kernel/c.ts", text: 'import type { A } from "./a.ts";' },
    ].map((file) => parseModule(file, manifest.imports));
    expect(inspectLayers(files, rooms).findings).toEqual([
      "circular import: runtime/kernel/a.ts -> runtime/kernel/b.ts -> runtime/kernel/c.ts -> runtime/kernel/a.ts",
    ]);
  });

  test("a file that does not parse is refused, not passed over", () => {
    expect(() => planted(gate, "const = ;")).toThrow(/does not parse/);
  });
});
