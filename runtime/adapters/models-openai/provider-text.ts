import { visibleExcerpt } from "#kernel/visible-text.ts";

/** Longest text of a provider that is looked through for the key. */
const SEARCHED_CHARACTERS_MAX = 4_000;
const SHOWN_CHARACTERS_MAX = 300;
/** A shorter piece of a key gives nothing away, and would be found in any text. */
const PIECE_CHARACTERS_MIN = 8;
const REMOVED = "[key removed]";

/**
 * What a provider said, for people: bounded, visible, and without the key or any longer piece of it, for
 * a provider that refuses a key may well repeat it.
 */
export const providerText = (text: string, key: string | null): string =>
  visibleExcerpt(withoutKey(text.slice(0, SEARCHED_CHARACTERS_MAX), key), SHOWN_CHARACTERS_MAX);

/** `text` with every piece of the key that has eight characters or more replaced. */
export const withoutKey = (text: string, key: string | null): string => {
  if (key === null || key === "") return text;
  const pieceMin = Math.min(PIECE_CHARACTERS_MIN, key.length);
  let kept = "";
  for (let index = 0; index < text.length;) {
    let length = 0;
    while (index + length < text.length && key.includes(text.slice(index, index + length + 1))) length += 1;
    kept += length >= pieceMin ? REMOVED : (text[index] ?? "");
    index += length >= pieceMin ? length : 1;
  }
  return kept;
};
