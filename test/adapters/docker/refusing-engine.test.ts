import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { LEASE_LABEL, OWNER_LABEL } from "#adapters/docker/container-options.ts";
import { connectEngine } from "#adapters/docker/engine.ts";
import type { Listed } from "#adapters/docker/engine.ts";
import type { EngineRefusal } from "#adapters/docker/engine-call.ts";
import { noEngine } from "#adapters/docker/image.ts";
import { sweep } from "#adapters/docker/sweep.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";

/* Scripted engines, each a few lines: what real ones say only when a disk is full or broken. */

const folder = mkdtempSync(join(tmpdir(), "writ-refusing-engine-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("an engine that begins to make an image", () => {
  const made = async (name: string, lines: string, status = 200): Promise<Result<void, EngineRefusal>> => {
    const socket = join(folder, name);
    const server = createServer((request, response) => {
      request.resume().once("end", () => response.writeHead(status).end(lines));
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      return await connectEngine(socket).importImage(Uint8Array.of(1), "name:tag", []);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  };

  test("and cannot, is heard, its words made visible", async () => {
    const lines = '{"status":"begun"}\n{"errorDetail":{},"error":"no space left\\u001b[2J on device"}\n';
    const end = await made("full", lines);
    expect(end).toMatchObject({
      ok: false,
      fault: { why: expect.stringMatching(/made no image: no space/) },
    });
    expect(end.ok ? "" : end.fault.why).not.toContain("\u001b");
  });

  test("and refuses at once, is heard too, and is told apart from one that is not there", async () => {
    const words = '{"message":"write /data/link: no space left on device"}';
    const end = await made("refusing", words, 500);
    const why = "it refused (500): write /data/link: no space left on device";
    expect(end).toEqual({ ok: false, fault: { status: 500, why } });
    for (const status of [500, 200]) {
      expect(noEngine({ status, why })).toMatchObject({
        fault: { help: expect.stringContaining("see whether its disk has room") },
      });
    }
    expect(noEngine({ status: null, why })).toMatchObject({
      fault: { help: expect.stringContaining("install and start Docker Engine") },
    });
  });

  test.each([
    ["said", '{"status":"begun"}\n{"status":"sha256:ab"}\n'],
    ["nothing", ""],
    ["text", "done"],
  ])("and says no error, has made it: %s", async (name, lines) => {
    expect(await made(name, lines)).toEqual({ ok: true, value: undefined });
  });
});

describe("a sweep", () => {
  const old = (id: string): Listed => ({ id, labels: { [OWNER_LABEL]: "me", [LEASE_LABEL]: "1" } });
  const sweeping = async (refusals: ReadonlyMap<string, EngineRefusal>) => {
    const asked: string[] = [];
    const engine = {
      list: () => Promise.resolve(ok([old("a"), old("b"), old("c")])),
      remove: (id: string) => {
        asked.push(id);
        const refusal = refusals.get(id);
        return Promise.resolve(refusal === undefined ? ok(undefined) : failed(refusal));
      },
    };
    return { swept: await sweep(engine, "me", 2), asked };
  };

  test("goes on where the engine refuses to remove one container", async () => {
    const busy = new Map([["a", { status: 500, why: "it refused (500): device is busy" }]]);
    expect(await sweeping(busy)).toEqual({ swept: ok(2), asked: ["a", "b", "c"] });
  });
  test("ends where the engine no longer answers", async () => {
    const gone = { status: null, why: "it cannot be reached (ENOENT)" };
    expect(await sweeping(new Map([["b", gone]]))).toEqual({ swept: failed(gone), asked: ["a", "b"] });
  });
});
