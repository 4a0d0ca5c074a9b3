import type { EntryId, LogId, RunId, ScopeId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import { copyImage } from "#test/kit/ledger-store-fake.ts";
import type { LogFiles } from "./forge.ts";
import type { World } from "./world.ts";
import { createWorld, entryWith, newEntry, openIn, publicKeyOf, RUN, SCOPE, valueOf } from "./world.ts";

/*
 * Logs of every kind that a writer makes, the same at every run: the good vectors, and what the
 * tampered ones are made from.
 */

export interface SampleLog {
  readonly name: string;
  readonly about: string;
  readonly log: LogId;
  readonly files: LogFiles;
  readonly anchor: Uint8Array | null;
  readonly publicKey: string;
  readonly live: boolean;
  readonly world: World;
  /** What can be opened: the value by entry and name, or null where the scope was erased. */
  readonly plain: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
}

const OTHER_SCOPE = "018bcfe5-6802-7000-8000-000000000002" as ScopeId;
const CHILD_RUN = "018bcfe5-6801-7000-8000-000000000002" as RunId;

type Plain = Record<string, Record<string, JsonValue>>;

export const sampleLogs = async (): Promise<readonly SampleLog[]> => [
  await sample(
    "plain",
    "one opening, entries of a run and of its child, every field in use",
    1,
    async (world, plain) => {
      const { ledger } = await opened(world);
      const [first] = await Promise.all([
        record(
          ledger,
          plain,
          newEntry({ type: "run.started", input: 0, public: { agent: "tidy", tier: "wasm" } }),
        ),
        record(
          ledger,
          plain,
          newEntry({ labels: ["internal", "personal"], public: { rules: ["a", "b"], count: 3 } }),
        ),
      ]);
      await record(
        ledger,
        plain,
        newEntry({
          type: "action.completed",
          cause: first,
          input: 1,
          run: { id: CHILD_RUN, seq: 0, parent: RUN },
          onBehalfOf: { kind: "agent", id: 'Agent::"examples/tidy.symbi#tidy"' },
          public: { status: "done" },
        }),
      );
      await record(
        ledger,
        plain,
        newEntry({ run: null, onBehalfOf: null, principal: 'User::"ada"', type: "consent.given" }),
      );
      await ledger.close();
    },
  ),

  await sample(
    "content",
    "sealed content in two scopes, one of them erased; a batch of records",
    2,
    async (world, plain) => {
      const { ledger } = await opened(world);
      valueOf(await ledger.openScope(OTHER_SCOPE));
      await Promise.all([
        record(ledger, plain, entryWith({ path: "notes/today.md", text: "Grüße 👋" })),
        record(ledger, plain, entryWith("yes")),
        record(ledger, plain, entryWith("yes")),
      ]);
      const batch = valueOf(
        ledger.batch(SCOPE, { kind: "request", first: 7, records: [{ n: 1 }, "two", null, [3]] }),
      );
      await record(ledger, plain, newEntry({ type: "batch.recorded", ...batch }));
      const secret = newEntry({
        content: [
          { scope: SCOPE, name: "result", value: "stays" },
          { scope: OTHER_SCOPE, name: "explanation", value: "goes" },
        ],
      });
      const kept = await record(ledger, plain, secret);
      delete plain[kept]?.["explanation"];
      valueOf(
        await ledger.eraseScope({
          scope: OTHER_SCOPE,
          principal: 'User::"ada"',
          by: "ada",
          reason: "USER_REQUEST",
        }),
      );
      await ledger.close();
    },
  ),

  await sample(
    "recovered",
    "two crashes: one in the lines, one in the sealed content of the next group",
    3,
    async (world, plain) => {
      const first = await crashed(
        world,
        (_call, bytes) => bytes - 100,
        entryWith("lost with its line"),
        "jsonl",
      );
      expectFault(first);
      const second = await crashed(world, () => 7, entryWith("lost with its content"), "content");
      expectFault(second);
      const { ledger } = await opened(world);
      await record(ledger, plain, entryWith("kept"));
      await ledger.close();
    },
  ),

  await sample(
    "recovered-early",
    "a crash before the first commit: the certificate is written again",
    4,
    async (world, plain) => {
      const died = world.start((call) => (call === 0 ? { kind: "crash", bytes: 900 } : undefined));
      expectFault(await openIn(died.deps));
      const { ledger } = await opened(world);
      await record(ledger, plain, entryWith("kept"));
      await ledger.close();
    },
  ),

  await sample("rotated", "the writer key replaced and the old one revoked", 5, async (world, plain) => {
    const { ledger } = await opened(world);
    await record(ledger, plain, entryWith("before"));
    valueOf(await ledger.rotateKey({ reason: "a laptop was lost" }));
    await record(ledger, plain, entryWith("after"));
    await ledger.close();
    const again = await opened(world);
    await record(again.ledger, plain, entryWith("in another process"));
    await again.ledger.close();
  }),

  await sample("segments", "several segments, some without content", 6, async (world, plain) => {
    const { ledger } = await opened(world, 1_500);
    for (let index = 0; index < 8; index += 1) {
      await record(ledger, plain, index % 3 === 0 ? entryWith({ index }) : newEntry({ input: index }));
    }
    await ledger.close();
  }),

  await sample("retired", "a log closed for good", 7, async (world, plain) => {
    const { ledger } = await opened(world);
    await record(ledger, plain, entryWith("last words"));
    valueOf(await ledger.retire("moved to another machine"));
  }),

  await sample(
    "clock-back",
    "the wall clock goes back a day, twice; the monotonic one does not",
    8,
    async (world, plain) => {
      const { ledger } = await opened(world);
      await record(ledger, plain, entryWith("today"));
      world.clock.moveWall(-86_400_000);
      await record(ledger, plain, entryWith("yesterday"));
      await ledger.close();
      world.clock.moveWall(-86_400_000);
      await (await opened(world)).ledger.close();
    },
  ),

  await sample(
    "odd-values",
    "public fields and content at the edges of canonical JSON",
    9,
    async (world, plain) => {
      const { ledger } = await opened(world);
      await record(ledger, plain, newEntry({ public: ODD_VALUES }));
      await record(ledger, plain, entryWith(ODD_VALUES));
      await ledger.close();
    },
  ),

  await sample(
    "live",
    "a log that its writer is still writing: a whole line and a torn one behind the last commit",
    10,
    async (world, plain) => {
      const { ledger } = await opened(world);
      await record(ledger, plain, entryWith("committed"));
      await ledger.close();
      expectFault(
        await crashed(
          world,
          (_call, bytes) => bytes - 40,
          newEntry({ public: { state: "under way" } }),
          "jsonl",
        ),
      );
    },
    { live: true },
  ),

  await sample(
    "seen",
    "the younger of two logs that were open at once; it records checkpoints of the older",
    11,
    async (world, plain) => {
      const older = await opened(world);
      const younger = await opened(world);
      await record(younger.ledger, plain, entryWith("beside another"));
      await older.ledger.close();
      await younger.ledger.close();
    },
  ),
];

/** Keys in an order of their own, numbers that print oddly, text that JSON escapes or sorts by code units. */
const ODD_VALUES = {
  "10": 1,
  "9": 2,
  "": "empty name",
  "\u20ac": "Euro",
  "\ud83d\ude00": "emoji sorts before the next",
  "\ufb33": "dalet with dagesh",
  "\u0080": "control",
  numbers: [
    0, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 9_007_199_254_740_991, 333_333_333.333_333_3,
  ],
  text: 'quote " backslash \\ slash / tab \t line \n null \u0000 delete \u007f',
  type: "log.committed",
  hash: "0".repeat(64),
  nested: { b: { a: [[], {}, null, true, false] }, a: "" },
};

const opened = async (world: World, segmentBytesMax?: number): Promise<{ ledger: WritableLedger }> => {
  const { ledger } = await world.open(segmentBytesMax === undefined ? {} : { segmentBytesMax });
  valueOf(await ledger.openScope(SCOPE));
  return { ledger };
};

const record = async (
  ledger: WritableLedger,
  plain: Plain,
  entry: Parameters<WritableLedger["append"]>[0],
): Promise<EntryId> => {
  const { id } = valueOf(await ledger.append(entry));
  if (entry.content.length > 0)
    plain[id] = Object.fromEntries(entry.content.map(({ name, value }) => [name, value]));
  return id;
};

/**
 * Opens the ledger in a process that ends while it writes an entry, with `kept` of the bytes of that
 * group's file on the disk.
 */
const crashed = async (
  world: World,
  kept: (call: number, bytes: number) => number,
  entry: Parameters<WritableLedger["append"]>[0],
  part: "jsonl" | "content",
): Promise<{ readonly ok: boolean }> => {
  let armed = false;
  const { process, deps } = world.start();
  const store: typeof deps.store = {
    ...deps.store,
    async acquire(log, options) {
      const hold = await deps.store.acquire(log, options);
      if (!hold.ok) return hold;
      const append: typeof hold.value.append = async (file, bytes) => {
        if (!armed || !file.endsWith(part)) return hold.value.append(file, bytes);
        const written = await hold.value.append(file, bytes.subarray(0, kept(0, bytes.length)));
        process.kill();
        return written.ok ? hold.value.append(file, bytes) : written;
      };
      return { ok: true, value: { ...hold.value, append } };
    },
  };
  const { ledger } = valueOf(await openIn({ ...deps, store }));
  valueOf(await ledger.openScope(SCOPE));
  armed = true;
  return ledger.append(entry);
};

const expectFault = (result: { readonly ok: boolean }): void => {
  if (result.ok) throw new Error("the crash did not happen");
};

const sample = async (
  name: string,
  about: string,
  seed: number,
  write: (world: World, plain: Plain) => Promise<void>,
  { live = false } = {},
): Promise<SampleLog> => {
  const world = createWorld(seed);
  const plain: Plain = {};
  await write(world, plain);
  const log = [...world.disk.image.keys()].sort().at(-1) as LogId;
  return {
    name,
    about,
    log,
    files: copyImage(world.disk.image).get(log) ?? new Map(),
    anchor: world.disk.anchors.get(log) ?? null,
    publicKey: await publicKeyOf(world),
    live,
    world,
    plain,
  };
};
