import { mkdtempSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { openHttpTransport } from "#adapters/http/open-transport.ts";
import type { RunOptions } from "#apitest/run/run-cases.ts";
import { openAuditedLedger } from "#host/compose/audit.ts";
import { newWorkspaceId } from "#host/compose/ids.ts";
import { digest, openPolicyEngine } from "#host/compose/policies.ts";
import { openRunLedger } from "#host/compose/run.ts";
import { originPolicy } from "#host/tests/origin-policy.ts";
import { runTests } from "#host/tests/run-tests.ts";
import { identifyWorkspace } from "#host/workspace-identity.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { Approver } from "#ports/approver.ts";
import type { PolicyLayer } from "#protocol/policy-vocabulary.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { planOf } from "#test/apitest/kit.ts";
import { RUN_OPTIONS, testerOf } from "#test/apitest/orders-server.ts";
import { createApproverFake } from "#test/kit/approver-fake.ts";
import { cedarSource, loadPolicies } from "#test/kit/policy-engine.ts";

export const SECRET = "s3cret-of-the-document";

/** Operations with and without parameters, a body, and a credential among the headers. */
export const THINGS: JsonObject = {
  openapi: "3.1.0",
  paths: {
    "/things": {
      get: { responses: { "200": { description: "" } } },
      post: {
        parameters: [
          { name: "x-api-key", in: "header", required: true, schema: { type: "string", const: SECRET } },
        ],
        requestBody: {
          required: true,
          content: {
            "application/json": {
              schema: {
                type: "object",
                required: ["note"],
                properties: { note: { type: "string", const: `note-${SECRET}` } },
              },
            },
          },
        },
        responses: { "200": { description: "" }, "400": { description: "" } },
      },
    },
    "/things/{id}": {
      delete: {
        parameters: [{ name: "id", in: "path", required: true, schema: { enum: ["one", "two"] } }],
        responses: { "200": { description: "" }, "404": { description: "" } },
      },
    },
    "/{area}/list": {
      get: {
        parameters: [
          { name: "area", in: "path", required: true, schema: { enum: ["admin", "open", "shop"] } },
        ],
        responses: { "200": { description: "" }, "404": { description: "" } },
      },
    },
  },
};

export interface Server {
  readonly origin: string;
  /** `METHOD path` of everything that arrived. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

/** A server that counts, and answers 200 unless told otherwise. */
export const serve = async (
  answer: RequestListener = (_, response) => void response.writeHead(200).end(),
): Promise<Server> => {
  const seen: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    seen.push(`${request.method ?? ""} ${request.url ?? ""}`);
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** A workspace and a user's state of their own. */
export const place = () => ({
  folder: mkdtempSync(join(tmpdir(), "workspace-")),
  state: mkdtempSync(join(tmpdir(), "state-")),
});

export type Place = ReturnType<typeof place>;

export interface Tried {
  readonly rules?: Partial<Record<PolicyLayer, string>>;
  readonly approver?: Approver;
  readonly options?: Partial<RunOptions>;
  readonly document?: JsonValue;
  /** Changes the ledger that the run gets. */
  readonly ledger?: (ledger: WritableLedger) => WritableLedger;
  readonly signal?: AbortSignal;
  readonly howInterrupted?: string;
  readonly at?: Place;
}

/** Runs the tests of a document against a server: real policies, a real ledger on disk, real requests. */
export const tryTests = async (server: Pick<Server, "origin">, tried: Tried = {}) => {
  const at = tried.at ?? place();
  const { tests } = await planOf({ "api.yaml": JSON.stringify(tried.document ?? THINGS) });
  if (tests === null) throw new Error("no tests");
  const workspace = await identifyWorkspace(at.folder, at.state, newWorkspaceId);
  if (!workspace.ok) throw new Error(workspace.fault.message);
  const ledgerPlace = { stateDirectory: at.state, workspace: workspace.value.id, folder: null };
  const [engine, opened, transport] = await Promise.all([
    openPolicyEngine(),
    openRunLedger(ledgerPlace, "writ test"),
    openHttpTransport(server.origin),
  ]);
  if (!engine.ok || !opened.ok || !transport.ok) throw new Error("the rig does not stand");
  const { writable } = opened.value;
  try {
    const named = originPolicy("api.yaml", server.origin);
    const policies = await loadPolicies(engine.value.decider, [
      ...Object.entries(tried.rules ?? {}).map(([layer, text]) => cedarSource(layer as PolicyLayer, text)),
      cedarSource(named.layer, named.text, named.file),
    ]);
    const ran = await runTests(
      {
        ledger: tried.ledger?.(writable) ?? writable,
        policies,
        transport: transport.value,
        tester: testerOf(tests),
        hide: (text) => text,
        approver: tried.approver ?? createApproverFake([]),
        clock: systemClock,
        crypto: createNodeCrypto(),
        entropy: createSystemEntropy(),
        digest,
        howInterrupted: () => tried.howInterrupted ?? null,
      },
      {
        plan: tests.plan,
        testRun: "api.yaml",
        documents: [],
        user: "ada",
        options: { ...RUN_OPTIONS, ...tried.options },
      },
      tried.signal ?? new AbortController().signal,
    );
    return { ran, plan: tests.plan, at, interrupted: opened.value.interrupted };
  } finally {
    await Promise.all([writable.close(), transport.value.close(), engine.value.decider.close()]);
  }
};

const audited = async ({ folder, state }: Place) => {
  const opened = await openAuditedLedger(null, { cwd: folder, stateDirectory: state, storage: undefined });
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
};

export const verified = async (at: Place) => {
  const report = await (await audited(at)).verify(null, new AbortController().signal);
  if (!report.ok) throw new Error(report.fault.message);
  return report.value;
};

/** The ledger's folder. */
export const ledgerAt = async (at: Place): Promise<string> => (await audited(at)).directory ?? "";

/** What was recorded, with what is sealed as far as it can be opened. */
export const recorded = async (
  at: Place,
  type?: string,
): Promise<
  readonly { readonly entry: LedgerEntry; readonly content: Readonly<Record<string, JsonValue>> }[]
> => {
  const { reader } = await audited(at);
  const found: { entry: LedgerEntry; content: Record<string, JsonValue> }[] = [];
  const query = type === undefined ? {} : { type };
  for await (const shown of reader.entries(query, new AbortController().signal)) {
    if (!shown.ok) throw new Error(shown.fault.message);
    for (const one of shown.value) {
      if (one.entry === null) continue;
      const content: Record<string, JsonValue> = {};
      for (const { name } of one.entry.content) {
        const reading = await reader.content(one, name);
        if (reading.ok && reading.value.state === "open") content[name] = reading.value.value;
      }
      found.push({ entry: one.entry, content });
    }
  }
  return found;
};
