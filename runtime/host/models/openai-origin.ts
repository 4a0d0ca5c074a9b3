/** Where `openai:<model>` goes unless the user says otherwise. */
export const OPENAI_ORIGIN = "https://api.openai.com";
