import type { Area } from "./row.ts";

export const compliance = {
  title: "Compliance",
  summary: "Evidence reports from the ledger, for known regulations and for controls of your own.",
  rows: {
    "compliance.regulations": {
      kind: "adapt",
      promise:
        "HIPAA (health data), GDPR (data protection in Europe) and SOX (audit trails in finance) are supported.",
      how: "Each regulation has a data file of controls, run by one engine, and a golden report that lists its gaps.",
      reason:
        "No software makes its user compliant. Writ provides an evidence report for each, taken from the ledger, and says what the ledger cannot show.",
      stages: ["ledger"],
    },
    "compliance.custom": {
      kind: "keep",
      promise: "You can have a compliance report whenever you want one, and for frameworks you define.",
      how: "Controls are written in YAML and map to queries; `writ audit report` and the explorer's wizard read them, and a tested example shows how.",
      stages: ["ledger"],
    },
  },
} as const satisfies Area;
