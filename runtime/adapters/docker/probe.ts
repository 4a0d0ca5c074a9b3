import { throwIfAborted } from "#kernel/abort.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { ExecResult, SandboxFault, SandboxLimits, SandboxProbe } from "#ports/sandbox.ts";
import { containerProfile } from "#sandbox/container-profile.ts";
import type { ContainerTier } from "#sandbox/container-profile.ts";
import type { ProgramJob } from "#sandbox/file-session.ts";

import type { ContainerDeps, ContainerKind } from "./container.ts";
import type { EngineFacts } from "./engine.ts";
import { readProcessorShare, shownShare } from "./processor-share.ts";
import type { ProcessorShare } from "./processor-share.ts";
import { runAlone } from "./run-program.ts";

const KIBIBYTE = 1024;

const LIMITS: SandboxLimits = {
  memoryBytesMax: 16 * KIBIBYTE * KIBIBYTE,
  fileBytesMax: 256 * KIBIBYTE,
  filesMax: 16,
  outputBytesMax: 16 * KIBIBYTE,
};

const SHORT_MS = 300;
const LONG_MS = 60_000;

interface Trial {
  readonly name: string;
  readonly command: string;
  readonly timeoutMs: number;
  readonly held: (result: ExecResult) => boolean;
  /** How the limit was shown, once it was. */
  readonly shown: string;
}

export interface ProbeDeps extends ContainerDeps {
  readonly facts: EngineFacts;
  readonly kind: ContainerKind;
}

/** Tries each limit for real, in containers as runs get them; the first that does not hold makes the tier unusable. */
export const probeContainers = async (
  deps: ProbeDeps,
  signal: AbortSignal,
): Promise<Result<SandboxProbe, SandboxFault>> => {
  const { facts } = deps;
  const { tier } = deps.kind;
  const trials = trialsOf(tier, facts);
  const run = ({ command, timeoutMs }: Trial) =>
    runAlone(deps, deps.kind)(jobOf(command), { timeoutMs, signal });
  const results = await Promise.all(trials.map(run));
  throwIfAborted(signal);
  for (const [index, trial] of trials.entries()) {
    let result = results[index];
    // An engine on a busy machine can miss why a container ended. It has to say it once, not each time.
    for (let again = 1; again < TRIALS_MAX && isUnexplained(trial, result); again += 1)
      result = await run(trial);
    if (result === undefined) return unusable(tier, `a trial program did not run (${trial.name})`);
    if (!result.ok) return unusable(tier, result.fault.message);
    if (isUnexplained(trial, result)) return unexplained(tier, trial.name);
    if (!trial.held(result.value)) {
      const { ended, stdout, stderr } = result.value;
      const said = visibleExcerpt(`${stdout}${stderr}`.trim(), 200);
      return unusable(
        tier,
        `it does not hold a limit (${trial.name}): the trial program ${ENDINGS[ended]}${said === "" ? "" : `: ${said}`}`,
      );
    }
  }
  const share = await tryProcessor(deps, signal);
  if (!share.ok) return share;
  const shown = shownShare(share.value, containerProfile(tier, LIMITS).processorsMax);
  if (shown === null)
    return unusable(tier, "it does not hold a limit (processor): its control group has another");
  return ok({
    tier,
    engine: `Docker Engine ${facts.version}${tier === "gvisor" ? " with gVisor" : ""}`,
    limits: [
      ...trials.map((trial) => ({ name: trial.name, shown: trial.shown })),
      { name: "processor", shown },
    ],
  });
};

/** Most times that a trial is made whose program was killed for a reason that the engine did not hear of. */
const TRIALS_MAX = 3;

const ENDINGS: Readonly<Record<ExecResult["ended"], string>> = {
  exited: "ended by itself",
  deadline: "ran until its deadline",
  memory: "was ended for want of memory",
  output: "was ended for what it printed",
  crashed: "crashed",
  killed: "was killed",
};

const isUnexplained = (trial: Trial, result: Result<ExecResult, unknown> | undefined): boolean =>
  result?.ok === true && result.value.ended === "killed" && !trial.held(result.value);

const jobOf = (command: string): ProgramJob => ({
  program: { kind: "shell", command },
  files: [],
  hidden: [],
  limits: LIMITS,
});

/** After so many of the kernel's periods a program that wants more than its share has been held back. */
const BUSY_MS = 400;

/**
 * Lets a program want two processors, and meanwhile reads what its container's control group says. Null
 * where it cannot be read. Comes after the other trials, so that they do not take what it wants.
 */
