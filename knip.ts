import type { KnipConfig } from "knip";
import { entries } from "./build.ts";

/** Formats that are read by other processes than those which are shipped yet; pages and vectors hold them. */
const formats = ["host-proof.ts", "host-rpc.ts", "run-event-schema.ts"];

/** Started by hand, or by a test that names the file in a string. */
const started = ["test/**/write-*.ts", "test/soak/installs-with.ts", "test/fixtures/**/*.ts"];

const config: KnipConfig = {
  // With an exclamation mark: what `--production` starts from.
  entry: [
    ...Object.values(entries).map((path) => `${path}!`),
    ...formats.map((file) => `runtime/protocol/${file}!`),
    ...started,
  ],
  project: ["*.ts", "runtime/**/*.ts!", "language-server/**/*.ts!", "test/**/*.ts", "examples/*.ts"],
  ignore: ["language-server/generated/**"],
  // Of the system: for tests that a pipe is not read, of containers, and of a disk that is full.
  ignoreBinaries: ["apt-get", "dockerd", "mkfifo", "mount", "umount"],
  ignoreExportsUsedInFile: true,
};

export default config;
