import { cpus, loadavg } from "node:os";

/** On what and when something was measured. */
export interface MachineText {
  readonly processor: string;
  readonly node: string;
  readonly day: string;
  /** Processes that want a processor, on average over the last minute. */
  readonly load: string;
}

export const machineText = (): MachineText => {
  const processors = cpus();
  return {
    processor: `${processors.length} x ${processors[0]?.model.trim() ?? "an unknown processor"}`,
    node: `Node ${process.versions.node}`,
    day: new Date().toISOString().slice(0, 10),
    load: (loadavg()[0] ?? 0).toFixed(1),
  };
};
