import { createConnection } from "node:net";

import { errorCode } from "#kernel/error-code.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { SandboxFault } from "#ports/sandbox.ts";

import { engineSocket } from "./endpoint.ts";
import { wantedImage } from "./image.ts";
import { imagePrograms, localPrograms } from "./local-image.ts";

/** What is known of the engine that a person's surroundings name, without any container. */
export type EngineInspection =
  | { readonly k: "refused"; readonly fault: SandboxFault }
  | {
      /** No socket; not for this user; nobody behind it; no answer as it should be. */
      readonly k: "absent" | "closed" | "dead" | "unanswered";
      readonly socket: string;
      /** For people. */
      readonly why: string;
    }
  | {
      readonly k: "there";
      readonly socket: string;
      /** As the engine says it: untrusted text, as the names of its runtimes. */
      readonly version: string;
      readonly runtimes: readonly string[];
    };

/** @param limitMs longest that the engine may take for an answer. */
export const inspectEngine = async (
  variables: Readonly<Record<string, string | undefined>>,
  limitMs: number,
): Promise<EngineInspection> => {
  const socket = engineSocket(variables);
  if (!socket.ok) return { k: "refused", fault: socket.fault };
  const code = await knock(socket.value, limitMs);
  if (code !== null) return { k: KINDS[code] ?? "unanswered", socket: socket.value, why: code };
  const { connectEngine } = await import("./engine.ts");
  const facts = await connectEngine(socket.value).facts(limitMs);
  if (!facts.ok) return { k: "unanswered", socket: socket.value, why: facts.fault.why };
  const { version, runtimes } = facts.value;
  return { k: "there", socket: socket.value, version, runtimes: [...runtimes.keys()] };
};

const KINDS: Readonly<Record<string, "absent" | "closed" | "dead">> = {
  ENOENT: "absent",
  ENOTDIR: "absent",
  EACCES: "closed",
  EPERM: "closed",
  ECONNREFUSED: "dead",
};

/** The code with which the socket refuses a connection; null where it takes one. */
const knock = (path: string, limitMs: number): Promise<string | null> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    const tell = (code: string | null): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(code);
    };
    const late = setTimeout(() => tell("ETIMEDOUT"), limitMs);
    socket.once("connect", () => tell(null));
    socket.on("error", (error) => tell(errorCode(error)));
  });

export type ImageInspection =
  /** `unasked`: there is no engine that could say. */
  | { readonly k: "there" | "not-there" | "unasked"; readonly name: string }
  | { readonly k: "can-be-made" }
  /** What it is made of is not here. */
  | { readonly k: "cannot-be-made"; readonly fault: SandboxFault };

/** Whether containers have an image to start from; makes none. */
export const inspectImage = async (
  variables: Readonly<Record<string, string | undefined>>,
  /** Null where none answers. */
  engine: string | null,
  crypto: Pick<Crypto, "sha256">,
): Promise<ImageInspection> => {
  const named = variables["WRIT_SANDBOX_IMAGE"] ?? "";
  if (engine === null) {
    // To make the whole of it takes a while, and only an engine could say that it has it.
    if (named !== "") return { k: "unasked", name: named };
    const programs = await imagePrograms(localPrograms());
    return programs.ok ? { k: "can-be-made" } : { k: "cannot-be-made", fault: programs.fault };
  }
  const wanted = await wantedImage(named, crypto);
  if (!wanted.ok) return { k: "cannot-be-made", fault: wanted.fault };
  const { name, made } = wanted.value;
  const { connectEngine } = await import("./engine.ts");
  const found = await connectEngine(engine).image(name);
  if (found.ok && found.value !== null) return { k: "there", name };
  return made === null ? { k: "not-there", name } : { k: "can-be-made" };
};
