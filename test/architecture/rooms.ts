/**
 * The rooms of the house: what each folder is called, what it may import and where it runs.
 *
 * This table is the only statement of the layering. `rooms.test.ts` holds the sources to it, and the
 * diagram in ARCHITECTURE.md is printed from it. A new arrow is a design decision: it gets a commit of its
 * own that says why.
 */

/** `any` is the strictest: such a room is bundled for the browser, so it sees neither Node nor an editor. */
export type Platform = "any" | "node" | "browser" | "vscode";

export interface Room {
  /** Unique; rooms inside rooms are written with a slash. */
  readonly name: string;
  /** Folder, or a single file, relative to the top of the repository. The longest match wins. */
  readonly path: string;
  readonly runsOn: Platform;
  /** Names of rooms. A room may always import itself. */
  readonly mayImport: readonly string[];
  /** npm specifiers, exactly as they may be written. */
  readonly packages: readonly string[];
}

const ground = ["kernel", "protocol", "ports"] as const;

/** The adapters, each around one outside thing. An adapter never imports another. */
const adapters: readonly Room[] = [
  adapter("cedar", { rooms: ["policy"], packages: ["@cedar-policy/cedar-wasm/web"] }),
  adapter("apitest", { rooms: ["apitest"] }),
  adapter("clock"),
  adapter("consent-files"),
  adapter("crypto"),
  adapter("document-files"),
  adapter("docker", { rooms: ["sandbox"], packages: ["dockerode"] }),
  adapter("entropy"),
  adapter("host-socket"),
  adapter("http", { packages: ["undici"] }),
  adapter("keystore"),
  adapter("ledger-files"),
  adapter("lowering", { rooms: ["language-server"] }),
  adapter("model-files"),
  adapter("models-openai", { packages: ["openai"] }),
  adapter("models-scripted"),
  adapter("wasm", { rooms: ["sandbox"], packages: ["quickjs-wasi"] }),
  adapter("workspace-files", { rooms: ["sandbox"] }),
];

const pure: readonly Room[] = [
  any("kernel", []),
  any("protocol", ["kernel"], ["zod/mini"]),
  any("ports", ["kernel", "protocol"]),
  any("policy", ground),
  any("gate", [...ground, "policy"]),
  any("sandbox", ground),
  any("tools", [...ground, "sandbox"]),
  any("agent", [...ground, "gate", "policy", "tools"]),
  any("ledger", ground),
  any("apitest", ground, ["ajv/dist/2020.js", "js-yaml", "jsonc-parser"]),
  // The verifier shares formats with the writer and none of its code: a writer's mistake must not hide itself.
  any("ledger/verify", ["kernel", "protocol"]),
  {
    name: "language-server",
    path: "language-server",
    runsOn: "any",
    mayImport: ["kernel", "protocol"],
    packages: ["langium"],
  },
];

export const rooms: readonly Room[] = [
  ...pure,
  ...adapters,
  {
    name: "host",
    path: "runtime/host",
    runsOn: "node",
    mayImport: pure.map((room) => room.name),
    packages: [],
  },
  // Both sides of the host protocol, also for clients that are no Node program.
  {
    name: "host/rpc",
    path: "runtime/host/rpc",
    runsOn: "any",
    mayImport: [...ground],
    packages: ["zod/mini"],
  },
  // The host as its clients see it: runs by id, questions to people, streams of events.
  {
    name: "host/server",
    path: "runtime/host/server",
    runsOn: "node",
    mayImport: [...pure.map((room) => room.name), "host", "host/rpc"],
    packages: [],
  },
  // The one place where adapters meet rooms.
  {
    name: "host/compose",
    path: "runtime/host/compose",
    runsOn: "node",
    mayImport: [...[...pure, ...adapters].map((room) => room.name), "host", "host/rpc", "host/server"],
    packages: [],
  },
  // Not a folder: the command says its version, which stands there once.
  { name: "manifest", path: "package.json", runsOn: "node", mayImport: [], packages: [] },
  {
    name: "cli",
    path: "runtime/cli",
    runsOn: "node",
    mayImport: [...ground, "host", "host/compose", "host/rpc", "language-server", "manifest"],
    packages: [],
  },
];

/** The folders that hold rooms: a source file below one of them that is in no room is a mistake. */
export const roomFolders: readonly string[] = ["runtime", "language-server", "extension", "webviews"];

/** The room of a file, by the longest matching path; undefined when it stands in none. */
export function roomOf(file: string, table: readonly Room[] = rooms): Room | undefined {
  return table
    .filter((room) => file === room.path || file.startsWith(`${room.path}/`))
    .reduce<Room | undefined>(
      (best, room) => (best === undefined || room.path.length > best.path.length ? room : best),
      undefined,
    );
}

function any(name: string, mayImport: readonly string[], packages: readonly string[] = []): Room {
  return { name, path: `runtime/${name}`, runsOn: "any", mayImport, packages };
}

function adapter(
  thing: string,
  also: { readonly rooms?: readonly string[]; readonly packages?: readonly string[] } = {},
): Room {
  return {
    name: `adapters/${thing}`,
    path: `runtime/adapters/${thing}`,
    runsOn: "node",
    mayImport: [...ground, ...(also.rooms ?? [])],
    packages: also.packages ?? [],
  };
}
