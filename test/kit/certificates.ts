import { generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/*
 * Certificates for servers of tests, and an authority that vouches for them: X.509 version 3 (RFC 5280) in
 * DER (X.690), with ECDSA on P-256 and SHA-256. Made anew each time, so that no key lies in a repository.
 */

export interface Certified {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  /** PEM, as NODE_EXTRA_CA_CERTS takes it. */
  readonly cert: string;
  /** A server's key and certificate for these names. */
  certify(names: readonly string[], options?: { readonly isExpired?: boolean }): Certified;
}

const DAY_MS = 86_400_000;

export const createAuthority = (name: string): Authority => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const own = { issuer: name, signer: privateKey, subject: name, publicKey, isExpired: false };
  const mayCertify = extension(BASIC_CONSTRAINTS, sequence(tlv(0x01, Buffer.from([0xff]))), true);
  return {
    cert: certificate({ ...own, extensions: [mayCertify] }),
    certify(names, { isExpired = false } = {}) {
      const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const alternatives = names.map((one) => tlv(0x82, Buffer.from(one, "latin1")));
      return {
        key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        cert: certificate({
          ...own,
          subject: names[0] ?? "",
          publicKey: server.publicKey,
          isExpired,
          extensions: [extension(SUBJECT_ALTERNATIVE_NAME, sequence(...alternatives), false)],
        }),
      };
    },
  };
};

interface CertificateParts {
  readonly issuer: string;
  readonly signer: KeyObject;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly isExpired: boolean;
  readonly extensions: readonly Buffer[];
}

let serial = 1;

const certificate = (parts: CertificateParts): string => {
  const { issuer, signer, subject, publicKey, isExpired, extensions } = parts;
  const nowMs = Date.now();
  serial += 1;
  const content = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.from([serial])),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    sequence(time(nowMs - 2 * DAY_MS), time(nowMs + (isExpired ? -DAY_MS : DAY_MS))),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", content, signer)]));
  const whole = sequence(content, ECDSA_WITH_SHA256, signature).toString("base64");
  const lines = whole.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
};

const tlv = (tag: number, content: Buffer): Buffer => {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};

const sequence = (...parts: readonly Buffer[]): Buffer => tlv(0x30, Buffer.concat(parts));

/** An object identifier by its encoded arcs. */
const identifier = (...arcs: readonly number[]): Buffer => tlv(0x06, Buffer.from(arcs));

/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = sequence(identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** 2.5.4.3 */
const COMMON_NAME = identifier(0x55, 0x04, 0x03);
/** 2.5.29.17 */
const SUBJECT_ALTERNATIVE_NAME = identifier(0x55, 0x1d, 0x11);
/** 2.5.29.19 */
const BASIC_CONSTRAINTS = identifier(0x55, 0x1d, 0x13);

const nameOf = (common: string): Buffer =>
  sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(common)))));

/** GeneralizedTime, in whole seconds. */
const time = (wallMs: number): Buffer =>
  tlv(0x18, Buffer.from(`${new Date(wallMs).toISOString().replaceAll(/[-:T]|\..*$/g, "")}Z`));

const extension = (id: Buffer, value: Buffer, isCritical: boolean): Buffer =>
  sequence(id, ...(isCritical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
