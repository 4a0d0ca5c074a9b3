import { isAbort } from "#kernel/abort.ts";
import { toHex } from "#kernel/bytes.ts";
import type { LogId, RunId, WorkspaceId } from "#kernel/ids.ts";
import { ok } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { ArtefactStore } from "#ports/ledger.ts";
import type { Wire } from "#ports/wire.ts";
import { LIST_ITEMS_MAX } from "#protocol/host-rpc.ts";
import { serveConnection } from "#host/rpc/host-connection.ts";
import type { OpenedClient } from "#host/rpc/host-opening.ts";
import type { Handlers, Peer } from "#host/rpc/peer.ts";
import { ApprovalDesk } from "./approval-desk.ts";
import { ClientModels } from "./client-models.ts";
import type { Client } from "./clients.ts";
import { offerOf } from "./clients.ts";
import type { EntryFeed } from "./entry-feed.ts";
import { EventStreams } from "./event-streams.ts";
import { Notifier } from "./notifier.ts";
import { readContent } from "./read-content.ts";
import { EffectDesk } from "./effect-desk.ts";
import { RunDesk } from "./run-desk.ts";
import type { RunGiver, RunResumer, RunStarter } from "./run-starter.ts";
import { RunTable } from "./run-table.ts";
import type { LedgerVerifier } from "./verify-ledger.ts";
import { LedgerDesk } from "./verify-ledger.ts";

export interface HostServerDeps {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly crypto: Crypto;
  /** 32 random bytes that clients read from their file. */
  readonly token: Uint8Array;
  /** Name and version, for people. */
  readonly product: string;
  readonly workspace: WorkspaceId;
  /** The operating-system user that host and clients act as. */
  readonly user: string;
  readonly reader: LedgerReader;
  readonly artefacts: Pick<ArtefactStore, "get">;
  /** The log that this host writes. */
  readonly log: LogId;
  /** False for good once a disk refused a line. */
  readonly canRecord: () => boolean;
  readonly feed: EntryFeed;
  readonly startRun: RunStarter;
  readonly resumeRun: RunResumer;
  readonly giveUpRun: RunGiver;
  readonly verifyLedger: LedgerVerifier;
  /** What nobody else would hear. */
  readonly notice: (run: RunId, text: string) => void;
}

/** Connections that have not shown yet who they are. */
const UNAUTHENTICATED_MAX = 16;
const IDLE_MS = 30_000;

/** Speaks with the clients of one workspace, and knows when nobody needs it any more. */
export class HostServer {
  /** Resolves when nothing is going on and nobody is there: after some time, or at once when draining or when its ledger takes nothing more. */
  readonly ended: Promise<void>;
  private readonly deps: HostServerDeps;
  private readonly startedMs: number;
  private readonly clients = new Map<Client, EventStreams>();
  private readonly connections = new Set<{ end(): void }>();
  private readonly approvals: ApprovalDesk;
  private readonly effects: EffectDesk;
  private readonly clientModels: ClientModels;
  private readonly ledger: LedgerDesk;
  private readonly table: RunTable;
  private readonly runs: RunDesk;
  private readonly hostId: string;
  private isDraining = false;
  private idle: AbortController | null = null;
  private end: () => void = () => undefined;

