/**
 * A small API to try `writ test` on: it does exactly what `openapi.yaml` beside it says, unless a bug is
 * switched on.
 *
 *     node examples/orders-api/server.ts                                      a correct server on a free port
 *     PORT=8080 ORDERS_API_BUG=crash-at-maximum node examples/orders-api/server.ts
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export const BUGS = [
  /** 500 for the largest quantity that is documented. */
  "crash-at-maximum",
  /** Takes a quantity of 0. */
  "takes-too-little",
  /** Refuses the largest quantity that is documented. */
  "refuses-maximum",
  /** Answers with the quantity as a text. */
  "wrong-type",
  /** Answers 202, of which the document knows nothing. */
  "undocumented-status",
  /** Says that its JSON is plain text. */
  "wrong-content-type",
] as const;

export type Bug = (typeof BUGS)[number];

interface Order {
  id: number;
  item: string;
  quantity: number;
  status?: string;
  tags?: string[];
  note?: string | null;
  parent?: Order;
}

/** What the server answers: a status and a value, or no body at all. */
type Answer = { status: number; value?: unknown };

const STATUSES = ["open", "sent", "cancelled"];
const BODY_BYTES_MAX = 100_000;
const ORDERS_MAX = 200;

export function createOrdersServer(bug?: Bug): Server {
  const orders = new Map<number, Order>();
  let nextId = 1;
  const withId = (order: Omit<Order, "id">): Order => {
    const id = nextId;
    nextId += 1;
    return { ...order, id, ...(order.parent === undefined ? {} : { parent: withId(order.parent) }) };
  };
  const take = (order: Omit<Order, "id">): Order => {
    const taken = withId(order);
    orders.set(taken.id, taken);
    // The memory of a small shop: the second order is the first to be forgotten.
    if (orders.size > ORDERS_MAX) orders.delete([...orders.keys()][1] ?? 0);
    return taken;
  };
  take({ item: "lamp", quantity: 2, status: "open" });

  const shown = (order: Order): unknown =>
    bug === "wrong-type" ? { ...order, quantity: String(order.quantity) } : order;

  const list = (query: URLSearchParams, request: IncomingMessage): Answer => {
    const status = query.get("status");
    if (status !== null && !STATUSES.includes(status)) return refused("status");
    const limit = query.has("limit") ? wholeNumber(query.get("limit")) : 20;
    if (limit === undefined || limit < 1 || limit > 100) return refused("limit");
    const tags = query.has("tag") ? query.getAll("tag") : undefined;
    if (tags !== undefined && !isTags(tags)) return refused("tag");
    const requestId = request.headers["x-request-id"];
    if (requestId !== undefined && !/^[a-z0-9]{4,16}$/.test(String(requestId))) return refused("X-Request-Id");
    const found = [...orders.values()]
      .filter((order) => status === null || order.status === status)
      .filter((order) => (tags ?? []).every((tag) => order.tags?.includes(tag) === true));
    return { status: 200, value: found.slice(0, limit).map(shown) };
  };

  const create = (body: string): Answer => {
    const value = parsed(body);
    const wrong = whatIsWrong(value);
    const quantity = (value as { quantity?: unknown } | undefined)?.quantity;
    const isLet = wrong === "quantity" && bug === "takes-too-little" && quantity === 0;
    if (wrong !== undefined && !isLet) return refused(wrong);
    if (quantity === 1000 && bug === "crash-at-maximum") return { status: 500, value: { message: "overflow" } };
    if (quantity === 1000 && bug === "refuses-maximum") return refused("quantity");
    return { status: bug === "undocumented-status" ? 202 : 201, value: shown(take(value as Order)) };
  };

  const one = (method: string, idText: string): Answer => {
    const id = wholeNumber(idText);
    if (id === undefined || id < 1) return refused("orderId");
    const order = orders.get(id);
    if (order === undefined) return { status: 404, value: { message: "there is no such order" } };
    if (method === "GET") return { status: 200, value: shown(order) };
    // The first order is the shop's sample; it comes back.
    if (id !== 1) orders.delete(id);
    return { status: 204 };
  };

  const quote = (body: string): Answer => {
    const form = new URLSearchParams(body);
    const quantity = wholeNumber(form.get("quantity"));
    if (quantity === undefined || quantity < 1 || quantity > 1000) return refused("quantity");
    const price = /^(\d{1,4})(?:\.(\d{1,2}))?$/.exec(form.get("unitPrice") ?? "");
    const cents = price === null ? 0 : Number(price[1]) * 100 + Number((price[2] ?? "").padEnd(2, "0"));
    if (cents < 1) return refused("unitPrice");
    const express = form.get("express");
    if (express !== null && express !== "true" && express !== "false") return refused("express");
    return { status: 200, value: { total: (cents * quantity) / 100 + (express === "true" ? 9 : 0) } };
  };

  const answer = (request: IncomingMessage, body: string): Answer => {
    const url = new URL(request.url ?? "/", "http://orders");
    const method = request.method ?? "";
    const order = /^\/orders\/([^/]*)$/.exec(url.pathname);
    if (url.pathname === "/orders" && method === "GET") return list(url.searchParams, request);
    if (url.pathname === "/orders" && method === "POST") return create(body);
    if (url.pathname === "/quotes" && method === "POST") return quote(body);
    if (order !== null && (method === "GET" || method === "DELETE")) return one(method, order[1] ?? "");
    return { status: 404, value: { message: "there is nothing here" } };
  };

  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > BODY_BYTES_MAX) request.destroy();
      else chunks.push(chunk);
    });
    request.on("end", () => send(response, answer(request, Buffer.concat(chunks).toString("utf8")), bug));
  });
}

