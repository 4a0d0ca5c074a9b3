import { readFile, stat } from "node:fs/promises";

/**
 * The process that holds a lock on the file, as the kernel tells it (proc(5), `/proc/locks`); null where
 * nobody does, or where the system does not say. The file itself is not opened: closing it would drop a
 * lock of this very process.
 */
export const lockHolder = async (path: string): Promise<number | null> => {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    const file = `${hex(majorOf(dev))}:${hex(minorOf(dev))}:${ino}`;
    const lines = (await readFile("/proc/locks", "utf8")).split("\n");
    for (const line of lines) {
      const [, kind, , , process, place] = line.trim().split(/\s+/);
      if (kind === "POSIX" && place === file && /^[1-9]\d*$/.test(process ?? "")) return Number(process);
    }
  } catch {
    // Another system, or no such file.
  }
  return null;
};

const hex = (number: bigint): string => number.toString(16).padStart(2, "0");

/* How Linux packs the two into the number of a device (`gnu_dev_major` and `gnu_dev_minor` of the C library). */
const majorOf = (device: bigint): bigint => ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
const minorOf = (device: bigint): bigint => (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
