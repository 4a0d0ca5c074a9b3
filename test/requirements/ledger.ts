import type { Area } from "./row.ts";

export const ledger = {
  title: "Ledger",
  summary: "A signed, chained record of every effect that a stranger can verify offline.",
  rows: {
    "ledger.complete": {
      kind: "adapt",
      promise: "There is a log of all actions, and cryptography protects its integrity.",
      how: "Each effect of an integration run has its intent and its outcome in the ledger.",
      reason:
        "Entries are kept for what is evidence. Live deltas and samples prove nothing and are left out, and traffic on the bus is one entry per signed batch.",
      stages: ["foundation", "ledger"],
    },
    "ledger.event.fields": {
      kind: "adapt",
      promise:
        "The fields of an audit event are `event_id` (`Uuid`), `timestamp`, `agent_id`, `event_type` (`AuditEventType`), `details` (`AuditDetails`), `signature` and `chain_hash`.",
      how: "Test vectors of the format hold every field, and two verifiers read them alike.",
      reason:
        "All of these are there, with writer and sequence added. `details` is a keyed commitment to content stored beside the entry, so that content can be erased, and `signature` belongs to the batch that was committed together.",
      stages: ["foundation", "ledger"],
    },
    "ledger.signatures": {
      kind: "adapt",
      promise: "No event is without the cover of an Ed25519 signature.",
      how: "Single entries are proven through their inclusion path, and altered signatures are found.",
      reason:
        "A signature per entry would cap the rate of durable appends. Entries are therefore committed in groups, with a signature over head and tree root at the end of each, from which a path leads to every entry; an entry that is appended alone has a signed record to itself.",
      stages: ["foundation", "ledger"],
    },
    "ledger.hash-chain": {
      kind: "keep",
      promise: "Hashes tie events into a chain that cannot be changed unseen.",
      how: "A fuzzer tampers 100,000 times and goes undetected not once.",
      stages: ["foundation", "ledger"],
    },
    "ledger.timestamps": {
      kind: "adapt",
      promise: "Times are cryptographically attested and can be checked.",
      how: "A test places an entry between the times of two witnessed checkpoints, and shows that an unwitnessed time is reported as unproven.",
      reason:
        "A local clock proves nothing on its own. Witnesses put the time into their cosignatures, and checkpoints enclose every entry between two such times.",
      stages: ["ledger"],
    },
    "ledger.batch-verification": {
      kind: "keep",
      promise: "Large numbers of events can be verified together efficiently.",
      how: "1,000,000 entries are verified by checkpoints and again with every signature, both timed.",
      stages: ["ledger", "performance"],
    },
    "ledger.stream-and-query": {
      kind: "keep",
      promise: "You can follow audit events live and query those of the past.",
      how: "Readers over tail, RPC, SSE and webhook pick up where they left off; queries select by agent, run, tool, action, decision, rule, time and text.",
      stages: ["ledger", "service"],
    },
    "ledger.verify": {
      kind: "keep",
      promise: "Checking the integrity of the trail is a function you can call at any time.",
      how: "`writ audit verify` names the faulty entry and the kind of fault, and says how far it could see: internal, since the local anchor, or since a witness.",
      stages: ["foundation", "ledger"],
    },
    "ledger.switch.audit_enabled": {
      kind: "adapt",
      promise: "`audit_enabled = true` under `[security]` turns the audit trail on.",
      how: "A test writes `false` and reads the named refusal at start.",
      reason:
        "The key is understood, but `false` stops the start with a message that the audit trail cannot be disabled: an effect that leaves no record must not happen.",
      stages: ["ledger", "service"],
    },
    "ledger.storage": {
      kind: "adapt",
      promise: "`SYMBI_AUDIT_STORAGE` says where the audit trail lies (formerly `/var/log/symbi/audit`).",
      how: "A test sets the variable and finds the logs there, and finds them in the default place without it.",
      reason:
        "The variable is honoured. Unset, it is a folder per workspace in the user's state, outside the repository, because a system path takes rights that a desk does not have.",
      stages: ["ledger", "service"],
    },
    "ledger.crypto-room": {
      kind: "keep",
      promise: "Bus and audit share one component for all cryptography.",
      how: "Keys, envelopes and rotation have one owner, and the import-boundary test finds no cryptographic primitive used elsewhere.",
      stages: ["ledger", "scheduler"],
    },
    "ledger.beyond.erasable": {
      kind: "beyond",
      promise:
        "Content can be erased for ever; the chain verifies as before, and a record says that something was erased.",
      how: "Tests show that even easily guessed content cannot be recovered from what remains.",
      stages: ["ledger"],
    },
    "ledger.beyond.witness": {
      kind: "beyond",
      promise:
        "Independent witnesses put their signatures under checkpoints, which brings rollback and deletion to light.",
      how: "A witness is shown a fork and a rollback, and catches both.",
      stages: ["ledger"],
    },
    "ledger.beyond.evidence-bundle": {
      kind: "beyond",
      promise:
        "Evidence travels as one HTML file: entries, proofs and a verifier, to be opened offline by anyone.",
      how: "A real browser opens an intact bundle and a falsified one.",
      stages: ["ledger"],
    },
    "ledger.beyond.inclusion-proofs": {
      kind: "beyond",
      promise:
        "Proofs of inclusion and consistency are small, follow public formats and come with test vectors.",
      how: "A second verifier, written from the specification alone, agrees with the first on all vectors.",
      stages: ["ledger"],
    },
    "ledger.beyond.per-writer-logs": {
      kind: "beyond",
      promise:
        "Writers need no lock between them: each has a certified log of its own that records the others' checkpoints.",
      how: "A deleted log is noticed, and three nodes make one ledger that verifies.",
      stages: ["ledger", "service"],
    },
    "ledger.beyond.million-entries": {
      kind: "beyond",
      promise:
        "With a million entries the audit explorer still scrolls and verifies without a hitch, and points out falsified entries where they stand.",
      how: "A benchmark in the editor, and a screenshot.",
      stages: ["ledger"],
    },
  },
} as const satisfies Area;
