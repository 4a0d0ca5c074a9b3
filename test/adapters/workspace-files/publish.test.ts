import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { realDisk } from "#adapters/workspace-files/publish.ts";
import type { Disk } from "#adapters/workspace-files/publish.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { CallId } from "#kernel/ids.ts";
import { SNAPSHOT_BYTES_MAX } from "#ports/workspace-files.ts";
import type { WorkspaceFiles } from "#ports/workspace-files.ts";
import { anyCallId } from "#test/kit/call-ids.ts";

import { TestFolder } from "./kit.ts";

let folder: TestFolder;
let outside: string;
beforeEach(() => {
  folder = new TestFolder();
  outside = mkdtempSync(join(tmpdir(), "writ-outside-"));
});
afterEach(() => {
  const temporaries = folder.temporaries();
  folder.remove();
  rmSync(outside, { recursive: true, force: true });
  if (temporaries.length > 0) throw new Error(`left behind: ${temporaries.join(", ")}`);
});

const sha256 = (text: string): Sha256 => createHash("sha256").update(text).digest("hex") as Sha256;

const publish = async (
  path: string,
  text: string,
  base: string | null,
  workspace: WorkspaceFiles = folder.workspace(),
): Promise<string> => {
  const result = await workspace.publish(path, utf8(text), base === null ? null : sha256(base), anyCallId());
  return result.ok ? "ok" : result.fault.code;
};

