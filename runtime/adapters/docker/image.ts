import { toHex, utf8 } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { SandboxFault } from "#ports/sandbox.ts";

import type { Engine, EngineRefusal } from "./engine.ts";
import { localImage, localPrograms } from "./local-image.ts";

/** The image that containers get: one that the person named, or one of programs that are here. */
export interface WantedImage {
  readonly name: string;
  /** What it is made of where the engine does not have it; null where it is only ever looked for. */
  readonly made: { readonly archive: Uint8Array<ArrayBuffer>; readonly digest: string } | null;
}

const IMAGE_NAME = "writ-sandbox";
/** The digest of the archive that an image was made of. */
const IMAGE_LABEL = "dev.writ.image";

/** @param named `WRIT_SANDBOX_IMAGE`, empty where nobody set it. */
export const wantedImage = async (
  named: string,
  crypto: Pick<Crypto, "sha256">,
): Promise<Result<WantedImage, SandboxFault>> => {
  if (named !== "") return ok({ name: named, made: null });
  const archive = await localImage(localPrograms());
  if (!archive.ok) return archive;
  const digest = toHex(crypto.sha256(archive.value));
  return ok({ name: `${IMAGE_NAME}:${digest.slice(0, 32)}`, made: { archive: archive.value, digest } });
};

/** The id of the wanted image, made here if need be. Nothing is fetched from anywhere. */
export const imageOn = async (
  engine: Pick<Engine, "image" | "importImage">,
  named: string,
  crypto: Pick<Crypto, "sha256">,
): Promise<Result<string, SandboxFault>> => {
  const wanted = await wantedImage(named, crypto);
  if (!wanted.ok) return wanted;
  const { name, made } = wanted.value;
  const found = await engine.image(name);
  if (!found.ok) return noEngine(found.fault);
  if (found.value !== null) return ok(found.value);
  if (made === null) return noImage(name);
  const imported = await engine.importImage(made.archive, name, [`LABEL ${IMAGE_LABEL}=${made.digest}`]);
  if (!imported.ok) return noEngine(imported.fault);
  const image = await engine.image(name);
  if (!image.ok) return noEngine(image.fault);
  return image.value === null ? noImage(name) : ok(image.value);
};

export const noEngine = ({ why }: EngineRefusal): Result<never, SandboxFault> =>
  failed(
    fault("SANDBOX_UNAVAILABLE", `no Docker Engine can be used: ${why}`, {
      help: "install and start Docker Engine (Debian: `apt install docker.io`), be in its group, or set DOCKER_HOST to its socket",
      retryable: true,
    }),
  );

const noImage = (name: string): Result<never, SandboxFault> =>
  failed(
    fault(
      "SANDBOX_UNAVAILABLE",
      `the engine has no image named \`${utf8(name).length > 200 ? "…" : name}\``,
      {
        help: "pull or build it first: writ fetches no images",
      },
    ),
  );
