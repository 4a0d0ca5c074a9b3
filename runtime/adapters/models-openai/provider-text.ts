import { visibleExcerpt } from "#kernel/visible-text.ts";
import { withoutSecret } from "#kernel/without-secret.ts";

/** Longest text of a provider that is looked through for the key. */
const SEARCHED_CHARACTERS_MAX = 4_000;
const SHOWN_CHARACTERS_MAX = 300;

/**
 * What a provider said, for people: bounded, visible, and without the key or any longer piece of it, for
 * a provider that refuses a key may well repeat it.
 */
export const providerText = (text: string, key: string | null): string =>
  visibleExcerpt(withoutSecret(text.slice(0, SEARCHED_CHARACTERS_MAX), key), SHOWN_CHARACTERS_MAX);
