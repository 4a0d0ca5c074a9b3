/** Reads the sources as a graph of modules, with oxc-parser: what each imports and what it exports. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseSync } from "oxc-parser";
import { isSyntaxNode, type SyntaxNode, visitTree } from "./syntax-tree.ts";

export interface SourceFile {
  /** Relative to the top of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "builtin"; readonly name: string }
  | { readonly kind: "package"; readonly specifier: string }
  /** `import(expression)`: nobody can say what it loads. */
  | { readonly kind: "computed" };

export interface Import {
  readonly line: number;
  readonly target: Target;
  /** True for `import * as name` and `export * from`: the whole module under one name. */
  readonly whole: boolean;
}

export interface Module {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines with a default export. */
  readonly defaultExports: readonly number[];
  /** Clock and chance, named where they are read: `Date.now`, `new Date()`, `Math.random`. */
  readonly impurities: readonly { readonly line: number; readonly name: string }[];
}

/** package.json's `imports`: `#room/*` to `./folder/*`. */
export type ImportMap = Readonly<Record<string, string>>;

/** Every `.ts` file below the folders, generated ones too. A folder that is not there yet holds none. */
export function readSources(top: string, folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => {
    let names: string[];
    try {
      names = readdirSync(join(top, folder), { recursive: true, encoding: "utf8" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    return names
      .filter((name) => name.endsWith(".ts"))
      .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
      .sort()
      .map((path) => ({ path, text: readFileSync(join(top, path), "utf8") }));
  });
}

/** Throws on a file that does not parse: a file that cannot be read has not been checked. */
export function parseModule(file: SourceFile, importMap: ImportMap): Module {
  const parsed = parseSync(file.path, file.text);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${file.path} does not parse: ${error.message}`);
  const lineOf = (offset: number): number => file.text.slice(0, offset).split("\n").length;

  const imports: Import[] = [];
  const add = (offset: number, specifier: string | undefined, whole = false): void => {
    const target =
      specifier === undefined ? ({ kind: "computed" } as const) : resolve(file.path, specifier, importMap);
    imports.push({ line: lineOf(offset), target, whole });
  };
  for (const one of parsed.module.staticImports) {
    const whole = one.entries.every((entry) => entry.importName.kind === "NamespaceObject");
    add(one.start, one.moduleRequest.value, whole);
  }
  for (const one of parsed.module.staticExports.flatMap((statement) => statement.entries)) {
    if (one.moduleRequest) add(one.start, one.moduleRequest.value);
  }

  const impurities: { line: number; name: string }[] = [];
  visitTree(parsed.program, (node) => {
    // `import("./x.ts")`, as an expression and as a type, is not among the static imports.
    if (node.type === "ImportExpression" || node.type === "TSImportType") {
      add(node.start, literalOf(node["source"]));
    }
    const impurity = impurityOf(node);
    if (impurity !== undefined) impurities.push({ line: lineOf(node.start), name: impurity });
  });

  const defaultExports = parsed.module.staticExports
    .flatMap((statement) => statement.entries)
    .filter((one) => one.exportName.kind === "Default" || one.exportName.name === "default")
    .map((one) => lineOf(one.start));
  return { path: file.path, imports, defaultExports, impurities };
}

function resolve(from: string, specifier: string, importMap: ImportMap): Target {
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    return { kind: "file", path: posix.join(posix.dirname(from), specifier) };
  }
  if (specifier.startsWith("#")) {
    for (const [pattern, target] of Object.entries(importMap)) {
      const prefix = pattern.slice(0, -1);
      if (specifier.startsWith(prefix)) {
        return { kind: "file", path: posix.join(target.slice(0, -1), specifier.slice(prefix.length)) };
      }
    }
  }
  if (specifier.startsWith("node:")) return { kind: "builtin", name: specifier };
  return { kind: "package", specifier };
}

function impurityOf(node: SyntaxNode): string | undefined {
  if (node.type === "MemberExpression") {
    const name = `${nameOf(node["object"])}.${nameOf(node["property"])}`;
    if (name === "Date.now" || name === "Math.random") return name;
  }
  if (node.type === "NewExpression" && nameOf(node["callee"]) === "Date") {
    return Array.isArray(node["arguments"]) && node["arguments"].length === 0 ? "new Date()" : undefined;
  }
  return node.type === "CallExpression" && nameOf(node["callee"]) === "Date" ? "Date()" : undefined;
}

function nameOf(node: unknown): string {
  return isSyntaxNode(node) && node.type === "Identifier" ? String(node["name"]) : "";
}

function literalOf(node: unknown): string | undefined {
  if (!isSyntaxNode(node)) return undefined;
  if (node.type === "TSLiteralType") return literalOf(node["literal"]);
  return node.type === "Literal" && typeof node["value"] === "string" ? node["value"] : undefined;
}
