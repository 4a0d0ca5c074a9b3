import type { Area } from "./row.ts";

export const vector = {
  title: "Vector stores",
  summary: "Search by meaning that works at once, with LanceDB or Qdrant when you want them.",
  rows: {
    "vector.operations": {
      kind: "keep",
      promise:
        "A vector store finds things by meaning, filters by metadata, takes batches efficiently and can be updated while being searched; its backend can be exchanged.",
      how: "All stores pass one conformance suite behind one port, in which filters apply before ranking.",
      stages: ["knowledge"],
    },
    "vector.backend.lancedb": {
      kind: "adapt",
      promise: "The embedded default is LanceDB, with nothing to configure and no service to run.",
      how: "The conformance suite runs on both stores, and a test checks the hash of what is fetched.",
      reason:
        "`lancedb` stays the default value, but its native part is large and comes on demand, by pinned hash; until it is there an exact store in JavaScript answers and says so.",
      stages: ["knowledge"],
    },
    "vector.backend.qdrant": {
      kind: "adapt",
      promise:
        "For clusters in production Qdrant can be used instead, behind the flag `vector-qdrant` and with `SYMBIONT_VECTOR_HOST` set.",
      how: "It passes the same conformance suite as the other stores.",
      reason: "TypeScript has no build features, so configuration chooses the store.",
      stages: ["knowledge", "service"],
    },
    "vector.config.fields": {
      kind: "keep",
      promise:
        "`VectorConfig` consists of `backend` (`VectorBackend`), `dimension` (1536 unless set, as OpenAI embeddings have), `distance_metric` (`DistanceMetric`), `index_type` (`IndexType`) and `data_path`.",
      how: "A test changes each key and sees the effect; dimension and model identify an index, and changing them embeds everything anew in the background.",
      stages: ["knowledge", "service"],
    },
    "vector.config.cosine-hnsw": {
      kind: "adapt",
      promise: "Unless set, distance is `Cosine` and the index is `HNSW`.",
      how: "Tests read the defaults per store and size, and recall is stated with each index.",
      reason:
        "`Cosine` remains the default. Not every store has HNSW, so the size of the data and what the store offers decide between HNSW and IVF-PQ.",
      stages: ["knowledge"],
    },
    "vector.search.latency": {
      kind: "keep",
      promise: "Searching 1M+ embeddings takes <100ms.",
      how: "The 95th percentile of a benchmark that states recall@10.",
      stages: ["knowledge", "performance"],
    },
    "vector.storage.size": {
      kind: "keep",
      promise: "Compression makes embeddings 80% smaller.",
      how: "Measured against float32, with the recall that is left after re-ranking.",
      stages: ["knowledge", "performance"],
    },
  },
} as const satisfies Area;
