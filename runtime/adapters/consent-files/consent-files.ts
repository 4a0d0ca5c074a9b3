import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "#kernel/error-code.ts";
import { utf8, utf8Text } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import { readJson } from "#kernel/json.ts";
import { makeFolders } from "#kernel/make-folders.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ConsentFault, ConsentStore } from "#ports/consent-store.ts";
import { CONSENT_BYTES_MAX, CONSENTS_MAX } from "#ports/consent-store.ts";
import type { Consent } from "#protocol/consent.ts";
import { readConsent } from "#protocol/consent.ts";
import { checkFolder, isOthersToWrite, readingFault, syncFolder, writingFault } from "./private-folder.ts";

/** Names of a folder beyond this are not looked at: nobody consents that often. */
const NAMES_MAX = 1_000;

/**
 * Consents as files: a folder of mode 0700 for each principal, named by a digest, and in it a file
 * of mode 0600 for each consent, named by the digest of its powers. A file is written under
 * another name and renamed, so it is there whole or not at all.
 *
 * @param directory absolute, of one workspace; made on the first `remember`.
 */
export const createConsentFiles = (directory: string): ConsentStore => {
  const folderOf = (principal: string): string =>
    join(directory, createHash("sha256").update(principal).digest("hex"));
  return {
    async of(principal) {
      const found = await consentsIn(directory, folderOf(principal));
      if (!found.ok) return found;
      // A file that someone moved says nothing about this principal.
      return ok(found.value.filter((consent) => consent.principal === principal).slice(0, CONSENTS_MAX));
    },
    async remember(consent) {
      const bytes = utf8(`${canonicalJson(consent as unknown as JsonObject)}\n`);
      if (bytes.length > CONSENT_BYTES_MAX) {
        const most = `at most ${CONSENT_BYTES_MAX} are kept`;
        return failed(fault("CONSENT_TOO_LARGE", `the consent has ${bytes.length} bytes, ${most}`));
      }
      const folder = folderOf(consent.principal);
      const temporary = join(folder, `.${randomUUID()}.new`);
      try {
        await makeFolders(folder, 0o700, { mkdir, stat, dirname });
        const checked = await checkFolders(directory, folder);
        if (!checked.ok) return checked;
        {
          await using file = await open(temporary, "wx", 0o600);
          await file.writeFile(bytes);
          await file.sync();
        }
        await rename(temporary, join(folder, fileName(consent)));
        await syncFolder(folder);
        const found = await consentsIn(directory, folder);
        if (!found.ok) return found;
        for (const old of found.value.slice(CONSENTS_MAX)) await unlink(join(folder, fileName(old)));
        return ok(undefined);
      } catch (error) {
        await unlink(temporary).catch(() => undefined);
        return failed(writingFault(folder, error));
      }
    },
  };
};

const fileName = (consent: Consent): string => `${consent.digest}.json`;

const checkFolders = async (
  ...folders: readonly string[]
): Promise<Result<"present" | "absent", ConsentFault>> => {
  for (const folder of folders) {
    const checked = await checkFolder(folder);
    if (!checked.ok || checked.value === "absent") return checked;
  }
  return ok("present");
};

/** Every whole consent of a folder, newest first. */
const consentsIn = async (
  directory: string,
  folder: string,
): Promise<Result<readonly Consent[], ConsentFault>> => {
  const checked = await checkFolders(directory, folder);
  if (!checked.ok) return checked;
  if (checked.value === "absent") return ok([]);
  try {
    const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
    const consents: Consent[] = [];
    for (const name of names.slice(0, NAMES_MAX)) {
      const read = await readFile(join(folder, name));
      if (!read.ok) return read;
      if (read.value !== null && fileName(read.value) === name) consents.push(read.value);
    }
    return ok(consents.sort((left, right) => right.wallMs - left.wallMs));
  } catch (error) {
    return failed(readingFault(folder, error));
  }
};

/** The consent in a file, or null for a file that holds none, so that the person is asked again. */
const readFile = async (path: string): Promise<Result<Consent | null, ConsentFault>> => {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > CONSENT_BYTES_MAX) return ok(null);
    if (isOthersToWrite(stats)) {
      return failed(
        fault("CONSENT_EXPOSED", "a stored consent could have been written by others", {
          help: "remove the folder of consents; you are asked again",
        }),
      );
    }
    const text = utf8Text(await file.readFile());
    const reading = text === undefined ? null : readJson(text);
    return ok(reading?.ok === true ? (readConsent(reading.value) ?? null) : null);
  } catch (error) {
    return ["ENOENT", "ELOOP"].includes(errorCode(error)) ? ok(null) : failed(readingFault(path, error));
  }
};
