/**
 * A value as a TypeScript literal. JSON is one, but for two line separators that older readers end a line at;
 * every sign that is not plain ASCII is escaped besides, so that nothing in the file can hide or reorder.
 */
export const literal = (value: unknown, indent?: string): string =>
  JSON.stringify(value, null, indent).replace(
    /[^\u0020-\u007e\n]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
