/** A shorter piece of a secret gives nothing away, and would be found in any text. */
const PIECE_CHARACTERS_MIN = 8;
const REMOVED = "[key removed]";

/**
 * Replaces every piece of the secrets, or forms of one, that has eight characters or more. Of pieces that begin
 * at one place the longest is replaced.
 */
export const secretRemover = (secrets: readonly string[]): ((text: string) => string) => {
  const piecesIn = pieceFinder(secrets);
  return (text) => without(text, piecesIn(text));
};

/**
 * The same, and also where anything stands between a piece's letters and digits (of ASCII) that is none itself: spaces,
 * hyphens, line breaks. It looks at words across what parts them, so it is for text that people read.
 */
export const spacedSecretRemover = (secrets: readonly string[]): ((text: string) => string) => {
  const remove = secretRemover(secrets);
  const bare = secrets.map((secret) => secret.replaceAll(/[^A-Za-z0-9]/g, ""));
  const piecesIn = pieceFinder(bare.filter(({ length }) => length >= PIECE_CHARACTERS_MIN));
  return (text) => {
    const left = remove(text);
    const places = [...left.matchAll(/[A-Za-z0-9]/g)].map(({ index }) => index);
    const pieces = piecesIn(places.map((place) => left[place]).join(""));
    return without(
      left,
      pieces.map(({ start, end }) => ({ start: places[start] ?? 0, end: (places[end - 1] ?? 0) + 1 })),
    );
  };
};

/** From one index of a text to the one behind its last. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Finds the pieces of secrets, in their order and apart from each other. */
const pieceFinder = (secrets: readonly string[]): ((text: string) => readonly Piece[]) => {
  const windows = new Set(secrets.flatMap(windowsOf));
  const sizes = [...new Set([...windows].map(({ length }) => length))];
  return (text) => {
    const found: Piece[] = [];
    for (let start = 0; start < text.length;) {
      const isPiece = sizes.some((size) => windows.has(text.slice(start, start + size)));
      const end =
        start + (isPiece ? Math.max(...secrets.map((secret) => pieceLength(text, start, secret))) : 1);
      if (isPiece) found.push({ start, end });
      start = end;
    }
    return found;
  };
};

const without = (text: string, pieces: readonly Piece[]): string => {
  const kept = pieces.map(({ start }, index) => text.slice(pieces[index - 1]?.end ?? 0, start) + REMOVED);
  return kept.join("") + text.slice(pieces.at(-1)?.end ?? 0);
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
