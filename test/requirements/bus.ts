import type { Area } from "./row.ts";

export const bus = {
  title: "Messages between agents",
  summary: "Direct, topic and request messages: signed, encrypted, gated before they exist, and tracked.",
  rows: {
    "bus.direct": {
      kind: "keep",
      promise:
        "With `send_message` one agent writes directly to another and chooses a guarantee of delivery.",
      how: "The three guarantees (effectively once, at least once, at most once) are in the conformance suite.",
      stages: ["scheduler"],
    },
    "bus.publish-subscribe": {
      kind: "keep",
      promise:
        "Events go out on topics, such as `data_processing.completed`, and handlers subscribe to topics, such as `security.alerts`.",
      how: "Tests cover nested topics, wildcards and subscriptions that survive a restart.",
      stages: ["scheduler"],
    },
    "bus.request-response": {
      kind: "keep",
      promise: "A request waits for its response for as long as `timeout_duration` says.",
      how: "Tests of deadline and cancellation.",
      stages: ["scheduler"],
    },
    "bus.encryption.aes-256-gcm": {
      kind: "keep",
      promise: "The payload of a message is encrypted with AES-256-GCM.",
      how: "Committed vectors, tampering with each field, and a broker that gets to see ciphertext only.",
      stages: ["scheduler"],
    },
    "bus.signature.ed25519": {
      kind: "adapt",
      promise: "An Ed25519 signature on each message shows who it is from.",
      how: "Tests change each field of the envelope and each step of a path, and all are found.",
      reason:
        "The signature covers the whole envelope. A batch may be signed once for all, by its Merkle root, and every message then has its path, because single signatures would hold the rate at a tenth of its target.",
      stages: ["scheduler"],
    },
    "bus.routing-policy": {
      kind: "keep",
      promise: "The routes that messages take are subject to policy.",
      how: "A test in which a route is denied.",
      stages: ["gate", "scheduler"],
    },
    "bus.rate-limit.per-agent": {
      kind: "keep",
      promise: "No agent can send more messages than its rate allows.",
      how: "A flood test, sender by sender.",
      stages: ["gate", "scheduler"],
    },
    "bus.message.fields": {
      kind: "keep",
      promise:
        "A `SecureMessage` carries `id` (`MessageId`), `sender`, an optional `recipient`, `encrypted_payload`, `signature` (`Ed25519Signature`) and `timestamp`.",
      how: "The envelope has them all, and topic, type, time to live and sequence in addition.",
      stages: ["scheduler"],
    },
    "bus.gate.all-builtins": {
      kind: "keep",
      promise:
        "`ask`, `delegate`, `send_to`, `parallel` and `race` reach the `CommunicationBus` through the `CommunicationPolicyGate`, which judges while there is no message yet.",
      how: "The import-boundary test, one denied call for each builtin, and the proof that nothing is encrypted for a denied message.",
      stages: ["gate", "scheduler"],
    },
    "bus.gate.message-creation": {
      kind: "keep",
      promise:
        "If a send is permitted, what goes out is always a `SecureMessage` under an Ed25519 signature and AES-256-GCM encryption.",
      how: "A broker that records all it sees finds nothing in plain, whatever the transport, and within one process the envelope is no different.",
      stages: ["scheduler"],
    },
    "bus.gate.tracking": {
      kind: "keep",
      promise:
        "You can follow where each message stands, with its audit trail; a request and its response are logged as a pair under one `RequestId`.",
      how: "Status can be asked from command line, RPC and view, and a sequence diagram is drawn from the pairs.",
      stages: ["scheduler"],
    },
    "bus.throughput": {
      kind: "adapt",
      promise: "The bus passes 100,000+ messages in a second.",
      how: "A benchmark prints both rates next to each other.",
      reason:
        "Encrypted messages that are signed in batches reach this rate. Messages signed one by one are slower, and their figure is published too.",
      stages: ["scheduler", "performance"],
    },
    "bus.latency.local": {
      kind: "keep",
      promise: "Between agents on one machine a message takes under 10 ms.",
      how: "The 99th percentile of a benchmark.",
      stages: ["scheduler", "performance"],
    },
    "bus.encryption.overhead": {
      kind: "keep",
      promise: "Encrypting costs a message under 1 ms.",
      how: "A benchmark row compares it with copying the envelope in plain.",
      stages: ["scheduler", "performance"],
    },
    "bus.zero-allocation": {
      kind: "adapt",
      promise: "Passing a message allocates nothing: its memory comes from a pool.",
      how: "A benchmark counts bytes and allocations per message and fails above the bound.",
      reason:
        "JavaScript cannot avoid allocation, so it is measured and bounded per message, and buffers are reused.",
      stages: ["scheduler", "performance"],
    },
    "bus.beyond.dead-letters": {
      kind: "beyond",
      promise:
        "A message that could not be delivered stays, with the reason; you can look into it and send it again.",
      how: "Tests send again from command line and view.",
      stages: ["scheduler"],
    },
  },
} as const satisfies Area;