describe("a file in place", () => {
  test("keeps its permissions", async () => {
    folder.write("run.sh", "old", 0o750);
    expect(await publish("run.sh", "new", "old")).toBe("ok");
    expect(statSync(folder.at("run.sh")).mode & 0o7777).toBe(0o750);
  });

  test("runs as nobody else: what an agent wrote gets no such permission from what it replaces", async () => {
    folder.write("run.sh", "old");
    chmodSync(folder.at("run.sh"), 0o6755);
    expect(await publish("run.sh", "new", "old")).toBe("ok");
    expect(statSync(folder.at("run.sh")).mode & 0o7777).toBe(0o755);
  });

  test.runIf(process.getuid?.() === 0)("keeps its owner where the writer may give files away", async () => {
    folder.write("a", "old");
    const { chownSync } = await import("node:fs");
    chownSync(folder.at("a"), 65534, 65534);
    expect(await publish("a", "new", "old")).toBe("ok");
    expect(statSync(folder.at("a")).uid).toBe(65534);
  });

  test("is a new file: another name for the old one keeps the old content", async () => {
    folder.write("a", "old");
    linkSync(folder.at("a"), folder.at("b"));
    expect(await publish("a", "new", "old")).toBe("ok");
    expect([folder.text("a"), folder.text("b")]).toEqual(["new", "old"]);
  });

  test("a new one has the permissions that the user's programs give", async () => {
    expect(await publish("new", "x", null)).toBe("ok");
    expect(statSync(folder.at("new")).mode & 0o7777).toBe(0o666 & ~process.umask());
  });

  test("is never seen half: readers find the old or the new text", async () => {
    const old = "o".repeat(200_000);
    const next = "n".repeat(200_000);
    folder.write("a", old);
    const seen = new Set<string>();
    const stop = new AbortController();
    const reading = (async () => {
      while (!stop.signal.aborted) {
        seen.add(readFileSync(folder.at("a"), "utf8"));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (const [text, base] of [
      [next, old],
      [old, next],
      [next, old],
    ] as const) {
      expect(await publish("a", text, base)).toBe("ok");
    }
    stop.abort();
    await reading;
    expect([...seen].every((text) => text === old || text === next)).toBe(true);
  });

  test("of two publishes at once only one finds what it was prepared against", async () => {
    folder.write("a", "old");
    const workspace = folder.workspace();
    const results = await Promise.all([
      publish("n", "1", null, workspace),
      publish("n", "2", null, workspace),
    ]);
    expect(results.sort()).toEqual(["WORKSPACE_CHANGED", "ok"]);
  });
});

describe("links", () => {
  test("in its place are refused, and what they lead to stays", async () => {
    writeFileSync(join(outside, "target"), "outside");
    symlinkSync(join(outside, "target"), folder.at("link"));
    symlinkSync(join(outside, "absent"), folder.at("dangling"));
    for (const base of [null, "outside"]) {
      expect(await publish("link", "x", base)).toBe("WORKSPACE_BAD_PATH");
      expect(await publish("dangling", "x", base)).toBe("WORKSPACE_BAD_PATH");
    }
    expect(readFileSync(join(outside, "target"), "utf8")).toBe("outside");
    expect(readdirSync(outside)).toEqual(["target"]);
    expect(lstatSync(folder.at("link")).isSymbolicLink()).toBe(true);
  });

  test("above it are refused, near or far", async () => {
    symlinkSync(outside, folder.at("dir"));
    mkdirSync(join(outside, "sub"));
    expect(await publish("dir/a", "x", null)).toBe("WORKSPACE_BAD_PATH");
    expect(await publish("dir/sub/a", "x", null)).toBe("WORKSPACE_BAD_PATH");
    expect(await publish("dir/new/a", "x", null)).toBe("WORKSPACE_BAD_PATH");
    expect(readdirSync(outside)).toEqual(["sub"]);
    expect(await folder.workspace().digest("dir/sub")).toMatchObject({
      ok: false,
      fault: { code: "WORKSPACE_BAD_PATH" },
    });
  });

  test("that come into the way while the content is written are noticed", async () => {
    folder.write("dir/a", "old");
    writeFileSync(join(outside, "a"), "old");
    const disk: Disk = {
      ...realDisk,
      open: async (...given) => {
        const file = await realDisk.open(...given);
        rmSync(folder.at("dir"), { recursive: true });
        symlinkSync(outside, folder.at("dir"));
        return file;
      },
    };
    expect(await publish("dir/a", "new", "old", folder.workspace({ disk }))).toBe("WORKSPACE_BAD_PATH");
    expect(readFileSync(join(outside, "a"), "utf8")).toBe("old");
    expect(readdirSync(outside)).toEqual(["a"]);
  });

  test("in the workspace's own path are the user's business", async () => {
    symlinkSync(folder.path, join(outside, "workspace"));
    const moved = new TestFolder();
    Object.defineProperty(moved, "path", { value: join(outside, "workspace") });
    expect(await publish("a", "x", null, moved.workspace())).toBe("ok");
    expect(folder.text("a")).toBe("x");
  });
});

describe("names", () => {
  const refused = (path: string, platform?: NodeJS.Platform): void => {
    test(`${JSON.stringify(path)} is refused${platform === undefined ? "" : ` on ${platform}`}`, async () => {
      const workspace = folder.workspace(platform === undefined ? {} : { platform });
      expect(await publish(path, "x", null, workspace)).toBe("WORKSPACE_BAD_PATH");
      expect(readdirSync(folder.path)).toEqual([]);
    });
  };
  refused(".git/config");
  refused(".git");
  refused("sub/.GIT/hooks/pre-commit");
  refused(".git./config");
  refused(".git /config");
  refused(".git::$INDEX_ALLOCATION/config");
  refused("GIT~1/config");
  refused(".g\u200cit/config");
  refused("CON", "win32");
  refused("sub/nul.txt", "win32");
  refused("com1", "win32");
  refused("a:stream", "win32");
  refused("what?", "win32");
  refused("dot.", "win32");
  refused("space ", "win32");

  test.each([".github/a", ".gitignore", "git", "gitter~1", "console", "company", "nullable.ts"])(
    "%s is fine",
    async (path) => {
      expect(await publish(path, "x", null, folder.workspace({ platform: "win32" }))).toBe("ok");
    },
  );

  test("that another file system takes for one that is there are refused", async () => {
    folder.write("README.md", "x");
    folder.write("Straße/é", "x");
    const names = ["readme.md", "ReadMe.MD", "STRASSE/b", "straße/b"];
    for (const name of names) expect(await publish(name, "x", null)).toBe("WORKSPACE_BAD_PATH");
    expect(readdirSync(folder.path).sort()).toEqual(["README.md", "Straße"]);
  });

  test("that stand beside each other already are both the user's", async () => {
    folder.write("a", "1");
    folder.write("A", "2");
    expect(await publish("a", "new", "1")).toBe("ok");
    expect([folder.text("a"), folder.text("A")]).toEqual(["new", "2"]);
  });
});

describe("a disk that fails", () => {
  const error = (code: string): Error => Object.assign(new Error(code), { code });

  const failing = (name: keyof Disk, code: string, gives: string, base: string | null): void => {
    test(`${name} says ${code} ${base === null ? "for a new file" : "for an old one"}: ${gives}, and the file is as it was`, async () => {
      if (base !== null) folder.write("dir/a", base);
      const disk: Disk = { ...realDisk, [name]: () => Promise.reject(error(code)) };
      expect(await publish("dir/a", "new", base, folder.workspace({ disk }))).toBe(gives);
      expect(folder.text("dir/a")).toBe(base ?? undefined);
      expect(readdirSync(folder.path)).toEqual(base === null ? [] : ["dir"]);
    });
  };
  for (const base of [null, "old"]) {
    failing("open", "EROFS", "WORKSPACE_READ_ONLY", base);
    failing("open", "EACCES", "WORKSPACE_READ_ONLY", base);
    failing("open", "ENOSPC", "WORKSPACE_DISK_FULL", base);
    failing("open", "EMFILE", "WORKSPACE_UNREADABLE", base);
  }
  failing("rename", "EACCES", "WORKSPACE_READ_ONLY", "old");
  failing("rename", "ENOSPC", "WORKSPACE_DISK_FULL", "old");
  failing("link", "EDQUOT", "WORKSPACE_DISK_FULL", null);

  test("in the middle of the folders that a new file needs leaves none of them", async () => {
    let calls = 0;
    const mkdir = (path: string): Promise<unknown> => {
      calls += 1;
      if (calls < 3) return realDisk.mkdir(path);
      return Promise.reject(error("ENOSPC"));
    };
    const workspace = folder.workspace({ disk: { ...realDisk, mkdir } });
    expect(await publish("a/b/c/new", "new", null, workspace)).toBe("WORKSPACE_DISK_FULL");
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("full in the middle of the file", async () => {
    folder.write("a", "old");
    const disk: Disk = {
      ...realDisk,
      open: async (...given) => {
        const file = await realDisk.open(...given);
        file.writeFile = () => Promise.reject(error("ENOSPC"));
        return file;
      },
    };
    expect(await publish("a", "new", "old", folder.workspace({ disk }))).toBe("WORKSPACE_DISK_FULL");
    expect(folder.text("a")).toBe("old");
  });

  test("without hard links is published to all the same", async () => {
    const disk: Disk = { ...realDisk, link: () => Promise.reject(error("ENOTSUP")) };
    expect(await publish("a", "new", null, folder.workspace({ disk }))).toBe("ok");
    expect(folder.text("a")).toBe("new");
  });

  test("a change while the content is written is noticed", async () => {
    folder.write("a", "old");
    const disk: Disk = {
      ...realDisk,
      open: async (...given) => {
        folder.write("a", "by hand");
        return realDisk.open(...given);
      },
    };
    expect(await publish("a", "new", "old", folder.workspace({ disk }))).toBe("WORKSPACE_CHANGED");
    expect(folder.text("a")).toBe("by hand");
  });

  test("a removal while the content is written is noticed", async () => {
    folder.write("a", "old");
    const disk: Disk = {
      ...realDisk,
      open: async (...given) => {
        unlinkSync(folder.at("a"));
        return realDisk.open(...given);
      },
    };
    expect(await publish("a", "new", "old", folder.workspace({ disk }))).toBe("WORKSPACE_CHANGED");
    expect(folder.read("a")).toBeUndefined();
  });

  test("a file that comes into being in the last instant stays", async () => {
    const disk: Disk = {
      ...realDisk,
      link: async (...given) => {
        folder.write("a", "by hand");
        return realDisk.link(...given);
      },
    };
    expect(await publish("a", "new", null, folder.workspace({ disk }))).toBe("WORKSPACE_CHANGED");
    expect(folder.text("a")).toBe("by hand");
  });
});

describe("a process that dies in the middle of a publish", () => {
  /** What it leaves: everything is written, and nothing was put in place yet, or the old name not taken away. */
  const killedAt = async (
    path: string,
    name: "link" | "rename",
    when: "before" | "after",
  ): Promise<CallId> => {
    const call = anyCallId();
    const base = name === "link" ? null : sha256("old");
    let isThere: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (isThere = resolve));
    const disk: Disk = {
      ...realDisk,
      [name]: async (from: string, to: string) => {
        if (when === "after") await realDisk[name](from, to);
        isThere();
        return new Promise<never>(() => undefined);
      },
    };
    void folder.workspace({ disk }).publish(path, utf8("new"), base, call);
    await there;
    return call;
  };
  const removeLeft = async (path: string, call: CallId): Promise<string> => {
    const removed = await folder.workspace().removeLeft(path, call);
    return removed.ok ? "ok" : removed.fault.code;
  };

  test.each([
    ["a", "link", "before", undefined],
    ["dir/a", "link", "before", undefined],
    ["dir/a", "link", "after", "new"],
    ["a", "rename", "before", "old"],
    ["dir/a", "rename", "before", "old"],
  ] as const)(
    "leaves a file beside %s (%s, %s that), which is removed, and nothing else is",
    async (...given) => {
      const [path, name, when, stands] = given;
      if (name === "rename") folder.write(path, "old");
      folder.write(`${path}.writ.tmp`, "the user's");
      const other = `${path.slice(0, -1)}.writ-${"0".repeat(32)}.tmp`;
      folder.write(other, "another call's");
      const call = await killedAt(path, name, when);
      expect(folder.temporaries()).toHaveLength(2);
      expect(await removeLeft(path, call)).toBe("ok");
      expect(folder.temporaries()).toEqual([other]);
      expect(folder.text(path)).toBe(stands);
      expect(folder.text(`${path}.writ.tmp`)).toBe("the user's");
      unlinkSync(folder.at(other));
      // Whoever comes second finds nothing, and that is fine.
      expect(await removeLeft(path, call)).toBe("ok");
    },
  );

  test.each(["", "/../notes", "../../x", "g".repeat(32), "0".repeat(31)])(
    "has nothing removed for %j, which is no id of a call",
    async (text) => {
      folder.write("dir/.writ-/a.tmp", "the user's");
      folder.write("notes.tmp", "the user's");
      expect(await removeLeft("dir/a", text as CallId)).toBe("WORKSPACE_BAD_PATH");
      expect(folder.text("notes.tmp")).toBe("the user's");
      rmSync(folder.at("dir"), { recursive: true });
    },
  );

  test("has nothing removed where a link leads, or where a link or a folder has its name", async () => {
    const call = await killedAt("dir/a", "link", "before");
    const [left = ""] = folder.temporaries();
    rmSync(folder.at(left));
    const own = join(outside, left.slice("dir/".length));
    writeFileSync(own, "outside");
    symlinkSync(own, folder.at(left));
    expect(await removeLeft("dir/a", call)).toBe("WORKSPACE_BAD_PATH");
    rmSync(folder.at(left));
    mkdirSync(folder.at(left));
    expect(await removeLeft("dir/a", call)).toBe("WORKSPACE_BAD_PATH");
    rmSync(folder.at("dir"), { recursive: true });
    symlinkSync(outside, folder.at("dir"));
    expect(await removeLeft("dir/a", call)).toBe("WORKSPACE_BAD_PATH");
    expect(readFileSync(own, "utf8")).toBe("outside");
    unlinkSync(folder.at("dir"));
  });
});

test("more than a snapshot may have is not published", async () => {
  const result = await folder
    .workspace()
    .publish("a", new Uint8Array(SNAPSHOT_BYTES_MAX + 1), null, anyCallId());
  expect(result).toMatchObject({ ok: false, fault: { code: "WORKSPACE_TOO_LARGE" } });
  expect(readdirSync(folder.path)).toEqual([]);
});
