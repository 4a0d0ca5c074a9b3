import { describe, expect, test } from "vitest";

import { columnsOf } from "#cli/width.ts";
import type { CheckDeps } from "#cli/check-files.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { expectGolden } from "#test/kit/golden.ts";
import { verifies } from "#test/kit/verifies.ts";
import { Folder, runCheck } from "./check-rig.ts";

const SOUND = "agent a(x: String) {\n  policy p { allow: read_file }\n}\n";

const BROKEN = `metadata { version "1.0" }
agent reviewer(files: Array<String>) {
\tcapabilities = ["read_fil"]
  policy guard {
    deny: shel if context.iteration > 3
    require: { rate_limit: "100/h" }
  }
  with sandbox = "tier4", timeout = 300000 {
    let key = "sk_live_abcdefgh12345678"
    return key;
  }
}
agent reviewer { }
`;

describe("for people", () => {
  test("a sound file is one word", async () => {
    using folder = new Folder();
    expect(await runCheck(folder, [folder.write("a.symbi", SOUND)])).toEqual({
      code: 0,
      out: "ok a.symbi",
      err: "",
      closed: true,
    });
  });

  test.each([50, 80, 120])("problems in their lines at %i columns", async (columns) => {
    verifies("language.beyond.diagnostics");
    using folder = new Folder();
    const said = await runCheck(folder, [folder.write("broken.symbi", BROKEN)], { columns });
    expect([said.code, said.err]).toEqual([1, ""]);
    expectGolden(new URL(`./goldens/broken-${columns}.txt`, import.meta.url), `${said.out}\n`);
    for (const line of said.out.split("\n"))
      expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(columns, 100));
  });

  test("a secret is told about and not repeated", async () => {
    using folder = new Folder();
    const name = folder.write(
      "secret.symbi",
      'agent a { with sandbox = docker { print("ghp_abcdefghijklmnopqrstuv") } }',
    );
    const said = await runCheck(folder, [name]);
    expect(said.out).toContain("WRIT039");
    expect(said.out).not.toContain("ghp_");
    const document = await runCheck(folder, [name, "--json"]);
    expect(document.out).not.toContain("ghp_");
  });

  test("what a text does to terminals is shown, not done", async () => {
    using folder = new Folder();
    const name = folder.write("escape.symbi", 'policy p { deny: "\u001b[2J\u202e\u0007" }\n');
    const { out } = await runCheck(folder, [name]);
    expect(out).toContain("\\e[2J");
    expect(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(out)).toBe(false);
  });

  test("a mark in a line that is far too long is still in view", async () => {
    using folder = new Folder();
    const name = folder.write(
      "long.symbi",
      `policy p { ${"allow: read_file ".repeat(500)} deny: shel } // ${"x ".repeat(500)}`,
    );
    const { out } = await runCheck(folder, [name], { columns: 60 });
    const lines = out.split("\n");
    const mark = lines.findIndex((line) => line.includes("^^^^"));
    const column = lines[mark]?.indexOf("^") ?? -1;
    expect(lines[mark - 1]?.slice(column, column + 4)).toBe("shel");
    for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(60);
  });

  test.each([20, 30, 40, 80, 120])("marks all of what is meant at %i columns", async (columns) => {
    using folder = new Folder();
    const folders = "a-folder-with-a-long-name-that-no-narrow-terminal-has-room-for";
    const name = folder.write(
      `${folders}.symbi`,
      `policy p { ${"allow: read_file ".repeat(9)} deny: conjure_it } // ${"x ".repeat(9)}`,
    );
    const lines = (await runCheck(folder, [name], { columns })).out.split("\n");
    const mark = lines.findIndex((line) => line.includes("^^^"));
    const [from, to] = [lines[mark]?.indexOf("^") ?? -1, lines[mark]?.lastIndexOf("^") ?? -1];
    expect(lines[mark - 1]?.slice(from, to + 1)).toBe("conjure_it");
    // A place is a link for terminals, so it stays whole.
    expect(lines).toContain(` --> ${name}:1:172`);
    for (const line of lines.filter((each) => !each.includes(folders)))
      expect(columnsOf(line)).toBeLessThanOrEqual(columns);
  });

  test("wide and combining characters keep the mark in place", async () => {
    using folder = new Folder();
    const name = folder.write("wide.symbi", 'metadata { a = "漢字e\u0301" } policy p { deny: shel }');
    const lines = (await runCheck(folder, [name])).out.split("\n");
    const mark = lines.findIndex((line) => line.includes("^^^^"));
    const before = lines[mark]?.slice(0, lines[mark]?.indexOf("^")) ?? "";
    const line = lines[mark - 1] ?? "";
    expect(columnsOf(before)).toBe(columnsOf(line.slice(0, line.indexOf("shel"))));
  });

  test("hints are a line each, and not all of very many", async () => {
    using folder = new Folder();
    const name = folder.write(
      "hints.symbi",
      `agent a { with sandbox = docker {\n${"print(1)\n".repeat(30)}} }`,
    );
    const said = await runCheck(folder, [name]);
    expect(said.code).toBe(0);
    const lines = said.out.split("\n");
    expect(lines.filter((line) => line.startsWith("hint WRIT001"))).toHaveLength(10);
    expect(lines.at(-2)).toBe("… 19 more hints in hints.symbi");
    expect(lines.at(-1)).toBe("hints.symbi runs: 29 hints");
  });

  test("a rule about a path that no call has is marked, with what to write", async () => {
    using folder = new Folder();
    const name = folder.write("path.symbi", 'policy p { deny: write_file(path: "./secret.txt") }\n');
    const said = await runCheck(folder, [name], { columns: 100 });
    expect(said.code).toBe(1);
    expectGolden(new URL("./goldens/path.txt", import.meta.url), `${said.out}\n`);
  });

  test("several files are counted together", async () => {
    using folder = new Folder();
    const names = [folder.write("a.symbi", SOUND), folder.write("b.symbi", "policy p { deny: shel }")];
    const said = await runCheck(folder, names);
    expect(said.code).toBe(1);
    expect(said.out.split("\n").at(-1)).toBe("2 files, 1 of which does not run: 1 error (1 of enforcement)");
  });
});

