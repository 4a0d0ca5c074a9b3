import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import type { JsonObject } from "#kernel/json.ts";
import { programExecutorContract, toolExecutorContract } from "#test/contracts/tool-executor.ts";
import type { ToolExecutorHarness } from "#test/contracts/tool-executor.ts";
import { fakeProgram } from "#test/kit/sandbox-fake.ts";
import { createExecutors } from "#tools/index.ts";

import { createBench, valueOf } from "./kit.ts";

const program = fakeProgram({ k: "write", path: "b", text: "1" }, { k: "write", path: "a", text: "2" });
const code = program.kind === "javascript" ? program.code : "";

const harness = (
  tool: string,
  good: JsonObject,
  bad: readonly JsonObject[],
  vain: readonly JsonObject[] = [],
): ToolExecutorHarness => ({
  good,
  vain,
  bad: [{ unknown: 1 }, { ...good, unknown: 1 }, ...bad],
  async create(spend) {
    const bench = await createBench({ files: { "kept.txt": "kept\n", "folder/inside": "" }, tier: "wasm" });
    valueOf(await bench.call("write_file", { path: "new.txt", content: "new\n" }));
    const { files, workspace, session } = bench;
    const executors = createExecutors({ files, workspace, crypto: createNodeCrypto(), spend });
    const executor = executors.find(({ descriptor }) => descriptor.name === tool);
    if (executor === undefined) throw new Error(`there is no ${tool}`);
    return {
      executor,
      world: async () => {
        const changes = await session.changes(new AbortController().signal);
        const outside = [...workspace.contents].map(
          ([path, bytes]) => `${path}: ${Buffer.from(bytes).toString()}`,
        );
        return JSON.stringify([
          changes.ok && changes.value.map(({ path, digest }) => [path, digest]),
          outside,
        ]);
      },
    };
  },
});

const keeps = (...of: Parameters<typeof harness>): void => toolExecutorContract(of[0], harness(...of));

keeps("read_file", { path: "kept.txt" }, [{}, { path: 1 }, { path: "" }, { path: "../x" }, { path: "/x" }]);
keeps("list_files", { path: "." }, [{ path: 1 }, { path: ".." }, { path: "/" }]);
keeps(
  "write_file",
  { path: "new.txt", content: "x" },
  [{ path: "a" }, { content: "a" }, { path: "a\0", content: "" }],
  [{ path: "folder", content: "" }],
);
keeps("run_javascript", { code }, [{}, { code: ["1"] }, { code: "x".repeat(4 * 1024 * 1024 + 1) }]);
keeps(
  "publish_file",
  { path: "new.txt" },
  [{}, { path: ".." }, { path: 1 }],
  [{ path: "kept.txt" }, { path: "none" }, { path: "folder" }],
);
programExecutorContract("run_javascript", harness("run_javascript", { code }, []));
