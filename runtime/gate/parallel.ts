import type { ToolExecutor } from "#ports/executor.ts";

/**
 * Cuts a turn into stretches that execute one after the other. Calls beside each other that only
 * read share one and may run together; any other has one of its own, so that what a turn changes,
 * it changes in its order and every later call is prepared against it.
 */
export const stretches = <Call>(
  calls: readonly Call[],
  executorOf: (call: Call) => ToolExecutor | undefined,
): readonly (readonly Call[])[] => {
  const all: Call[][] = [];
  let open = false;
  for (const call of calls) {
    const reads = onlyReads(executorOf(call));
    const last = all.at(-1);
    if (open && reads && last !== undefined) last.push(call);
    else all.push([call]);
    open = reads;
  }
  return all;
};

/** A call of no tool is never executed and holds nobody up. */
const onlyReads = (executor: ToolExecutor | undefined): boolean =>
  executor?.descriptor.effects.every((effect) => effect === "reads-run-files") ?? true;

/**
 * Runs work for each item, at most `limit` at once and begun in order, until one says to stop.
 * Resolves when everything that was begun has settled; then rejects if anything rejected.
 */
export const eachAtMost = async <Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<"go on" | "stop">,
): Promise<void> => {
  const waiting = items[Symbol.iterator]();
  let stopped = false;
  const worker = async (): Promise<void> => {
    while (!stopped) {
      const item = waiting.next();
      if (item.done === true) return;
      try {
        if ((await work(item.value)) === "stop") stopped = true;
      } catch (error) {
        stopped = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, worker);
  const settled = await Promise.allSettled(workers);
  const rejected = settled.find((one) => one.status === "rejected");
  if (rejected !== undefined) throw rejected.reason;
};
