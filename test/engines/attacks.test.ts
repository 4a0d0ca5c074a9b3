import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type {
  ExecOptions,
  ExecResult,
  SandboxLimits,
  SandboxProgram,
  SandboxSession,
} from "#ports/sandbox.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";
import { verifies } from "#test/kit/verifies.ts";

import {
  containersOf,
  engineSocket,
  needsEngine,
  newOwner,
  providersOf,
  runningContainers,
  waitingAfter,
} from "./kit.ts";
import { tracingProgram } from "./tracing-program.ts";

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
  const neighbour = newOwner();
  let session: SandboxSession;
  let neighbours: SandboxSession;

  beforeAll(async () => {
    if (engineSocket === null) return;
    const other = await providersOf(neighbour)[tier].open(
      { files: [], limits: LIMITS },
      new AbortController().signal,
    );
    if (!other.ok) throw new Error(other.fault.message);
    neighbours = other.value;
    // Leaves a container that waits, which runs as long as nobody ends it.
    const prints: SandboxProgram = { kind: "shell", command: "echo on; sleep 1" };
    await waitingAfter(neighbour, (onOutput) => execIn(neighbours, prints, { onOutput }));
    const opened = await providersOf(owner)[tier].open(
      { files: [{ path: "a.txt", bytes: utf8("first"), executable: false }], limits: LIMITS },
      new AbortController().signal,
    );
    if (!opened.ok) throw new Error(opened.fault.message);
    session = opened.value;
  });
  afterAll(async () => {
    if (engineSocket === null) return;
    await session.close();
    await neighbours.close();
  });

  const execIn = async (
    where: SandboxSession,
    program: SandboxProgram,
    options: Partial<ExecOptions> = {},
  ): Promise<ExecResult> => {
    const { signal } = new AbortController();
    const result = await where.exec(program, { ...everyFile, timeoutMs: TIMEOUT_MS, signal, ...options });
    if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
    return result.value;
  };
  const run = (program: SandboxProgram, timeoutMs = TIMEOUT_MS): Promise<ExecResult> =>
    execIn(session, program, { timeoutMs });
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
      `ls /dev | grep -E '^(sd|vd|nvme|kvm|mem|kmem|port|loop|dm)' ; mknod /tmp/disk b 8 0 2>/dev/null; cat /tmp/disk 2>/dev/null && echo read; mknod /tmp/memory c 1 1 2>/dev/null; cat /tmp/memory 2>/dev/null && echo read; echo none`,
      "none\n",
    );
    prints(
      "nothing can be mounted, neither a file system nor a folder",
      `mkdir /tmp/m; for kind in tmpfs proc sysfs overlay cgroup; do mount -t $kind none /tmp/m 2>/dev/null && echo $kind; done
       mount -o bind / /tmp/m 2>/dev/null && echo bind; mount -o remount,rw / 2>/dev/null && echo remount; umount /proc 2>/dev/null && echo unmounted; nsenter -t 1 -m true 2>/dev/null && echo entered; echo none`,
      "none\n",
    );
    test("what it may trace are processes of its own container", async () => {
      const { stdout } = await shell(
        `printf '%b' '${tracingProgram()}' >/tmp/trace; chmod +x /tmp/trace; /tmp/trace; echo $?; ls /proc | grep -cE '^[0-9]+$'`,
      );
      const [traced = Number.NaN, seen = Number.NaN] = stdout.trim().split("\n").map(Number);
      expect(traced).toBeLessThan(seen);
      expect(seen).toBeLessThan(10);
    });
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
      expect(["deadline", "crashed", "killed", "memory"]).toContain(result.ended);
      expect(result.exitCode).toBeNull();
    });
    test("who ends everything that it can has crashed, or killed itself where a first process can be", async () => {
      const result = await shell("echo x >b; kill -9 -1; kill -9 1; exec cat");
      expect(["crashed", "killed"]).toContain(result.ended);
      expect(result.exitCode).toBeNull();
      expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    });
    test("who says to have ended, and goes on, is ended", async () => {
      const forged = await shell("echo 0 >/tmp/.writ-end; while :; do :; done");
      expect(forged).toMatchObject({ ended: "exited", exitCode: 0 });
    });
    test("a temporary folder that is filled is full, and the program goes on", async () => {
      const filled = await shell(
        "dd if=/dev/zero of=/tmp/a bs=65536 count=15 2>/dev/null; i=0; while dd if=/tmp/a of=/tmp/$i bs=65536 2>/dev/null; do i=$((i+1)); done; echo $((i < 20))",
      );
      expect(filled).toMatchObject({ ended: "exited", stdout: "1\n" });
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

  describe("a container that waits for the next program", () => {
    test("has nothing of the one before: no process, no file, no output", async () => {
      const evil = `(trap '' TERM HUP; while :; do echo evil >>/work/a.txt; echo evil >>/tmp/evil; echo evil; echo evil >/proc/1/fd/1; done) 2>/dev/null &
        setsid sh -c 'while :; do echo evil >/proc/1/fd/1; done' 2>/dev/null & echo begun; sleep 1; exit 0`;
      // What waits then was started in advance, and is another container.
      const waiting = await waitingAfter(owner, async (onOutput) => {
        const options = { onOutput, mayKeep: async () => false };
        const left = await execIn(session, { kind: "shell", command: evil }, options);
        expect(left).toMatchObject({ ended: "exited", exitCode: 0 });
      });
      const seen: Promise<readonly string[]>[] = [];
      const onOutput = (): void => void seen.push(runningContainers(owner, 1));
      const command = "echo begun; cat a.txt; ls -A /work; ls -A /tmp; ps | grep -c '[e]vil'; sleep 1";
      const next = await execIn(session, { kind: "shell", command }, { onOutput });
      expect(next).toMatchObject({ stdout: "begun\nfirsta.txt\n.writ-end\n0\n", stderr: "", exitCode: 0 });
      expect(await seen.at(-1)).toEqual([waiting]);
      expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    });
  });

  test("after all of this the session is as it was, and the neighbour's container runs on", async () => {
    expect((await shell("cat a.txt; ls -A")).stdout).toBe("firsta.txt\n");
    expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    expect(await runningContainers(neighbour, 1)).toHaveLength(1);
    await session.close();
    expect(await containersOf(owner)).toEqual([]);
  });
});