describe("what is no agent file is one clear message and the right code", () => {
  test.each([
    ["a missing file", "missing.symbi", /^writ: `.*missing\.symbi` does not exist$/],
    ["a folder", ".", /^writ: `.*` is not a file$/],
    ["a path below a file", "a.symbi/b", /^writ: `.*` does not exist$/],
    ["a device", "/dev/null", /^writ: `\/dev\/null` is not a file$/],
  ])("%s is usage", async (_, path, message) => {
    using folder = new Folder();
    folder.write("a.symbi", SOUND);
    const said = await runCheck(folder, [path]);
    expect(said).toMatchObject({ code: 2, out: "", closed: true });
    expect(said.err).toMatch(message);
  });

  test.each([
    ["a program", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 0xff), /WRIT080.*not text/],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0x00), /WRIT080/],
    ["ten megabytes of braces", new Uint8Array(10 * 1024 * 1024).fill(0x7b), /WRIT080.*10485760 bytes/],
    ["2,000 brackets", new Uint8Array(2_000).fill(0x28), /WRIT065/],
  ])("%s is a problem of the file", async (_, content, message) => {
    using folder = new Folder();
    const said = await runCheck(folder, [folder.write("bad.symbi", content)]);
    expect([said.code, said.err]).toEqual([1, ""]);
    expect(said.out).toMatch(message);
    expect(said.out.split("\n").length).toBeLessThan(10);
  });

  test("no file at all", async () => {
    using folder = new Folder();
    expect(await runCheck(folder, [])).toMatchObject({ code: 2, out: "", closed: true });
  });

  test("one that is not read in time", async () => {
    using folder = new Folder();
    const said = await runCheck(folder, [folder.write("hangs.symbi", SOUND)]);
    expect(said).toMatchObject({ code: 1, out: "", err: "writ: the file was not read within 10 ms" });
  });

  test("an unreadable path beside a sound file: both are told, and the code is that of the path", async () => {
    using folder = new Folder();
    const said = await runCheck(folder, [folder.write("a.symbi", SOUND), "missing.symbi"]);
    expect(said).toMatchObject({ code: 2, out: "ok a.symbi" });
  });
});

describe("--json", () => {
  test("is one document with everything that text says", async () => {
    using folder = new Folder();
    folder.write("hangs.symbi", SOUND);
    const names = [folder.write("broken.symbi", BROKEN), "missing.symbi", "hangs.symbi"];
    const said = await runCheck(folder, [...names, "--json"]);
    expect([said.code, said.err]).toEqual([2, ""]);
    const shown = said.out.replaceAll(folder.path, "/folder");
    expectGolden(new URL("./goldens/document.json", import.meta.url), `${shown}\n`);
  });

  test("has exact places and fixes", async () => {
    using folder = new Folder();
    const text = "policy p { deny: shel }";
    const said = await runCheck(folder, [folder.write("p.symbi", text), "--json"]);
    const { files } = JSON.parse(said.out) as {
      files: { problems: { range: { span: [number, number] } }[] }[];
    };
    expect(text.slice(...(files[0]?.problems[0]?.range.span ?? [0, 0]))).toBe("shel");
  });
});

