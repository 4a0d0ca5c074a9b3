import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { ExecResult, SandboxLimits, SandboxProgram, SandboxSession } from "#ports/sandbox.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";
import { verifies } from "#test/kit/verifies.ts";

import { containersOf, engineSocket, needsEngine, newOwner, providersOf } from "./kit.ts";

/*
 * Programs that try to get out of a container, or more than their limits, on both tiers. All of a tier run
 * in one session, one after the other: each also shows that the one before it left nothing behind.
 */

const LIMITS: SandboxLimits = {
  memoryBytesMax: 32 * 1024 * 1024,
  fileBytesMax: 1024 * 1024,
  filesMax: 64,
  outputBytesMax: 16 * 1024,
};
const TIMEOUT_MS = 60_000;
const SHORT_MS = 500;

describe.each(["docker", "gvisor"] as const)("attacks on %s", (tier) => {
  needsEngine();
  verifies("card.sandbox.docker-or-gvisor", "sandbox.docker", "sandbox.gvisor");
  const owner = newOwner();
  let session: SandboxSession;

  beforeAll(async () => {
    if (engineSocket === null) return;
    const opened = await providersOf(owner)[tier].open(
      { files: [{ path: "a.txt", bytes: utf8("first"), executable: false }], limits: LIMITS },
      new AbortController().signal,
    );
    if (!opened.ok) throw new Error(opened.fault.message);
    session = opened.value;
  });
  afterAll(async () => {
    if (engineSocket !== null) await session.close();
  });

  const run = async (program: SandboxProgram, timeoutMs = TIMEOUT_MS): Promise<ExecResult> => {
    const result = await session.exec(program, {
      ...everyFile,
      timeoutMs,
      signal: new AbortController().signal,
    });
    if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
    return result.value;
  };
  const shell = (command: string, timeoutMs?: number): Promise<ExecResult> =>
    run({ kind: "shell", command }, timeoutMs);

  /** What the program printed, which must be just this. */
  const prints = (name: string, command: string, expected: string): void => {
    test(`${name}: refused`, async () => {
      expect((await shell(command)).stdout).toBe(expected);
    });
  };
  const isEnded = (name: string, command: string, ended: ExecResult["ended"], timeoutMs?: number): void => {
    test(`${name}: ${ended}`, async () => {
      expect(await shell(command, timeoutMs)).toMatchObject({ ended, exitCode: null, value: null });
      expect(await session.listFiles(".", new AbortController().signal)).toMatchObject({
        ok: true,
        value: [{ path: "a.txt" }],
      });
    });
  };
  /** Nothing of it is kept, and the program is told so. */
  const keepsNothing = (name: string, command: string, said: string): void => {
    test(`${name}: nothing is kept`, async () => {
      const result = await shell(command);
      expect(result.stderr).toContain(said);
      expect(result).toMatchObject({ ended: "exited", value: null });
      expect(result.exitCode).not.toBe(0);
      expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    });
  };

  describe("the network", () => {
    prints(
      "no address answers, no name is known, no metadata service is there",
      `for address in 169.254.169.254 10.0.0.1 172.17.0.1 192.168.0.1 1.1.1.1 8.8.8.8; do nc -w 1 $address 80 </dev/null >/dev/null 2>&1 && echo $address; done
       nslookup example.com >/dev/null 2>&1 && echo name
       wget -q -T 1 -O - http://169.254.169.254/latest/meta-data/ 2>/dev/null && echo metadata
       ls /sys/class/net`,
      "lo\n",
    );
    test("sockets of Node are as closed", async () => {
      const code = `const net = require("node:net");
        await Promise.all(["169.254.169.254", "1.1.1.1", "172.17.0.1"].map((host) => new Promise((resolve) => {
          const socket = net.connect({ host, port: 80, timeout: 2000 }, () => resolve("open"));
          socket.on("error", ({ code }) => resolve(code)); socket.on("timeout", () => resolve("timeout"));
        })))`;
      const { value } = await run({ kind: "javascript", code });
      const codes = JSON.parse(value ?? "null") as readonly string[];
      expect(codes).toHaveLength(3);
      for (const code of codes)
        expect(["ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "EACCES"]).toContain(code);
    });
  });

  describe("files of the host", () => {
    prints(
      "are not there by path, by `..`, by the root of another process or by a link",
      `for path in /etc/shadow /etc/passwd /root /home /var/run/docker.sock /run/docker.sock ../../etc/shadow /proc/1/root/etc/shadow /proc/1/cwd/../etc/passwd; do [ -e "$path" ] && echo "$path"; done
       ln -s /etc/shadow /tmp/l; cat /tmp/l 2>/dev/null; echo none`,
      "none\n",
    );
    prints(
      "nothing of the image can be written",
      `for place in / /bin /bin/sh /etc /lib /lib64 /opt/writ/run-javascript.cjs /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/1/oom_score_adj /sys/fs; do
         (echo x >"$place" || echo x >"$place/x") 2>/dev/null && echo "$place"; done; echo none`,
      "none\n",
    );
    prints(
      "no device leads out, and none that is made can be opened",
      `ls /dev | grep -E '^(sd|vd|nvme|kvm|mem|kmem|port|loop|dm)' ; mknod /tmp/disk b 8 0 2>/dev/null; cat /tmp/disk 2>/dev/null && echo read; mknod /tmp/memory c 1 1 2>/dev/null; cat /tmp/memory 2>/dev/null && echo read; mount -t tmpfs none /tmp 2>/dev/null && echo mounted; echo none`,
      "none\n",
    );
    prints(
      "there is no capability, no user of the host and no way to become one",
      `grep -E '^Cap(Inh|Prm|Eff|Bnd)' /proc/self/status | grep -v '0000000000000000$'; [ "$(id -u)" -ge 10000 ] && echo user; su -c id 2>/dev/null; chroot / true 2>/dev/null && echo chroot; hostname other 2>/dev/null && echo renamed; echo none`,
      "user\nnone\n",
    );
    prints(
      "processes of the host are not seen",
      `for id in $(ls /proc | grep -E '^[0-9]+$'); do tr '\\0' ' ' </proc/$id/cmdline 2>/dev/null; done | grep -cE '[d]ockerd|[c]ontainerd|[v]itest'`,
      "0\n",
    );
    prints(
      "nothing of the host's environment is there",
      "env | cut -d= -f1 | grep -vE '^(HOME|HOSTNAME|LANG|OLDPWD|PATH|PWD|SHLVL|TMPDIR|_)$'; echo none",
      "none\n",
    );
  });

  describe("files that are none", () => {
    keepsNothing("a link to the host", "ln -s /etc/shadow link", "`work/link` is a symbolic link");
    keepsNothing("a link to a folder above", "ln -s .. up", "`work/up` is a symbolic link");
    keepsNothing("a second name", "ln a.txt b.txt", "second name");
    keepsNothing("a pipe", "mkfifo pipe", "is a pipe");
    keepsNothing("a name that no file of a run may have", "echo x >'a\\b'", "cannot name a file of a run");
    keepsNothing("a name with a line feed", "echo x >\"$(printf 'a\\nb')\"", "cannot name a file of a run");
    keepsNothing("a name that is no text", "echo x >\"$(printf 'a\\377')\"", "not UTF-8");
    test("a file that may not be read is read all the same, by whoever may", async () => {
      const opened = await shell("echo secret >closed; mkdir d; echo x >d/e; chmod 000 closed d; exit 7");
      expect(opened).toMatchObject({ ended: "exited", exitCode: 7 });
      expect(await session.changes(new AbortController().signal)).toMatchObject({
        value: [{ path: "closed" }, { path: "d/e" }],
      });
      await shell("rm -r closed d");
      expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    });
  });

  describe("more than allowed", () => {
    verifies("resources.memory-cpu-time");
    isEnded("an endless loop", "while :; do :; done", "deadline", SHORT_MS);
    isEnded(
      "a program that ignores every signal it can",
      "trap '' TERM INT HUP QUIT ALRM; while :; do sleep 1; done",
      "deadline",
      SHORT_MS,
    );
    isEnded(
      "children that outlive it and go on",
      "(trap '' TERM; while :; do :; done) & while :; do :; done",
      "deadline",
      SHORT_MS,
    );
    isEnded("memory", 'x=x; while :; do x="$x$x"; done', "memory");
    test("memory, asked for by Node: memory", async () => {
      const code = "const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1))";
      expect(await run({ kind: "javascript", code })).toMatchObject({ ended: "memory", exitCode: null });
    });
    isEnded("output without end", "cat /dev/zero", "output");
    test("a fork bomb ends with its container", async () => {
      const result = await shell("bomb() { bomb | bomb & }; bomb; while :; do :; done", 2_000);
      expect(["deadline", "crashed", "memory"]).toContain(result.ended);
      expect(result.exitCode).toBeNull();
    });
    test("what a program leaves running changes nothing after its end", async () => {
      const left = await shell("(while :; do echo x >>late; done) >/dev/null 2>&1 & exit 0");
      expect(left.ended).toBe("exited");
      expect(await containersOf(owner)).toEqual([]);
      await shell("rm -f late");
      expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    });
    keepsNothing(
      "a disk that is filled",
      "i=0; while [ $i -lt 12 ]; do dd if=/dev/zero of=f$i bs=65536 count=12 2>/dev/null; i=$((i+1)); done; exit 0",
      "nothing that the program changed is kept",
    );
    keepsNothing(
      "files without number",
      "i=0; while [ $i -lt 300 ]; do : >f$i || break; i=$((i+1)); done 2>/dev/null; exit 0",
      "nothing that the program changed is kept",
    );
    keepsNothing(
      "one file that claims to be huge",
      "truncate -s 900K a; for i in 1 2 3 4; do cp a $i; done; exit 0",
      "nothing that the program changed is kept",
    );
    test("a file beyond the limit ends who writes it", async () => {
      const result = await shell("dd if=/dev/zero of=large bs=65536 count=64; echo after; rm -f large");
      expect(result.stdout).toBe("after\n");
      expect(result.stderr).toContain("File size limit exceeded");
    });
  });

  test("after all of this the session is as it was", async () => {
    expect((await shell("cat a.txt; ls -A")).stdout).toBe("firsta.txt\n");
    expect(await containersOf(owner)).toEqual([]);
    expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
  });
});
