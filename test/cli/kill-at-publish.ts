/*
 * Preloaded into a `writ` that a test kills: this very process dies, as by `kill -9`, at the moment
 * when a file is put into the workspace, before that or just after it.
 */
import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const at = process.env["WRIT_TEST_KILL_AT"];

const { link, rename } = files;

const dying =
  (put: typeof link): typeof link =>
  async (from, to) => {
    if (!String(to).includes("/notes/")) return put(from, to);
    if (at === "after-publish") await put(from, to);
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => undefined);
  };

files.link = dying(link);
files.rename = dying(rename);
syncBuiltinESMExports();
