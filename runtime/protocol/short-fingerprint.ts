/** First digits of a fingerprint or digest, for people to compare and to type: `3f9a-01bc`. */
export const shortFingerprint = (fingerprint: string): string =>
  `${fingerprint.slice(0, 4)}-${fingerprint.slice(4, 8)}`;