const send = (response: ServerResponse, { status, value }: Answer, bug: Bug | undefined): void => {
  if (value === undefined) {
    response.writeHead(status).end();
    return;
  }
  const type = bug === "wrong-content-type" && status === 200 ? "text/plain" : "application/json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(value));
};

const refused = (what: string): Answer => ({ status: 400, value: { message: `${what} is not as documented` } });

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
};

const ORDER_KEYS = ["id", "item", "quantity", "status", "tags", "note", "parent"];

/** The first part of an order that the document does not allow. */
const whatIsWrong = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "order";
  const order = value as Record<string, unknown>;
  const { item, quantity, status, tags, note, parent } = order;
  if (Object.keys(order).some((key) => !ORDER_KEYS.includes(key))) return "order";
  if (typeof item !== "string" || item === "" || Array.from(item).length > 40) return "item";
  if (typeof quantity !== "number" || !Number.isInteger(quantity) || quantity < 1 || quantity > 1000) return "quantity";
  if (status !== undefined && !STATUSES.includes(status as string)) return "status";
  if (tags !== undefined && !isTags(tags)) return "tags";
  if (note !== undefined && note !== null && (typeof note !== "string" || Array.from(note).length > 200)) return "note";
  return parent === undefined ? undefined : whatIsWrong(parent);
};

const isTags = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= 4 &&
  new Set(value).size === value.length &&
  value.every((tag) => typeof tag === "string" && /^[a-z]{2,10}$/.test(tag));

const wholeNumber = (text: string | null): number | undefined =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

if (import.meta.main) {
  const named = process.env["ORDERS_API_BUG"] ?? "";
  const bug = BUGS.find((name) => name === named);
  if (named !== "" && bug === undefined) {
    process.stderr.write(`orders API: there is no bug ${JSON.stringify(named)}; there are ${BUGS.join(", ")}\n`);
    process.exit(2);
  }
  const server = createOrdersServer(bug);
  server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    process.stdout.write(`orders API on http://127.0.0.1:${port}${bug === undefined ? "" : ` with bug ${bug}`}\n`);
  });
}
