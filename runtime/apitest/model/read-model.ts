import { isJsonObject } from "#kernel/json.ts";

import type { DocumentSet, Node } from "../load/document-set.ts";
import { childOf, itemsOf, membersOf, textAt } from "../load/document-set.ts";
import type { ProblemLog } from "../load/problem-log.ts";
import { API_PROBLEM_CODES } from "../load/problems.ts";
import type { ApiDocument } from "../load/read-document.ts";
import type { Dialect } from "../schema/keywords.ts";
import { SchemaRegistry } from "../schema/registry.ts";
import type { ModelContext } from "./context.ts";
import { readBody } from "./read-body.ts";
import { readParameters } from "./read-parameters.ts";
import { readResponses } from "./read-responses.ts";
import { isCredential, readSecurity } from "./read-security.ts";
import {
  type ApiModel,
  type LeftOut,
  type Method,
  METHODS,
  type Operation,
  type ResponseRule,
} from "./operation.ts";
import { essenceOf } from "./media-type.ts";

export interface ReadModel {
  readonly model: ApiModel;
  readonly schemas: SchemaRegistry;
}

/**
 * Reads the operations of an OpenAPI 3.0 or 3.1 document. What of it is not understood is a problem with its
 * place; an operation that cannot be called without it is left out. Undefined for any other document.
 */
export const readModel = (
  entry: ApiDocument,
  documents: DocumentSet,
  log: ProblemLog,
  credentials: ModelContext["credentials"],
): ReadModel | undefined => {
  const root: Node = { document: entry, pointer: "", value: entry.value };
  const dialect = dialectOf(root, log);
  if (dialect === undefined) return undefined;
  const schemas = new SchemaRegistry(documents, dialect, log);
  const context: ModelContext = { documents, log, schemas, credentials };
  const paths = childOf(root, "paths");
  if (paths === undefined || !isJsonObject(paths.value)) {
    log.say(API_PROBLEM_CODES.shape, paths ?? root, "the document has no `paths`, so nothing can be tested");
  }
  const read = membersOf(paths).flatMap(([path, item]) => operationsOf(path, item, root, context));
  schemas.cutEndless();
  const servers = itemsOf(childOf(root, "servers")).map(serverUrl);
  return {
    model: {
      basePath: servers[0]?.path ?? "",
      suggestedOrigins: servers.flatMap(({ origin }) => origin ?? []),
      operations: read.flatMap((each) => ("why" in each ? [] : [each])),
      leftOut: read.flatMap((each) => ("why" in each ? [each] : [])),
    },
    schemas,
  };
};

const dialectOf = (root: Node, log: ProblemLog): Dialect | undefined => {
  const version = textAt(root, "openapi");
  const match = /^3\.([01])(?:\.|$)/.exec(version ?? "");
  if (match !== null) return match[1] === "0" ? "3.0" : "3.1";
  const swagger = childOf(root, "swagger");
  const given = childOf(root, "openapi");
  if (given === undefined && swagger !== undefined) {
    const message = "this is a document of Swagger 2, which is not read";
    log.say(API_PROBLEM_CODES.shape, swagger, message, { help: "convert it to OpenAPI 3.0 or 3.1" });
    return undefined;
  }
  log.say(API_PROBLEM_CODES.shape, given ?? root, whyNoVersion(given, version), {
    help: 'write `openapi: "3.0.3"` or `"3.1.0"`',
  });
  return undefined;
};

const whyNoVersion = (given: Node | undefined, version: string | undefined): string => {
  if (given === undefined) {
    return "the document has no `openapi` with a version, so it is not one of OpenAPI 3";
  }
  return version === undefined
    ? "the version of OpenAPI is no text; YAML reads `3.1` as a number"
    : "this version of OpenAPI is not read";
};

const operationsOf = (
  path: string,
  item: Node,
  root: Node,
  context: ModelContext,
): readonly (Operation | LeftOut)[] => {
  const { documents, log } = context;
  if (path.startsWith("x-")) return [];
  if (!path.startsWith("/")) {
    log.say(API_PROBLEM_CODES.shape, item, "a path has to begin with `/`");
    return [];
  }
  const followed = documents.follow(item);
  if (!followed.ok) {
    log.lost(followed.lost);
    return [];
  }
  const target = followed.node;
  if (childOf(target, "servers") !== undefined) {
    log.say(
      API_PROBLEM_CODES.notTested,
      childOf(target, "servers") ?? target,
      "servers of a path are not used",
    );
  }
  const trace = childOf(target, "trace");
  const made = METHODS.flatMap((method) => {
    const node = childOf(target, method);
    return node === undefined ? [] : (operationOf(path, method, node, target, root, context) ?? []);
  });
  return trace === undefined ? made : [...made, leaveOut("trace", path, trace, "TRACE is not sent", log)];
};

/** An operation that no test is made of, which is said where it stands. */
export const leaveOut = (method: string, path: string, node: Node, why: string, log: ProblemLog): LeftOut => {
  log.say(API_PROBLEM_CODES.notTested, node, `the operation is left out: ${why}`);
  return { method: method.toUpperCase(), path, node, why };
};

const operationOf = (
  path: string,
  method: (typeof METHODS)[number],
  node: Node,
  item: Node,
  root: Node,
  context: ModelContext,
): Operation | LeftOut | undefined => {
  const { log } = context;
  if (!isJsonObject(node.value)) {
    log.say(API_PROBLEM_CODES.shape, node, "an operation has to be an object");
    return undefined;
  }
  const security = readSecurity(node, root, context);
  if (security?.k === "left-out") return leaveOut(method, path, node, security.why, log);
  const parameters = readParameters(path, item, node, context);
  const body = readBody(method, node, context);
  if (parameters === undefined) {
    return leaveOut(method, path, node, "a parameter that it needs cannot be sent", log);
  }
  if (body === undefined) return leaveOut(method, path, node, "the body that it needs cannot be made", log);
  const responses = readResponses(node, context);
  if (isStream(responses)) {
    return leaveOut(method, path, node, "what it answers is a stream of events, which need not end", log);
  }
  return {
    method: method.toUpperCase() as Method,
    path,
    node,
    parameters: parameters.filter((parameter) => !isCredential(parameter, security)),
    body: body === "none" ? null : body,
    responses,
    security,
  };
};

/** Whether whatever succeeds is answered with events for as long as somebody listens. */
const isStream = (responses: readonly ResponseRule[]): boolean => {
  const types = responses
    .filter(({ status }) => status.startsWith("2"))
    .flatMap(({ contents }) => contents.map(({ mediaType }) => essenceOf(mediaType)));
  return types.length > 0 && types.every((type) => type === "text/event-stream");
};

/** Origin and path of a server, with the defaults of its variables. */
const serverUrl = (server: Node): { readonly origin: string | undefined; readonly path: string } => {
  const template = textAt(server, "url") ?? "";
  const text = template.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const variable = childOf(server, "variables", name);
    return (variable === undefined ? undefined : textAt(variable, "default")) ?? "";
  });
  const match = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(text);
  const path = (match?.[2] ?? "").replace(/\/+$/, "");
  return { origin: match?.[1], path: /^(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*$/.test(path) ? path : "" };
};
