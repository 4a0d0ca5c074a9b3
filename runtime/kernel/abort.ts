/** Cancellation is an AbortError and never a fault: whoever cancelled knows why. */

export const isAbort = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "name" in error && error.name === "AbortError";

/** Throws an AbortError when the signal is aborted, whatever its reason was. */
export const throwIfAborted = (signal: AbortSignal): void => {
  if (signal.aborted) throw abortError();
};

export const abortError = (): DOMException => new DOMException("the operation was cancelled", "AbortError");
