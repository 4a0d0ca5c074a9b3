/*
 * Preloaded into a `writ` that a test interrupts: from the first Ctrl-C on nothing gets onto the disk
 * any more, so that whoever waits for that waits for ever. It is said once somebody does.
 */
import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

let isStuck = false;
process.once("SIGINT", () => {
  isStuck = true;
});

const { open } = files;

files.open = async (...given) => {
  const file = await open(...given);
  const datasync = file.datasync.bind(file);
  file.datasync = () => (isStuck ? stuck() : datasync());
  return file;
};
syncBuiltinESMExports();

const stuck = (): Promise<void> => {
  process.stderr.write("the disk is stuck\n");
  // A promise alone would not keep the process from ending.
  return new Promise(() => void setInterval(() => undefined, 60_000));
};
