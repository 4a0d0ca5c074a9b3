import type { Area } from "./row.ts";

export const knowledge = {
  title: "Knowledge",
  summary: "Six kinds of memory with search, access control, retention and a known origin for each item.",
  rows: {
    "knowledge.kinds": {
      kind: "keep",
      promise:
        "Memory comes in six kinds: short-term (what just happened), long-term (knowledge and patterns that last), working (state for the moment), episodic (experiences, their events and how they ended), semantic (concepts and how they relate) and shared (between agents, with access control).",
      how: "For each kind a test shows its lifetime, its scope and how it answers a query.",
      stages: ["knowledge"],
    },
    "knowledge.search.modes": {
      kind: "keep",
      promise:
        "Knowledge is searched in four ways: keyword (relevance of text), temporal (a span of time, recent items first), similarity (vectors of embeddings) and hybrid (keyword and similarity, weighted).",
      how: "Each is scored by nDCG and recall on a labelled set, and property tests cover how results are fused.",
      stages: ["knowledge"],
    },
    "knowledge.access.scope-and-sharing": {
      kind: "keep",
      promise:
        "An agent's context is isolated from all others; access is up to the policy engine, and what agents share has permissions in fine grain.",
      how: "Thousands of random grants agree with a reference model, within vector search too; recipients are named, and a grant can be revoked.",
      stages: ["gate", "knowledge"],
    },
    "knowledge.access.levels": {
      kind: "keep",
      promise: "Each piece of knowledge is `Public`, `Restricted`, `Confidential` or `Secret`.",
      how: "What each level means is written down, with a test apiece.",
      stages: ["gate", "knowledge"],
    },
    "knowledge.importance": {
      kind: "keep",
      promise:
        "How important an item is follows from its base importance, how often it is read (on a logarithmic scale), how recent it is and what users said of it, multiplied by a factor for its kind and by an exponential decay whose half-life you set per kind.",
      how: "A property test of the formula, an explanation for each item, and a view in which a person rates.",
      stages: ["knowledge"],
    },
    "knowledge.retention": {
      kind: "keep",
      promise:
        "You set how long each kind of data is kept; policy moves old items to the archive, and the clean-up works in small steps in the background and reports statistics.",
      how: "Tests in virtual time for each kind, with legal hold; items that are due are counted and pauses are measured.",
      stages: ["knowledge"],
    },
    "knowledge.retention.gzip": {
      kind: "keep",
      promise: "What is archived is compressed with gzip.",
      how: "A test of format and size.",
      stages: ["knowledge"],
    },
    "knowledge.stats": {
      kind: "keep",
      promise:
        "Every byte of memory is accounted for, retrieval is measured for latency and throughput, and you can ask the context manager how it is.",
      how: "The bytes agree with the disk, scrape and view have the histograms, and the health map has a row.",
      stages: ["knowledge", "service"],
    },
    "knowledge.search.fallback": {
      kind: "keep",
      promise:
        "Search goes by vectors where a vector database runs and by keywords where none does; either way the relevance score weighs several factors.",
      how: "The store is killed under load: answers name the mode they used and explain their scores.",
      stages: ["knowledge"],
    },
    "knowledge.trust-score": {
      kind: "keep",
      promise: "Knowledge that is shared has a trust score.",
      how: "Source, verifier, confidence and feedback go into it; it is shown, and results can be filtered by it.",
      stages: ["knowledge"],
    },
    "knowledge.api": {
      kind: "keep",
      promise:
        "`ContextManager` has these calls: `store_context` (an `AgentContext` for a `ContextId`), `retrieve_context` (by agent and, if given, `SessionId`), `query_context` (a `ContextQuery` for a list of `ContextItem`), `update_memory` (a list of `MemoryUpdate`), `search_knowledge` (a query and a limit for a list of `KnowledgeItem`), `share_knowledge` (`from_agent`, `to_agent`, `knowledge_id` as `KnowledgeId`, `access_level` as `AccessLevel`), `archive_context` (everything before a time, for a count), `get_context_stats` (for `ContextStats`) and `shutdown`.",
      how: "The conformance suite of the port: a session adds and overwrites nothing, and the count is the number of items moved.",
      stages: ["knowledge"],
    },
    "knowledge.retrieval.latency": {
      kind: "keep",
      promise: "On average, context is retrieved in <50ms.",
      how: "A benchmark over 100,000 items.",
      stages: ["knowledge", "performance"],
    },
    "knowledge.update.latency": {
      kind: "keep",
      promise: "Updated knowledge can be seen <10ms later, which is as good as at once.",
      how: "A benchmark from write to read.",
      stages: ["knowledge", "performance"],
    },
    "knowledge.beyond.provenance": {
      kind: "beyond",
      promise:
        "For each memory you can ask which run and entry it was learned from and which runs have used it; erase a run, and its memories go too.",
      how: "A test erases a run and follows the cascade.",
      stages: ["ledger", "knowledge"],
    },
  },
} as const satisfies Area;
