/**
 * States what must hold if our own code is right. A violation is a bug of ours, never a user's
 * mistake; the run that met it is ended and recorded, the process goes on.
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** For the branch of a `switch` that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unexpected value ${String(value)}`);
}

class InvariantViolation extends Error {
  readonly code = "KERNEL_INVARIANT";
  override readonly name = "InvariantViolation";
}
