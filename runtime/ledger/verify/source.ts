import type { Fault, Result } from "#kernel/result.ts";

/** All that a verifier needs from outside: bytes and two primitives. It has no clock, no keys and no network. */
export interface LogSource {
  /** Names and sizes in bytes of the files of one log, in any order; names that mean nothing are passed over. */
  files(): Promise<Result<readonly SourceFile[], Fault<string>>>;
  /** Up to `bytesMax` bytes from `offset`, fewer only at the end; a file that does not exist has none. */
  read(file: string, offset: number, bytesMax: number): Promise<Result<Uint8Array, Fault<string>>>;
}

export interface SourceFile {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface VerifierCrypto {
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
