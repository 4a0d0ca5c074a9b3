import { visibleExcerpt } from "#kernel/visible-text.ts";
import { secretForms } from "#kernel/secret-forms.ts";
import { spacedSecretRemover } from "#kernel/without-secret.ts";

/** Longest text of a provider that is looked through for the key. */
const SEARCHED_CHARACTERS_MAX = 4_000;
const SHOWN_CHARACTERS_MAX = 300;

/**
 * What a provider said, for people: bounded, visible, and without the key or any longer piece of it, in the
 * forms of `secretForms`, also spaced out, for a provider that refuses a key may well repeat it.
 */
export const providerText = (text: string, key: string | null): string => {
  const hide = spacedSecretRemover(key === null ? [] : secretForms(key));
  return visibleExcerpt(hide(text.slice(0, SEARCHED_CHARACTERS_MAX)), SHOWN_CHARACTERS_MAX);
};
