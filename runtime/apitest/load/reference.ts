/** Where a `$ref` leads, decided on its text alone: nothing is opened to find out. */
export type ReferenceTarget =
  | { readonly k: "local"; readonly file: string; readonly pointer: string }
  /** Another machine, or any other scheme. */
  | { readonly k: "remote" }
  /** Above the workspace, or an absolute path. */
  | { readonly k: "outside" }
  | { readonly k: "malformed" };

const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*:/;

/**
 * Resolves a `$ref` (RFC 3986 relative reference with a JSON Pointer as fragment) against the file that
 * it stands in. Only files below the workspace are ever named; links are the reader's affair.
 */
export const referenceTarget = (fromFile: string, reference: string): ReferenceTarget => {
  if (SCHEME.test(reference) || reference.startsWith("//")) return { k: "remote" };
  const hash = reference.indexOf("#");
  const path = hash === -1 ? reference : reference.slice(0, hash);
  const pointer = decoded(hash === -1 ? "" : reference.slice(hash + 1));
  const file = decoded(path);
  if (pointer === undefined || file === undefined || !isPointer(pointer)) return { k: "malformed" };
  if (file === "") return { k: "local", file: fromFile, pointer };
  if (file.startsWith("/") || file.includes("\\")) return { k: "outside" };
  if (/[\u0000-\u001f\u007f?:]/.test(file)) return { k: "malformed" };
  const resolved = fromFile.split("/").slice(0, -1);
  for (const part of file.split("/")) {
    if (part === "..") {
      if (resolved.pop() === undefined) return { k: "outside" };
    } else if (part !== "." && part !== "") resolved.push(part);
  }
  return resolved.length === 0 ? { k: "malformed" } : { k: "local", file: resolved.join("/"), pointer };
};

const isPointer = (text: string): boolean => text === "" || text.startsWith("/");

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};
