import type { ParameterPlace } from "./operation.ts";

/**
 * Whether servers and proxies may take a parameter of this name for the method or the path of a request. What
 * is decided about the request would then be decided about another one.
 */
export const isOverride = (place: ParameterPlace, name: string): boolean => {
  if (place === "header") return HEADERS.includes(name.toLowerCase());
  return place === "query" && name.toLowerCase() === "_method";
};

const HEADERS: readonly string[] = [
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
];