describe("a file that declares no agent", () => {
  const RULES = "policy p { allow: read_file }\n";

  test("is not said to run", async () => {
    using folder = new Folder();
    const said = await runCheck(folder, [folder.write("rules.symbi", RULES)]);
    expect([said.code, said.out]).toEqual([0, "ok rules.symbi (it declares no agent)"]);
  });

  test("is counted among others", async () => {
    using folder = new Folder();
    const files = [folder.write("rules.symbi", RULES), folder.write("a.symbi", SOUND)];
    const said = await runCheck(folder, files);
    expect([said.code, said.out]).toEqual([0, "ok 2 files (1 declares no agent)"]);
  });
});

describe("--powers", () => {
  test.each([40, 80, 120])("are wrapped between words at %i columns", async (columns) => {
    using folder = new Folder();
    const line =
      "tool     run_javascript: runs programs in the sandbox, reads and changes the run's copy of files";
    const powers = async (): Promise<Awaited<ReturnType<CheckDeps["powersOf"]>>> =>
      ok({ digest: "ab".repeat(32) as Sha256, powers: {}, lines: [line, line] });
    const said = await runCheck(folder, [folder.write("a.symbi", SOUND), "--powers"], { powers, columns });
    const shown = said.out.split("\n").filter((text) => !text.includes("digest"));
    for (const text of shown) expect(columnsOf(text)).toBeLessThanOrEqual(columns);
    // Nothing was cut, and what did not fit hangs below its fact.
    expect(shown.join(" ").replaceAll(/ +/g, " ")).toContain(line.replaceAll(/ +/g, " "));
    expect(said.out).toContain("ab".repeat(32));
  });

  const TWO = "agent a { } agent b { }";

  test("shows every agent's, with the digest that consent takes", async () => {
    using folder = new Folder();
    const said = await runCheck(folder, [folder.write("two.symbi", TWO), "--powers"]);
    expect(said.code).toBe(0);
    expectGolden(new URL("./goldens/powers.txt", import.meta.url), `${said.out}\n`);
  });

  test("of one agent, with the choices that are part of them", async () => {
    using folder = new Folder();
    const line = ["--powers", "--agent", "b", "--model", "scripted:x", "--sandbox", "wasm", "--json"];
    const said = await runCheck(folder, [folder.write("two.symbi", TWO), ...line]);
    expect(JSON.parse(said.out)).toMatchObject({
      files: [
        {
          powers: [
            {
              agent: "b",
              digest: "ab".repeat(32),
              powers: { path: "two.symbi", model: "scripted:x", sandbox: "wasm" },
            },
          ],
        },
      ],
    });
  });

  test("a file that does not run has none", async () => {
    using folder = new Folder();
    const said = await runCheck(folder, [folder.write("bad.symbi", "policy p { deny: shel }"), "--powers"]);
    expect(said.code).toBe(1);
    expect(said.out).toContain("bad.symbi does not run, so it has no powers.");
    expect(said.out).not.toContain("digest");
  });

  test("an unknown agent is usage, and the known ones are named", async () => {
    using folder = new Folder();
    const said = await runCheck(folder, [folder.write("two.symbi", TWO), "--powers", "--agent", "c"]);
    expect(said).toMatchObject({ code: 2, err: "writ: `two.symbi` has no agent of that name; it has a, b" });
  });

  test("powers that cannot be told are said to be so", async () => {
    using folder = new Folder();
    const powers = async () =>
      failed(fault("HOST_NO_TIER", "no sandbox is present", { help: "install one" }));
    const said = await runCheck(folder, [folder.write("a.symbi", SOUND), "--powers"], { powers });
    expect(said.code).toBe(3);
    expect(said.err).toBe("writ: no sandbox is present\n  install one");
  });
});

test("the agent's identity is the path in its workspace, not the one on the command line", async () => {
  using folder = new Folder();
  folder.write("writ.toml", "");
  const name = folder.write("a.symbi", SOUND);
  const said = await runCheck(folder, [`./${name}`, "--powers", "--json"]);
  expect(JSON.parse(said.out)).toMatchObject({ files: [{ path: "./a.symbi", source: { path: "a.symbi" } }] });
});
