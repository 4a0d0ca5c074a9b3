import { posix } from "node:path";

import { controlGroupOf, readText } from "./control-group.ts";
import type { ReadText } from "./control-group.ts";
import type { ContainerState } from "./engine.ts";

/** What the kernel of this machine says about a container's share of its processors. */
export interface ProcessorShare {
  /** Time that it may have in each period, null where there is no bound. */
  readonly quotaMicroseconds: number | null;
  readonly periodMicroseconds: number;
  /** Periods in which it wanted to run, and those of them in which it was held back. */
  readonly periods: number;
  readonly heldBackPeriods: number;
}

/**
 * Reads a container's share from its control group (kernel documentation, `scheduler/sched-bwc.rst` and
 * `admin-guide/cgroup-v2.rst`). Null where there is none that can be read.
 */
export const readProcessorShare = async (
  state: Pick<ContainerState, "id" | "processId">,
  read: ReadText = readText,
): Promise<ProcessorShare | null> => {
  const group = await controlGroupOf(state, read);
  if (group === null) return null;
  const at = (file: string): Promise<string> => read(posix.join(group.folder, file));
  try {
    const bound =
      group.version === 2
        ? boundOf(await at("cpu.max"))
        : boundOf(`${await at("cpu.cfs_quota_us")} ${await at("cpu.cfs_period_us")}`);
    const counts = new Map((await at("cpu.stat")).split("\n").map(pairOf));
    const periods = counts.get("nr_periods");
    const heldBackPeriods = counts.get("nr_throttled");
    if (bound === null || periods === undefined || heldBackPeriods === undefined) return null;
    return { ...bound, periods, heldBackPeriods };
  } catch {
    // Not shown is an answer, which the caller gives in words.
    return null;
  }
};

/** A quota and a period; `max` and -1 are no bound. */
const boundOf = (text: string): Pick<ProcessorShare, "quotaMicroseconds" | "periodMicroseconds"> | null => {
  const [, quota = "", period = ""] = /^(max|-1|\d{1,12})\s+(\d{1,12})\s*$/.exec(text) ?? [];
  if (period === "" || Number(period) === 0) return null;
  const isBound = quota !== "max" && quota !== "-1";
  return { quotaMicroseconds: isBound ? Number(quota) : null, periodMicroseconds: Number(period) };
};

const pairOf = (line: string): readonly [string, number] => {
  const [, name = "", count = ""] = /^(\w+) (\d{1,15})$/.exec(line) ?? [];
  return [name, Number(count)];
};

/** In words for people; null where the share is not the one that was configured. */
export const shownShare = (share: ProcessorShare | null, processorsMax: number): string | null => {
  if (share === null)
    return `configured, not shown: ${processorsMax} processor; its control group cannot be read from here`;
  const { quotaMicroseconds: quota, periodMicroseconds: period, periods, heldBackPeriods } = share;
  if (quota !== processorsMax * period) return null;
  const bound = `${quota} of each ${period} microseconds, read back from its control group`;
  return heldBackPeriods === 0
    ? `${bound}; nothing had to be held back while it was tried`
    : `${bound}; a program that wanted more was held back in ${heldBackPeriods} of ${periods} periods`;
};
