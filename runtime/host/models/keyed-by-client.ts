import { fault } from "#kernel/result.ts";
import type { LanguageModel, ModelEvent, ModelFault, ModelRequest } from "#ports/language-model.ts";
import { isKeyText } from "#ports/secret-source.ts";

/**
 * A model whose key stays with a client of the host: each request asks for it, uses it, and forgets
 * it. Without one the request is refused.
 *
 * @param withKey the same model with a key of its own; null has none.
 */
export const keyedByClient = (
  withKey: (key: string | null) => LanguageModel,
  readKey: (signal: AbortSignal) => Promise<string | null>,
  origin: string,
): LanguageModel => ({
  ...withKey(null),
  stream: (request, { signal }) => answer(withKey, readKey, origin, request, signal),
});

async function* answer(
  withKey: (key: string) => LanguageModel,
  readKey: (signal: AbortSignal) => Promise<string | null>,
  origin: string,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  const key = await readKey(signal);
  if (key === null || !isKeyText(key)) {
    yield { k: "failed", fault: key === null ? noKey(origin) : badKey(origin) };
    return;
  }
  yield* withKey(key).stream(request, { signal });
}

const noKey = (origin: string): ModelFault =>
  fault("MODEL_REFUSED", `no client gives the key for ${origin} any more`, {
    help: "the key stayed with the client that started the run: keep it there until the run is over, or write the key into model-keys.json",
  });
const badKey = (origin: string): ModelFault =>
  fault("MODEL_REFUSED", `what a client gave as the key for ${origin} is none`, {
    help: "it is empty, too long, or not of visible ASCII characters",
  });
