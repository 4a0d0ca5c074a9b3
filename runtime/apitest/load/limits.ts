/** Bounds on the documents that tests are made of. Each is a problem with a place when it is met, never a crash. */
export const LOAD_LIMITS = {
  /** Largest single document, in bytes of UTF-8. */
  documentBytesMax: 16 * 1024 * 1024,
  /** All documents of one load together. */
  totalBytesMax: 48 * 1024 * 1024,
  /** Documents that one load reads, the first included. */
  documentsMax: 200,
  /** Deepest nesting of arrays and objects. */
  depthMax: 100,
  /** Values of one document, counting what an alias stands for each time it is used. */
  valuesMax: 2_000_000,
  /** Longest chain of `$ref`s that lead to each other. */
  referenceChainMax: 64,
  /** Problems of one document that are listed; the rest is counted. */
  problemsMax: 200,
} as const;
