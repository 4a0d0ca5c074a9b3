import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { RunEntry, RunRecorder } from "#ports/run-recorder.ts";
import type { EntryType, LiveType } from "#protocol/run-event.ts";

/** An entry as a reader in the same process sees it: durable already, its content still open. */
export interface ObservedEntry {
  readonly type: EntryType;
  readonly public: JsonObject;
  readonly content: { readonly [name: string]: JsonValue };
  readonly entry: RunEntry;
}

/** Whoever watches a run. What it does wrong never reaches the run. */
export interface RunObserver {
  entry(observed: ObservedEntry): void;
  live(type: LiveType, data: JsonObject): void;
}

/** Gets what an observer throws, for its developers; must not throw itself. */
export type OnThrown = (error: unknown) => void;

const guarded = (event: () => void, onThrown: OnThrown): void => {
  try {
    event();
  } catch (error) {
    onThrown(error);
  }
};

/** The recorder, with every entry shown once it is durable and every live event as it comes. */
export const observedRecorder = (
  recorder: RunRecorder,
  observer: RunObserver,
  onThrown: OnThrown,
): RunRecorder => {
  const show = (event: () => void): void => guarded(event, onThrown);
  return {
    run: recorder.run,
    scope: recorder.scope,
    async record(draft) {
      const recorded = await recorder.record(draft);
      if (!recorded.ok) return recorded;
      const { type, public: fields, content } = draft;
      show(() => observer.entry({ type, public: fields, content, entry: recorded.value }));
      return recorded;
    },
    live(type, data) {
      recorder.live(type, data);
      show(() => observer.live(type, data));
    },
  };
};

/** An observer that is shown nothing before it is let see, and then all of it in its order. */
export interface HeldObserver extends RunObserver {
  release(onThrown: OnThrown): void;
}

/** Holds back what a run shows while it may still turn out that another process is the run. */
export const heldObserver = (observer: RunObserver): HeldObserver => {
  let held: ((to: RunObserver) => void)[] | null = [];
  const show = (event: (to: RunObserver) => void): void => {
    if (held === null) event(observer);
    else held.push(event);
  };
  return {
    entry: (observed) => show((to) => to.entry(observed)),
    live: (type, data) => show((to) => to.live(type, data)),
    release(onThrown) {
      const events = held ?? [];
      held = null;
      for (const event of events) guarded(() => event(observer), onThrown);
    },
  };
};
