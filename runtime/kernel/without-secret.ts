/** A shorter piece of a secret gives nothing away, and would be found in any text. */
const PIECE_CHARACTERS_MIN = 8;
const REMOVED = "[key removed]";

/** `text` with every piece of the secret that has eight characters or more replaced. */
export const withoutSecret = (text: string, secret: string | null): string => {
  if (secret === null || secret === "") return text;
  const pieceMin = Math.min(PIECE_CHARACTERS_MIN, secret.length);
  let kept = "";
  for (let index = 0; index < text.length;) {
    let length = 0;
    while (index + length < text.length && secret.includes(text.slice(index, index + length + 1)))
      length += 1;
    kept += length >= pieceMin ? REMOVED : (text[index] ?? "");
    index += length >= pieceMin ? length : 1;
  }
  return kept;
};
