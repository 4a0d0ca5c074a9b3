import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";

/** Ends something that a command opened; what it cannot end as it should is its fault. */
export type Closer = () => Promise<Result<void, Fault<string>>>;

/** Closes what cannot refuse. */
export const closing =
  (close: () => void | Promise<void>): Closer =>
  async () => {
    await close();
    return ok(undefined);
  };

/**
 * Closes all, the last opened first, whatever becomes of each: one that fails does not keep the
 * others open. Gives the faults in that order; rejects with the first error that was thrown.
 */
export const closeAll = async (closers: readonly Closer[]): Promise<readonly Fault<string>[]> => {
  const faults: Fault<string>[] = [];
  const thrown: unknown[] = [];
  for (const close of closers.toReversed()) {
    try {
      const closed = await close();
      if (!closed.ok) faults.push(closed.fault);
    } catch (error) {
      thrown.push(error);
    }
  }
  if (thrown.length > 0) throw thrown[0];
  return faults;
};
