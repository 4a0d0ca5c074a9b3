import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { structureOf } from "#protocol/ledger-line.ts";
import { isSignedBy, writerOf } from "./signatures.ts";
import type { VerifierCrypto } from "./source.ts";

/**
 * Who may write a log at the line that is read: rows 8 to 10 of section 12. What a `key.*` line says
 * takes effect only if its signature is right.
 */
export class KeyChain {
  /** The workspace's public key that line 0 names. */
  workspaceKey: string | undefined;
  /** The key that vouches for commits now. */
  writerKey: string | undefined;
  private writerId: string | undefined;
  /** Every writer key so far with the line behind which it was current. */
  private readonly history: { readonly key: string; readonly from: number }[] = [];
  private readonly revoked = new Set<string>();
  private readonly crypto: VerifierCrypto;

  constructor(crypto: VerifierCrypto) {
    this.crypto = crypto;
  }

  /** Keys that were current at some line before `size`. */
  keysBefore(size: number): readonly string[] {
    return this.history.filter(({ from }) => from < size).map(({ key }) => key);
  }

  /** Whether a line's `writer` is the current key; true while no key could be read at all. */
  isWriter(writer: string): boolean {
    return this.writerId === undefined || writer === this.writerId;
  }

  /** Takes in line `index`; what is wrong with its certificate, or undefined. Lines of other types pass. */
  take(entry: LedgerEntry, index: number): string | undefined {
    if (index === 0) {
      return entry.type === "key.certified" ? this.begin(entry) : "the log does not begin with a certificate";
    }
    switch (entry.type) {
      case "key.certified":
        return "a second certificate of the writer";
      case "key.rotated":
        return this.rotate(entry, index);
      case "key.revoked":
        return this.revoke(entry);
      default:
        return undefined;
    }
  }

  private begin(entry: LedgerEntry): string | undefined {
    const { by, key } = structureOf(entry, "key.certified");
    if (!isSignedBy(this.crypto, entry, by)) return "the certificate is not signed by the key that it names";
    this.workspaceKey = by;
    this.setWriter(key, 0);
    return undefined;
  }

  private rotate(entry: LedgerEntry, index: number): string | undefined {
    const { by, previous, key } = structureOf(entry, "key.rotated");
    const wrong = this.wrongCertifier(entry, by);
    if (wrong !== undefined) return wrong;
    if (previous !== this.writerKey) return "it replaces a key that is not the writer's";
    if (key === previous || this.revoked.has(key)) return "the new key is the old one, or was revoked";
    this.nextKey = key;
    this.nextFrom = index + 1;
    return undefined;
  }

  private revoke(entry: LedgerEntry): string | undefined {
    const { by, key } = structureOf(entry, "key.revoked");
    const wrong = this.wrongCertifier(entry, by);
    if (wrong !== undefined) return wrong;
    if (key === this.writerKey) return "it revokes the key that the log is written with";
    this.revoked.add(key);
    return undefined;
  }

  private wrongCertifier(entry: LedgerEntry, by: string): string | undefined {
    if (by !== this.workspaceKey) return "it is not certified by the key that certified the writer";
    return isSignedBy(this.crypto, entry, by) ? undefined : "it is not signed by the key that it names";
  }

  private nextKey: string | undefined;
  private nextFrom = 0;

  /** To be called behind every line: a rotation takes effect with the line after it. */
  endLine(): void {
    if (this.nextKey === undefined) return;
    this.setWriter(this.nextKey, this.nextFrom);
    this.nextKey = undefined;
  }

  private setWriter(key: string, from: number): void {
    this.writerKey = key;
    this.writerId = writerOf(this.crypto, key);
    this.history.push({ key, from });
  }
}
