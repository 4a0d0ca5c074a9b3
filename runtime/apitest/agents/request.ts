import type { ApiRequest } from "#protocol/api-test.ts";

import type { Operation } from "../model/operation.ts";
import { sentBody } from "../wire/body.ts";
import { encodePart } from "../wire/encode.ts";
import { sentParameter } from "../wire/parameter.ts";
import type { Draft } from "./draft.ts";
import { partNameOf } from "./parts.ts";

/** The bytes of a draft, or undefined where one of its values cannot be sent. */
export const requestOf = (draft: Draft, basePath: string): ApiRequest | undefined => {
  const { operation, values } = draft;
  const segments = new Map<string, string>();
  const query: string[] = [];
  const headers: [string, string][] = [["accept", acceptedTypes(operation)]];
  const cookies: string[] = [];
  for (const parameter of operation.parameters) {
    const value = values.get(partNameOf(parameter));
    if (value === undefined) continue;
    const sent = sentParameter(parameter, value);
    if (sent === undefined) return undefined;
    switch (parameter.place) {
      case "path":
        segments.set(parameter.name, sent[0] ?? "");
        break;
      case "query":
        query.push(...sent);
        break;
      case "header":
        headers.push([parameter.name.toLowerCase(), sent[0] ?? ""]);
        break;
      case "cookie":
        cookies.push(`${parameter.name}=${sent[0] ?? ""}`);
        break;
    }
  }
  if (cookies.length > 0) headers.push(["cookie", cookies.join("; ")]);
  const path = pathOf(operation.path, segments);
  if (path === undefined) return undefined;
  const body = bodyOf(draft);
  if (body === undefined) return undefined;
  if (body !== null) headers.push(["content-type", operation.body?.mediaType ?? "application/json"]);
  return {
    method: operation.method,
    target: `${basePath}${path}${query.length === 0 ? "" : `?${query.join("&")}`}`,
    headers,
    body,
    ...(operation.security === null || draft.deviation?.k === "anonymous"
      ? {}
      : { credentials: operation.security.credentials }),
  };
};

/** Null for no body; undefined where the value cannot be sent. */
const bodyOf = ({ operation, values, deviation }: Draft): string | null | undefined => {
  if (deviation?.k === "syntax") return deviation.text;
  const value = values.get("body");
  return value === undefined || operation.body === null ? null : sentBody(operation.body, value);
};

const pathOf = (template: string, segments: ReadonlyMap<string, string>): string | undefined => {
  const names = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = ""]) => name);
  if (names.some((name) => !segments.has(name))) return undefined;
  return template
    .split(/\{([^{}]*)\}/)
    .map((piece, index) => (index % 2 === 1 ? (segments.get(piece) ?? "") : literal(piece)))
    .join("");
};

/** Where requests of an operation go: the path as it is sent, with `{names}` for its parameters. */
export const targetOf = (basePath: string, path: string): string =>
  `${basePath}${path
    .split(/\{([^{}]*)\}/)
    .map((piece, index) => (index % 2 === 1 ? `{${encodePart(piece.toWellFormed())}}` : literal(piece)))
    .join("")}`;

/** The author's own text between parameters: slashes and what a path may hold stay as written. */
const literal = (text: string): string =>
  text.replace(/[^A-Za-z0-9._~!$&'()*+,;=:@%/-]+/g, (signs) => encodePart(signs.toWellFormed()));

const acceptedTypes = ({ responses }: Operation): string => {
  const types = new Set(responses.flatMap(({ contents }) => contents.map(({ mediaType }) => mediaType)));
  const sendable = [...types].filter((type) => /^[\u0021-\u007e]+(?:[ ][\u0021-\u007e]+)*$/.test(type));
  return sendable.length === 0 ? "*/*" : sendable.join(", ");
};
