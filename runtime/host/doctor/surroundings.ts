import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";

import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import type { Machine } from "./machine.ts";
import { foreign } from "./parts.ts";

/** What the system says of itself, in os-release(5); empty where it says nothing. */
export interface OsRelease {
  readonly name: string;
  readonly families: readonly string[];
}

export const readOsRelease = (text: string): OsRelease => {
  const said = (key: string): string => {
    const [, value = ""] = new RegExp(`^${key}=(.*)$`, "m").exec(text) ?? [];
    return value.trim().replaceAll(/^["']|["']$/g, "");
  };
  return { name: said("PRETTY_NAME"), families: [said("ID"), ...said("ID_LIKE").split(/\s+/)] };
};

const osRelease = (): OsRelease => {
  for (const file of ["/etc/os-release", "/usr/lib/os-release"]) {
    try {
      return readOsRelease(readFileSync(file, "utf8"));
    } catch {
      // The other one, or a system that has none.
    }
  }
  return { name: "", families: [] };
};

const isAnywhere = (program: string): boolean =>
  ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].some((folder) =>
    existsSync(`${folder}/${program}`),
  );

export const thisMachine = (): Machine => ({
  platform: process.platform,
  isDebian: osRelease().families.some((family) => family === "debian" || family === "ubuntu"),
  isRoot: process.getuid?.() === 0,
  hasSystemd: existsSync("/run/systemd/system"),
  hasDockerd: isAnywhere("dockerd"),
  hasRunsc: isAnywhere("runsc"),
});

const NAMES: Partial<Readonly<Record<NodeJS.Platform, string>>> = {
  linux: "Linux",
  darwin: "macOS",
  win32: "Windows",
};

export const platformFinding = (): Finding => {
  const { platform, arch } = process;
  const { name } = osRelease();
  const isTested = platform === "linux" && arch === "x64";
  const says = [`${NAMES[platform] ?? platform} ${arch}`, ...(name === "" ? [] : [foreign(name)])].join(", ");
  return finding(
    "platform",
    isTested ? "ok" : "note",
    isTested ? says : `${says}: the suite does not run there`,
    {
      facts: { platform, arch, kernel: release(), system: name === "" ? null : name, tested: isTested },
    },
  );
};

export const nodeFinding = (oldest: string): Finding =>
  finding("node", "ok", `${process.versions.node}; ${oldest} or later will do`, {
    facts: { version: process.versions.node, oldest },
  });
