import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { LogToVerify } from "../second-verifier.ts";
import type { JsonValue } from "./canonical-json.ts";
import { readLogFolder } from "./folder.ts";

/** The vectors of section 16, read as the page describes them. */

export interface Vector {
  readonly name: string;
  /** The ledger's folder, from the folder of the vectors. */
  readonly path: string;
  readonly log: string;
  readonly publicKey: string;
  readonly anchor: string | null;
  readonly live: boolean;
  readonly expected: {
    readonly lines?: number;
    readonly commits?: number;
    readonly level?: string;
    readonly fault: { readonly kind: string; readonly index: number } | null;
  };
  readonly scopes: Readonly<Record<string, string>>;
  readonly plain: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
}

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../vectors/ledger/${name}`, import.meta.url));

export const readVectorFile = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(pathOf(name), "utf8"));

export const readVectors = async (): Promise<readonly Vector[]> =>
  (await readVectorFile("vectors.json")) as readonly Vector[];

/** The folder of a vector's log. */
export const vectorFolder = (vector: Vector): string => pathOf(`${vector.path}/${vector.log}`);

export const readVectorLog = async (vector: Vector): Promise<LogToVerify> => ({
  files: await readLogFolder(vectorFolder(vector)),
  log: vector.log,
  workspaceKey: vector.publicKey,
  live: vector.live,
  ...(vector.anchor === null ? {} : { anchor: await readFile(pathOf(vector.anchor)) }),
});
