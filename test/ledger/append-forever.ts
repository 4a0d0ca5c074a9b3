/** Appends to a ledger on disk until it is killed and prints the id of every acknowledged entry: `node append-forever.ts <folder>`. */
import { openDiskLedger } from "./disk-ledger.ts";
import { entryWith, newEntry, SCOPE, valueOf } from "./world.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const folder = process.argv[2];
if (folder === undefined) throw new Error("which folder?");
const { ledger } = await openDiskLedger(folder, 4_000);
valueOf(await ledger.openScope(SCOPE));
say("open");

/** Several at a time, so that a kill meets groups of every size. */
const forever = async (part: number): Promise<never> => {
  for (let index = 0; ; index += 1) {
    const entry = index % 2 === 0 ? entryWith({ part, index }) : newEntry({ input: index });
    say(valueOf(await ledger.append(entry)).id);
  }
};
await Promise.all([0, 1, 2].map(forever));
