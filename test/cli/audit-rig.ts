import { createLogFolder } from "#adapters/ledger-files/ledger-files.ts";
import { createAuditCommands } from "#cli/audit.ts";
import type { AuditDeps } from "#cli/audit-deps.ts";
import type { ExitCode } from "#cli/command.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { createLedgerReader } from "#ledger/ledger-reader.ts";
import { withMissing } from "#ledger/missing-parts.ts";
import { createVerificationSource } from "#ledger/verification-source.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";
import type { World } from "#test/ledger/world.ts";
import { nodeCrypto, publicKeyOf } from "#test/ledger/world.ts";

export interface Said {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs an audit command on a world's ledger; `/elsewhere` is a folder that cannot be read. */
export const runAudit = async (
  world: World,
  line: readonly string[],
  options: { readonly columns?: number; readonly signal?: AbortSignal; readonly ownKey?: string | null } = {},
): Promise<Said> => {
  const [name, ...words] = line;
  const command = createAuditCommands(depsOf(world, options.ownKey)).find(
    (one) => one.name === `audit ${name}`,
  );
  if (command === undefined) throw new Error(`no command audit ${name}`);
  const positionals: string[] = [];
  const switches = new Set<string>();
  const values = new Map<string, string[]>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    const option = command.options.find((one) => `--${one.name}` === word);
    if (option === undefined) positionals.push(word);
    else if (option.value === undefined) switches.add(option.name);
    else values.set(option.name, [words[(index += 1)] ?? ""]);
  }
  const terminal = createTerminalFake([], { interactive: false, columns: options.columns ?? 100 });
  const code = await command.run({
    positionals,
    switches,
    values,
    terminal,
    environment: { cwd: "/work", variables: {}, stateDirectory: "/state", user: "ada" },
    signal: options.signal ?? new AbortController().signal,
    howInterrupted: () => null,
  });
  const text = (lines: readonly string[]): string => lines.map((one) => `${one}\n`).join("");
  return { code, out: text(terminal.outLines), err: text(terminal.errLines) };
};

const depsOf = (world: World, givenKey: string | null | undefined): AuditDeps => ({
  async openLedger(directory) {
    if (directory === "/elsewhere") {
      return failed(
        fault("LEDGER_UNREADABLE", "`/elsewhere` cannot be read (ENOENT)", { help: "name a folder" }),
      );
    }
    const { store, anchors } = world.disk.process();
    const ownKey = givenKey === undefined ? await publicKeyOf(world) : givenKey;
    const reader = createLedgerReader(
      { store, crypto: nodeCrypto, keys: world.keys },
      ownKey === null ? [] : [ownKey],
    );
    const source = createVerificationSource(store, anchors, directory === null);
    return ok({
      directory: directory ?? "/state/ledgers/here",
      ownKey,
      unclaimed: [],
      reader,
      async verify(pinnedKey, signal) {
        const verified = await verifyLedger(source, nodeCrypto, pinnedKey, signal);
        return verified.ok ? ok(withMissing(verified.value, [])) : verified;
      },
    });
  },
  async openLog(folder) {
    const source = createLogFolder(folder);
    return ok({
      directory: folder,
      ownKey: null,
      unclaimed: [],
      verify: async (pinnedKey, signal) => {
        const options = { log: null, pinnedKey, anchor: null, live: source.isHeld() };
        const verified = await verifyLog(source, nodeCrypto, options, signal);
        if (!verified.ok) return verified;
        const { report } = verified.value;
        const { level, faultsTotal } = report;
        return ok({ logs: [report], level, faultsTotal, missing: [] });
      },
    });
  },
});
