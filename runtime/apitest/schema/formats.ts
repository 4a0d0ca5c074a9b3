/**
 * Formats with one fixed definition each, on the lenient side of the RFC named: a server is accused only of
 * what no reading of the format allows. Formats that are not here say nothing (OpenAPI leaves them open).
 */
export const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["date", (text: string) => isDate(text)],
  ["date-time", (text: string) => isDateTime(text)],
  ["uuid", (text: string) => /^(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)],
  ["email", (text: string) => /^[^\s@]+@[^\s@]+$/.test(text)],
  ["ipv4", (text: string) => isIpv4(text)],
  ["ipv6", (text: string) => /^[0-9a-f:.]{2,45}(?:%[0-9a-z]+)?$/i.test(text) && text.includes(":")],
  ["uri", (text: string) => /^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`]*$/i.test(text)],
]);

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** RFC 3339 section 5.6 `full-date`, with the days that a month has. */
const isDate = (text: string): boolean => {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && !isLeap ? 28 : (DAYS[month - 1] ?? 0);
  return day >= 1 && day <= days;
};

/** RFC 3339 section 5.6 `date-time`; a space for `T`, small letters and a leap second are let pass. */
const isDateTime = (text: string): boolean => {
  const match = /^(\d{4}-\d{2}-\d{2})[t ](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:z|[+-]\d{2}:?\d{2})$/i.exec(
    text,
  );
  if (match === null || !isDate(match[1] ?? "")) return false;
  const [hour, minute, second] = match.slice(2, 5).map(Number) as [number, number, number];
  return hour <= 23 && minute <= 59 && second <= 60;
};

const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
