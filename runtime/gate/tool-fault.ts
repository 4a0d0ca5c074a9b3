import { frozenJsonObject } from "./frozen-json.ts";

/** As entries take it. */
const FAULT_CODE = /^TOOL(?:_[A-Z]+)+$/;

const FAULT_DEPTH_MAX = 8;

/** What an executor gave as its fault, or undefined when it gave something else. */
export const readToolFault = (
  given: unknown,
): { readonly code: string; readonly message: string } | undefined => {
  const copy = frozenJsonObject(given, FAULT_DEPTH_MAX);
  const { code, message } = copy ?? {};
  return typeof code === "string" && FAULT_CODE.test(code) && typeof message === "string"
    ? { code, message }
    : undefined;
};
