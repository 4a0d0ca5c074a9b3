import { posix, win32 } from "node:path";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { runFilePath, runFolderPath, withoutDecoration } from "#sandbox/run-file-path.ts";

const accepted = (text: string): void => {
  test(`accepts ${JSON.stringify(text)}`, () => {
    expect(runFilePath(text)).toEqual({ ok: true, value: text });
  });
};

const refused = (name: string, text: string, why: string): void => {
  test(`refuses ${name}`, () => {
    const result = runFilePath(text);
    expect(result).toMatchObject({ ok: false, fault: { code: "SANDBOX_BAD_PATH" } });
    expect(result.ok ? "" : result.fault.message).toContain(why);
  });
};

describe("names of a run's files", () => {
  accepted("a");
  accepted("src/deep/er/main.ts");
  accepted(".gitignore");
  accepted("..a/b..");
  accepted("with space/and 'quotes'");
  accepted("é/日本語/🙂");
  accepted("__proto__/constructor");
  accepted("A");
  accepted("x".repeat(255));
  refused("nothing", "", "empty");
  refused("an absolute path", "/etc/passwd", "absolute");
  refused("another drive of Windows", "c:a", "drive");
  refused("a step up", "../a", "`..`");
  refused("a step up in the middle", "a/../../b", "`..`");
  refused("a step up at the end", "a/..", "`..`");
  refused("a step nowhere", "./a", "`.`");
  refused("the folder itself", ".", "`.`");
  refused("an empty part", "a//b", "empty");
  refused("a slash at the end", "a/", "empty");
  refused("a backslash", "a\\..\\b", "backslash");
  refused("a NUL", "a\0.ts", "control character");
  refused("a line feed", "a\nb", "control character");
  refused("an escape sequence", "a\u001b[2J", "control character");
  refused("a C1 control", "a\u009bb", "control character");
  refused("the decomposed form", "e\u0301", "normal form C");
  refused("half a surrogate pair", "a\ud800", "surrogate");
  refused("more than 1,024 bytes", "a/".repeat(512) + "b", "1024 bytes");
  refused("more than 1,024 bytes of few characters", "é".repeat(520), "1024 bytes");
  refused("ten million characters", "a".repeat(10_000_000), "1024 bytes");
  refused("a part of more than 255 bytes", "é".repeat(128), "255 bytes");

  test("a message shows hidden characters instead of acting on them", () => {
    const result = runFilePath("a\u001b[2J\u202e/");
    expect(result.ok ? "" : result.fault.message).toContain("a\\e[2J\\u{202e}/");
  });

  test("what is accepted stays below its folder on every system, whatever the text", () => {
    const text = fc.array(fc.constantFrom("a", "/", ".", "..", "\\", "C:", "\0", "é", "e\u0301"), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(text, (parts) => {
        const result = runFilePath(parts.join(""));
        if (!result.ok) return;
        expect(posix.resolve("/work", result.value)).toMatch(/^\/work\/./);
        expect(win32.resolve("D:\\work", result.value)).toMatch(/^D:\\work\\./);
      }),
    );
  });
});

describe("names of folders", () => {
  test("a dot is the working folder", () => {
    expect(runFolderPath(".")).toEqual({ ok: true, value: "." });
  });
  test("everything else is as for files", () => {
    expect(runFolderPath("a/b")).toEqual({ ok: true, value: "a/b" });
    expect(runFolderPath("..").ok).toBe(false);
    expect(runFolderPath("a/").ok).toBe(false);
  });
});

describe("decoration", () => {
  const becomes = (text: string, expected: string): void => {
    test(`${JSON.stringify(text)} means ${JSON.stringify(expected)}`, () => {
      expect(withoutDecoration(text)).toBe(expected);
    });
  };
  becomes("./a", "a");
  becomes("././/a/", "a");
  becomes("a/b///", "a/b");
  becomes("./", ".");
  becomes("", ".");
  becomes(".", ".");
  becomes("/", "/");
  becomes("/etc/", "/etc");
  becomes("../a", "../a");
  becomes(".a", ".a");
});