const tryProcessor = async (
  { kind, ...deps }: ProbeDeps,
  signal: AbortSignal,
): Promise<Result<ProcessorShare | null, SandboxFault>> => {
  const done = new AbortController();
  let share: ProcessorShare | null = null;
  let id = "";
  const observe = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
    const state = await kind.engine.state(id);
    if (state.ok) share = await readProcessorShare(state.value);
    done.abort();
  };
  const run = runAlone(deps, kind, (container) => (id = container.id));
  const result = await run(jobOf("(while :; do :; done) & echo busy; while :; do :; done"), {
    timeoutMs: LONG_MS,
    signal: AbortSignal.any([signal, done.signal]),
    onOutput: () => void observe(),
  }).catch((error: unknown) => {
    if (!done.signal.aborted || signal.aborted) throw error;
    return ok(null);
  });
  if (!result.ok) return unusable(kind.tier, result.fault.message);
  return ok(share);
};

const trialsOf = (tier: ContainerTier, facts: EngineFacts): readonly Trial[] => {
  const profile = containerProfile(tier, LIMITS);
  const tooManyBytes = 2 * profile.memoryBytesMax;
  const tooManyProcesses = profile.processesMax + 64;
  return [
    {
      name: "memory",
      command: `dd if=/dev/zero of=/dev/null bs=${tooManyBytes} count=1 2>/dev/null && echo had ${tooManyBytes} bytes`,
      timeoutMs: LONG_MS,
      held: ({ ended }) => ended === "memory",
      shown: `a program that took ${tooManyBytes} bytes was ended at ${profile.memoryBytesMax}`,
    },
    {
      name: "processes",
      command: `i=0; while [ $i -lt ${tooManyProcesses} ]; do sleep 60 & i=$((i+1)); done; echo all`,
      timeoutMs: LONG_MS,
      held: ({ ended, stdout }) =>
        (ended === "exited" || ended === "crashed" || ended === "killed") && !stdout.includes("all"),
      shown: `a program that wanted ${tooManyProcesses} processes did not get them`,
    },
    {
      name: "deadline",
      command: "trap '' TERM INT HUP; while :; do :; done",
      timeoutMs: SHORT_MS,
      held: ({ ended }) => ended === "deadline",
      shown: `an endless loop that ignores signals was ended after ${SHORT_MS} ms, and its container was gone`,
    },
    {
      name: "walls",
      command: wallsCommand(tier, facts, profile.fileBytesMax),
      timeoutMs: LONG_MS,
      held: ({ ended, exitCode, stdout }) =>
        ended === "exited" && exitCode === 0 && stdout.trim() === WALLS_HELD,
      shown:
        "no network but its own loopback, no route to a metadata address, nothing of the image can be written, no capability, no user of the host, a file ends at its limit, and the image's programs start",
    },
  ];
};

const WALLS_HELD = "held";

/** Names each wall that is open, or says that all hold. */
const wallsCommand = (tier: ContainerTier, { kernel }: EngineFacts, fileBytesMax: number): string => `
open=
[ "$(ls /sys/class/net 2>/dev/null)" = lo ] || open="$open interfaces"
[ "$(grep -vc '^ *lo:\\||' /proc/net/dev)" = 0 ] || open="$open devices"
nc -w 2 169.254.169.254 80 </dev/null 2>/dev/null && open="$open metadata"
nc -w 2 1.1.1.1 53 </dev/null 2>/dev/null && open="$open internet"
for place in / /bin /etc /opt/writ /proc/sys/kernel /sys; do
  (: >"$place/written") 2>/dev/null && open="$open $place"
done
(: >/proc/sysrq-trigger) 2>/dev/null && open="$open sysrq"
grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status || open="$open capabilities"
grep -q '^CapBnd:[[:space:]]*0*$' /proc/self/status || open="$open bounding"
[ "$(id -u)" -ge 10000 ] || open="$open user"
(dd if=/dev/zero of=/work/large bs=4096 count=${Math.ceil(fileBytesMax / 4096) + 16} 2>/dev/null) && open="$open file-size"
[ "$(stat -c %s /work/large)" -le ${fileBytesMax} ] || open="$open file-size"
rm -f /work/large
${tier === "gvisor" ? `[ "$(uname -r)" != '${kernel.replaceAll(/[^\w.+-]/g, "")}' ] || open="$open kernel"` : `grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status || open="$open privileges"`}
[ "$(node -p '6 * 7')" = 42 ] || open="$open node"
[ -z "$open" ] && echo ${WALLS_HELD} || { echo "open:$open"; exit 1; }
`;

/** The limit may hold; nobody has said so. */
const unexplained = (tier: ContainerTier, trial: string): Result<never, SandboxFault> =>
  failed(
    fault(
      "SANDBOX_UNAVAILABLE",
      `a limit could not be shown (${trial}): the trial program was killed ${TRIALS_MAX} times, and the engine never said why`,
      { help: "try again when the machine is less busy, or use another tier", retryable: true },
    ),
  );

const unusable = (tier: ContainerTier, why: string): Result<never, SandboxFault> =>
  failed(
    fault("SANDBOX_UNAVAILABLE", why, {
      help:
        tier === "gvisor"
          ? "register runsc with the engine without `--ignore-cgroups`, as https://gvisor.dev/docs/user_guide/quick_start/docker/ says"
          : "use an engine that limits memory, processes and files, or another tier",
    }),
  );
