import type { Area } from "./row.ts";

export const rag = {
  title: "Retrieval-augmented answers",
  summary: "Answers from your own documents, each sentence cited or marked as uncited.",
  rows: {
    "rag.steps": {
      kind: "keep",
      promise:
        "Answering from documents (RAG) takes five steps: analyse the query, search the vectors, fetch the documents, rank the context, and generate the response out of it.",
      how: "Each step has a test: how queries are rewritten, recall, documents kept apart by corpus, nDCG, and a citation or a mark on every sentence.",
      stages: ["knowledge"],
    },
    "rag.pipeline.latency": {
      kind: "adapt",
      promise: "From question to answer the RAG pipeline needs <500ms.",
      how: "A benchmark with a local scripted model.",
      reason: "What a remote model takes is not ours to promise; that time is shown separately.",
      stages: ["knowledge", "performance"],
    },
  },
} as const satisfies Area;