  constructor(deps: HostServerDeps) {
    this.deps = deps;
    const { clock, entropy, reader, user, feed } = deps;
    this.startedMs = clock.wallMs();
    this.hostId = entropy.id<"host">(this.startedMs);
    const clients = (): Iterable<Client> => this.clients.keys();
    this.approvals = new ApprovalDesk(clock, user, clients);
    this.effects = new EffectDesk(user);
    this.clientModels = new ClientModels({ clock, entropy });
    this.ledger = new LedgerDesk(clock, deps.verifyLedger);
    this.table = new RunTable(reader, () => this.watchIdle());
    this.runs = new RunDesk({
      clock,
      entropy,
      table: this.table,
      reader,
      startRun: deps.startRun,
      resumeRun: deps.resumeRun,
      giveUpRun: deps.giveUpRun,
      approvals: this.approvals,
      effects: this.effects,
      consent: { user, clients },
      clientModels: this.clientModels,
      notifier: new Notifier(clients),
      isDraining: () => this.isDraining,
      notice: deps.notice,
      publish: (event) => feed.publish(event),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.end = resolve;
    this.watchIdle();
  }

  /** A client that wants in. */
  accept(wire: Wire): void {
    if (this.connections.size - this.clients.size >= UNAUTHENTICATED_MAX) {
      wire.end();
      return;
    }
    const { clock, crypto, entropy, token, product, workspace } = this.deps;
    let client: Client | undefined;
    const connection = serveConnection(wire, {
      clock,
      opening: {
        crypto,
        token,
        product,
        nonce: toHex(entropy.bytes(32)),
        isDraining: () => this.isDraining,
        identity: { host: this.hostId, workspace },
      },
      onOpened: (opened, peer) => {
        client = this.admit(opened, peer, () => wire.end());
        return this.handlersFor(client);
      },
      onClosed: () => {
        this.connections.delete(connection);
        if (client !== undefined) this.leave(client);
        this.watchIdle();
      },
    });
    this.connections.add(connection);
    this.watchIdle();
  }

  /** Cancels every run, waits until all of it is gone, and lets the clients go. */
  async close(): Promise<void> {
    this.isDraining = true;
    await this.runs.cancelAll();
    for (const connection of this.connections) connection.end();
    this.idle?.abort();
    this.end();
  }

  private admit({ kind, offers }: OpenedClient, peer: Peer, disconnect: () => void): Client {
    const client: Client = { kind, peer, offers: offerOf({ kind }, offers) };
    const { clock, reader, feed, log } = this.deps;
    this.clients.set(
      client,
      new EventStreams({ clock, reader, feed, log, runs: this.table, peer, disconnect }),
    );
    this.offered(client, false);
    return client;
  }

  private offered(client: Client, hadApprovals: boolean): void {
    if (client.offers.approvals && !hadApprovals) this.approvals.offeredBy(client);
    if (client.offers.models.length > 0) this.clientModels.offered();
  }

  private leave(client: Client): void {
    this.clients.get(client)?.close();
    this.clients.delete(client);
  }

  private handlersFor(client: Client): Handlers {
    const { table, runs, approvals, effects, deps } = this;
    const streams = this.clients.get(client);
    return {
      requests: {
        "host/status": async () =>
          ok({
            product: deps.product,
            startedMs: this.startedMs,
            clients: this.clients.size,
            runs: table.active,
            approvalsWaiting: approvals.count,
            draining: this.isDraining,
          }),
        "host/drain": () => this.drain(),
        "run/start": (params, { signal }) => runs.start(params, client, signal),
        "run/cancel": ({ run, reason }) => runs.cancel(run, reason),
        "run/resume": (params, { signal }) => runs.resume(params, client, signal),
        "run/intervene": (params) => effects.intervene(client, params),
        "run/list": (params) => table.list(params),
        "run/get": ({ run }) => table.get(run),
        "approvals/list": async ({ after }) => {
          const all = approvals.list().filter(({ approval }) => after === null || approval > after);
          const page = all.slice(0, LIST_ITEMS_MAX);
          return ok({
            approvals: [...page],
            more: all.length > page.length ? (page.at(-1)?.approval ?? null) : null,
          });
        },
        "approvals/answer": async (params) => approvals.answer(client, params),
        "content/read": (params, { signal }) => readContent(deps, params, signal),
        "ledger/verify": (params, asked) => this.ledger.verify(params, asked),
        ...(streams === undefined
          ? {}
          : {
              "events/subscribe": (params, { signal }) => streams.subscribe(params, signal),
              "events/unsubscribe": async ({ subscription }) => streams.unsubscribe(subscription),
            }),
      },
      notifications: {
        "host/offer": (offer) => {
          const hadApprovals = client.offers.approvals;
          client.offers = offerOf(client, offer);
          this.offered(client, hadApprovals);
        },
        "model/delta": (params) => this.clientModels.hear(client, params),
        "events/acknowledge": (params) => streams?.acknowledge(params),
      },
    };
  }

  /** No run of this release can be put aside, so those that wait for a person are waited for too. */
  private async drain(): Promise<ReturnType<typeof ok<{ finished: number; parked: number }>>> {
    this.isDraining = true;
    const finished = this.table.active;
    await this.table.settled();
    for (const streams of this.clients.values()) streams.drain();
    this.watchIdle();
    return ok({ finished, parked: 0 });
  }

  /** Begins to wait for the end, or stops waiting, as things are now. */
  private watchIdle(): void {
    const isIdle = this.connections.size === 0 && this.table.active === 0;
    if (!isIdle) {
      this.idle?.abort();
      this.idle = null;
      return;
    }
    // One that can record nothing starts and resumes nothing, and holds what another host could take up.
    if (this.isDraining || !this.deps.canRecord()) {
      this.end();
      return;
    }
    if (this.idle !== null) return;
    const idle = new AbortController();
    this.idle = idle;
    this.deps.clock.sleep(IDLE_MS, idle.signal).then(this.end, (error: unknown) => {
      if (!isAbort(error)) throw error;
    });
  }
}
