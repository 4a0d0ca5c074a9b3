/** A shorter piece of a secret gives nothing away, and would be found in any text. */
const PIECE_CHARACTERS_MIN = 8;
const REMOVED = "[key removed]";

/**
 * Replaces every piece of the secrets, or forms of one, that has eight characters or more. Of pieces that begin
 * at one place the longest is replaced.
 */
export const secretRemover = (secrets: readonly string[]): ((text: string) => string) => {
  const windows = new Set(secrets.flatMap(windowsOf));
  const sizes = [...new Set([...windows].map(({ length }) => length))];
  return (text) => {
    let kept = "";
    for (let index = 0; index < text.length;) {
      const isPiece = sizes.some((size) => windows.has(text.slice(index, index + size)));
      const length = isPiece ? Math.max(...secrets.map((secret) => pieceLength(text, index, secret))) : 1;
      kept += isPiece ? REMOVED : (text[index] ?? "");
      index += length;
    }
    return kept;
  };
};

/** The shortest pieces of a secret that give it away; of a short one that is itself. */
const windowsOf = (secret: string): readonly string[] => {
  const size = Math.min(PIECE_CHARACTERS_MIN, secret.length);
  if (size === 0) return [];
  return Array.from({ length: secret.length - size + 1 }, (_, at) => secret.slice(at, at + size));
};

/** How much of the text from `index` on is a piece of the secret. */
const pieceLength = (text: string, index: number, secret: string): number => {
  let length = 0;
  while (index + length < text.length && secret.includes(text.slice(index, index + length + 1))) length += 1;
  return length;
};
