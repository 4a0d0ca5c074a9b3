import { sandboxContract } from "#test/contracts/sandbox.ts";
import { createFakeSandbox, fakeProgram } from "#test/kit/sandbox-fake.ts";

sandboxContract({
  name: "the fake sandbox",
  provider: createFakeSandbox(),
  programs: {
    prints: (stream, text) => fakeProgram({ k: "print", stream, text: `${text}\n` }),
    lists: (folder) => fakeProgram({ k: "print-list", path: folder }),
    printsFile: (path) => fakeProgram({ k: "print-file", path }),
    writes: (path, text) => fakeProgram({ k: "write", path, text }),
    writesAndFails: (path, text) => fakeProgram({ k: "write", path, text }, { k: "fail", message: "no" }),
    writesAndHangs: (path, text) =>
      fakeProgram(
        { k: "write", path, text },
        { k: "print", stream: "stdout", text: "begun\n" },
        { k: "hang" },
      ),
    writesAndHogs: (path, text) =>
      fakeProgram({ k: "write", path, text }, { k: "allocate", bytes: Number.MAX_SAFE_INTEGER }),
    gives: (value) => fakeProgram({ k: "return", value }),
  },
  leftBehind: async () => [],
});
