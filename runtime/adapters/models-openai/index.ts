import { throwIfAborted } from "#kernel/abort.ts";
import type { LanguageModel, ModelEvent, ModelRequest } from "#ports/language-model.ts";
import { Call } from "./call.ts";
import type { OpenAiDeps, OpenAiModel } from "./model.ts";

export type { OpenAiDeps, OpenAiModel };

export const createOpenAiModel = (model: OpenAiModel, deps: OpenAiDeps): LanguageModel => ({
  id: model.id,
  remote: true,
  outputTokensMax: model.outputTokensMax,
  ...(model.price === null ? {} : { price: model.price }),
  stream: (request, { signal }) => answer(model, deps, request, signal),
});

async function* answer(
  model: OpenAiModel,
  deps: OpenAiDeps,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  throwIfAborted(signal);
  const call = new Call(model, deps, request);
  const cancel = (): void => call.end();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for await (const event of call.events()) {
      throwIfAborted(signal);
      yield event;
    }
    throwIfAborted(signal);
  } finally {
    signal.removeEventListener("abort", cancel);
    call.end();
  }
}
