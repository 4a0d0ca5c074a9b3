import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";

import { curlLine } from "#apitest/run/curl.ts";
import { encodePart } from "#apitest/wire/encode.ts";
import { secretRemover } from "#kernel/without-secret.ts";
import type { ApiRequest } from "#protocol/api-test.ts";
import { SHOWN } from "./orders-server.ts";

describe("the line for curl", () => {
  const request = (change: Partial<ApiRequest>): ApiRequest => ({
    method: "POST",
    target: "/a",
    headers: [],
    body: null,
    ...change,
  });

  test("a shell reads back exactly the words that were meant", () => {
    const nasty = `'; rm -rf / #$(id)\`id\`"\\ !\n\t&& é😀`;
    const line = curlLine(
      "http://h",
      request({ body: nasty, headers: [["x-a", "it's $HOME"]], target: "/a?b=%27" }),
      SHOWN,
    );
    const words = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
      .split("\0")
      .slice(0, -1);
    expect(words).toEqual([
      "curl",
      "--silent",
      "--show-error",
      "--include",
      "--globoff",
      "--path-as-is",
      "--request",
      "POST",
      "--header",
      "x-a: it's $HOME",
      "--data-raw",
      nasty,
      "http://h/a?b=%27",
    ]);
  });

  test("shows values that were made, whatever their names say, and none that has a credential", () => {
    const hide = secretRemover(["s3cret-key-77", encodePart("s3cret/key=77")]);
    const made = request({
      headers: [
        ["x-api-key", "made"],
        ["cookie", "session=5; token="],
        ["x-empty", ""],
      ],
      target: "/a?access_token=5&flag&b=1",
    });
    const line = curlLine("http://h", made, hide);
    for (const word of ["'x-api-key: made'", "'cookie: session=5; token='", "'x-empty;'"]) {
      expect(line).toContain(` --header ${word}`);
    }
    expect(line).toContain("/a?access_token=5&flag&b=1'");
    const known = request({
      headers: [
        ["x-plain", "Bearer s3cret-key-77"],
        ["cookie", "a=1; b=s3cret-key-77"],
      ],
      target: `/a?c=${encodePart("s3cret/key=77")}&d=1`,
    });
    const hidden = curlLine("http://h", known, hide);
    expect(hidden).not.toContain("s3cret");
    expect(hidden).toContain(`'x-plain: REDACTED' --header 'cookie: a=1; b=REDACTED'`);
    expect(hidden).toContain("/a?c=REDACTED&d=1'");
  });
});
