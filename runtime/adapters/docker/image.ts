import { toHex } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { SandboxFault } from "#ports/sandbox.ts";

import type { Engine } from "./engine.ts";
import type { EngineRefusal } from "./engine-call.ts";
import { localImage, localPrograms } from "./local-image.ts";

/** The image that containers get: one that the person named, or one of programs that are here. */
export interface WantedImage {
  readonly name: string;
  /** What it is made of where the engine does not have it; null where it is only ever looked for. */
  readonly made: { readonly archive: Uint8Array<ArrayBuffer>; readonly digest: string } | null;
}

const IMAGE_NAME = "writ-sandbox";
/** Of every image's name, tag, digest and id; what is none becomes no part of the path of a call. */
const IMAGE_REFERENCE = /^(?!.*\.\.)[A-Za-z0-9][\w.:@/-]{0,499}$/;
/** The digest of the archive that an image was made of. */
export const IMAGE_LABEL = "dev.writ.image";
/** Who made it. Containers inherit labels of their image, so this is not the one that they are known by. */
export const IMAGE_OWNER_LABEL = "dev.writ.image-owner";

/** @param named `WRIT_SANDBOX_IMAGE`, empty where nobody set it. */
export const wantedImage = async (
  named: string,
  crypto: Pick<Crypto, "sha256">,
): Promise<Result<WantedImage, SandboxFault>> => {
  if (named !== "") return IMAGE_REFERENCE.test(named) ? ok({ name: named, made: null }) : noReference(named);
  const archive = await localImage(localPrograms());
  if (!archive.ok) return archive;
  const digest = toHex(crypto.sha256(archive.value));
  return ok({ name: `${IMAGE_NAME}:${digest.slice(0, 32)}`, made: { archive: archive.value, digest } });
};

/** The image that containers are made of. */
export interface SandboxImage {
  id(): string;
  /** Makes sure once more that the engine has it, and gives its id, which may have changed. */
  again(): Promise<Result<string, EngineRefusal>>;
}

type ImageEngine = Pick<Engine, "image" | "importImage" | "listImages" | "removeUnusedImage">;

/** The wanted image, made here if need be. Nothing is fetched from anywhere. */
export const sandboxImage = async (
  engine: ImageEngine,
  wish: { readonly named: string; readonly owner: string },
  crypto: Pick<Crypto, "sha256">,
): Promise<Result<SandboxImage, SandboxFault>> => {
  const first = await imageOn(engine, wish, crypto);
  if (!first.ok) return first;
  let id = first.value;
  return ok({
    id: () => id,
    async again() {
      const found = await imageOn(engine, wish, crypto);
      if (!found.ok) return failed({ status: null, why: found.fault.message });
      id = found.value;
      return found;
    },
  });
};

const imageOn = async (
  engine: ImageEngine,
  { named, owner }: { readonly named: string; readonly owner: string },
  crypto: Pick<Crypto, "sha256">,
): Promise<Result<string, SandboxFault>> => {
  const wanted = await wantedImage(named, crypto);
  if (!wanted.ok) return wanted;
  const { name, made } = wanted.value;
  const found = await engine.image(name);
  if (!found.ok) return noEngine(found.fault);
  if (found.value !== null) return ok(found.value);
  if (made === null) return noImage(name);
  const labels = [`LABEL ${IMAGE_LABEL}=${made.digest}`, `LABEL ${IMAGE_OWNER_LABEL}=${owner}`];
  const imported = await engine.importImage(made.archive, name, labels);
  if (!imported.ok) return noEngine(imported.fault);
  const image = await engine.image(name);
  if (!image.ok) return noEngine(image.fault);
  if (image.value === null) return noEngine({ status: null, why: "it does not have the image that it made" });
  await removeOlder(engine, owner, image.value);
  return ok(image.value);
};

/**
 * Removes the images that this owner made before, except those that a container uses, which the engine
 * refuses to remove. What stays for another reason takes room and nothing else: the next newer one removes it.
 */
const removeOlder = async (engine: ImageEngine, owner: string, newest: string): Promise<void> => {
  const found = await engine.listImages([`${IMAGE_OWNER_LABEL}=${owner}`, IMAGE_LABEL]);
  if (!found.ok) return;
  for (const { id, labels } of found.value) {
    const isOurs = labels[IMAGE_OWNER_LABEL] === owner && labels[IMAGE_LABEL] !== undefined;
    if (isOurs && id !== newest) await engine.removeUnusedImage(id);
  }
};

export const noEngine = (refusal: EngineRefusal): Result<never, SandboxFault> =>
  failed(
    fault("SANDBOX_UNAVAILABLE", `no Docker Engine can be used: ${refusal.why}`, {
      help: helpOf(refusal),
      retryable: true,
    }),
  );

const helpOf = ({ status, isSilent }: EngineRefusal): string => {
  if (isSilent === true) return "restart it: `writ doctor` says how on this machine";
  // One that answers is there.
  if (status !== null)
    return "see whether its disk has room (`docker system df` says what takes it), and its log";
  return "install and start Docker Engine (Debian: `apt install docker.io`), be in its group, or set DOCKER_HOST to its socket";
};

const noReference = (named: string): Result<never, SandboxFault> =>
  failed(
    fault(
      "SANDBOX_UNAVAILABLE",
      `WRIT_SANDBOX_IMAGE is no name of an image: \`${visibleExcerpt(named, 200)}\``,
      {
        help: "set it to a name, with its tag or digest, as `docker images` shows it, or leave it unset",
      },
    ),
  );

const noImage = (name: string): Result<never, SandboxFault> =>
  failed(
    fault("SANDBOX_UNAVAILABLE", `the engine has no image named \`${visibleExcerpt(name, 200)}\``, {
      help: "pull or build it first: writ fetches no images",
    }),
  );
