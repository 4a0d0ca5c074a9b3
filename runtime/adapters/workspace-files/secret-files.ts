/*
 * Which files of a workspace never enter a sandbox, because they are there to be kept secret. Both
 * tests only leave out; what they miss is still an ordinary file that the user put under version
 * control or did not ignore.
 */

/** Whole names, in lower case. */
const NAMES = new Set([
  ".git-credentials",
  ".htpasswd",
  ".netrc",
  "_netrc",
  ".npmrc",
  ".pgpass",
  ".pypirc",
  "id_dsa",
  "id_ecdsa",
  "id_ecdsa_sk",
  "id_ed25519",
  "id_ed25519_sk",
  "id_rsa",
]);

const ENDINGS = [".jks", ".kdbx", ".key", ".keystore", ".p12", ".pfx", ".ppk"];

const FOLDERS = new Set([".aws", ".gnupg", ".ssh"]);

/** Why the name alone keeps a file out, or null. Letters of both cases count alike. */
export const secretByName = (path: string): string | null => {
  const parts = path.toLowerCase().split("/");
  const name = parts.at(-1) ?? "";
  if (parts.includes(".git")) return "it belongs to git";
  // `.env`, `.env.local`, `.envrc`: all of them hold what a program should get from its surroundings.
  if (parts.some((part) => part.startsWith(".env"))) return "files called `.env…` hold secrets";
  if (parts.some((part) => FOLDERS.has(part))) return "its folder holds keys";
  if (NAMES.has(name) || ENDINGS.some((ending) => name.endsWith(ending))) return "its name is that of a key";
  return null;
};

/** PEM and OpenSSH (RFC 7468), PGP (RFC 9580) and PuTTY, also inside JSON or source text. */
const MARKERS = /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|^PuTTY-User-Key-File-/m;

/** Why the content keeps a file out, or null. */
export const secretByContent = (bytes: Uint8Array): string | null =>
  MARKERS.test(latin1.decode(bytes)) ? "it holds a private key" : null;

/** Every byte is one character, so that keys are found in files of any encoding that contains ASCII. */
const latin1 = new TextDecoder("latin1");
