import { HOST_RPC_VERSION } from "#protocol/host-rpc.ts";

/** How a host stands to the release of a client. */
export type HostRelease =
  /** They go together. */
  | "fits"
  /** Of an earlier release: it is asked to finish, and the client starts its own. */
  | "older"
  /** Of a later release whose protocol this client does not speak. */
  | "newer"
  /** They do not go together, and which is the later cannot be told. */
  | "other";

/**
 * @param host the protocol version that both speak, 0 for none, and the product as the host names it.
 * @param product as this client names its own: `writ 1.2.3`.
 */
export const releaseOf = (
  host: { readonly version: number; readonly product: string },
  product: string,
): HostRelease => {
  const [theirs, ours] = [numbersOf(host.product), numbersOf(product)];
  const order = theirs === null || ours === null ? null : compared(theirs, ours);
  if (order !== null && order < 0) return "older";
  if (host.version === HOST_RPC_VERSION) return "fits";
  return order !== null && order > 0 ? "newer" : "other";
};

/** Major, minor and patch of a release; null for anything else, also for one that is still to come (`1.2.3-beta`). */
const numbersOf = (product: string): readonly number[] | null => {
  const found = /^writ (\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(product);
  return found === null ? null : found.slice(1).map(Number);
};

const compared = (left: readonly number[], right: readonly number[]): number =>
  left.map((number, index) => number - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
