/*
 * What can be told from the text of a canonical line without parsing it, because the order of its
 * members is fixed. True of lines that are right; whoever uses this either knows that they are or
 * has nothing to lose.
 */

/** The references to content: the second member, behind `cause`, and no text in them holds a quote. */
export const contentTextOf = (line: string): string => line.slice(0, Math.max(0, line.indexOf('],"hash":"')));

/** The sealed bytes that a line refers to. */
export const sealedBytesOf = (line: string): number => {
  let sum = 0;
  for (const [, count] of contentTextOf(line).matchAll(/"sealedBytes":([0-9]+)/g)) sum += Number(count);
  return sum;
};

/** What stands behind the type: always as long, since these are the last members. */
const BEHIND_TYPE = ',"v":1,"writer":"0123456789abcdef"}'.length;

/** Whether the entry itself, and not something inside it, has this type. */
export const hasType = (line: string, type: string): boolean => {
  const member = `"type":"${type}"`;
  return line.startsWith(member, line.length - BEHIND_TYPE - member.length);
};
