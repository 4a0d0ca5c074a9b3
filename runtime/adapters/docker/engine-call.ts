import { errorCode } from "#kernel/error-code.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";

/** Why an engine did not do what it was asked to. */
export interface EngineRefusal {
  /** HTTP status of its answer; null where it gave none. */
  readonly status: number | null;
  /** For people; the engine's words in it are visible text. */
  readonly why: string;
  /** It takes calls and does not even say that it is there: what it was asked may come to pass, or not. */
  readonly isSilent?: true;
}

export interface EngineCallLimits {
  /** Longest that any call may take. */
  readonly callMsMax: number;
  /** How long a call goes without an answer until the engine is asked whether it is there, and between two askings. */
  readonly lookMs: number;
  /** Longest that it may take to say that it is there. */
  readonly answerMsMax: number;
}

/**
 * Well below what a call's executor is given to say what became of it once it was told to stop, so that whoever waits
 * hears that the engine is silent instead of nothing.
 */
export const ENGINE_CALL_LIMITS: EngineCallLimits = { callMsMax: 30_000, lookMs: 2_000, answerMsMax: 5_000 };

type Call<T> = (late: AbortSignal) => Promise<T>;

export interface EngineCalls {
  /** Whether the engine is there and will do more. */
  readonly answers: () => Promise<boolean>;
  /**
   * Settles as soon as the engine is silent, and never otherwise: it is asked again and again whether it is there,
   * until `over`. For whoever waits longer than a call may take. One question that is not answered is no silence
   * yet, for this process or the machine may have been held up itself.
   */
  readonly silence: (over: AbortSignal) => Promise<EngineRefusal>;
  /**
   * Makes a call with a limit. An engine that hangs is one that is not there: one that is stopped, and not ended,
   * keeps every connection and takes new ones, so a call that takes its time goes on only as long as the engine
   * says that it is there. The connection of a call that is given up is closed: left open it would keep this
   * process from ending.
   */
  readonly bounded: <T>(call: Call<T>, limitMs?: number) => Promise<Result<T, EngineRefusal>>;
}

/** How many questions in a row an engine leaves unanswered that is silent below who waits for long. */
const UNANSWERED_MAX = 2;

/** @param ping asks an engine whether it is there. */
export const createEngineCalls = (
  ping: Call<unknown>,
  { callMsMax, lookMs, answerMsMax }: EngineCallLimits = ENGINE_CALL_LIMITS,
): EngineCalls => {
  const presence = (unasked: AbortSignal): Promise<"there" | "silent" | "gone"> =>
    inTime((late) => ping(AbortSignal.any([late, unasked])), answerMsMax).then(
      (said) => (said === LATE ? "silent" : "there"),
      () => "gone",
    );
  const silenceFor = (unansweredMax: number, over: AbortSignal): Promise<EngineRefusal> =>
    new Promise((resolve) => {
      let unanswered = 0;
      const look = async (): Promise<void> => {
        // One that is gone has ended its connections, or ends what it has begun: who waits for it hears of that.
        unanswered = (await presence(over)) === "silent" ? unanswered + 1 : 0;
        if (over.aborted) return;
        if (unanswered === unansweredMax) resolve(silent(unanswered * answerMsMax));
        else looking = setTimeout(() => void look(), unanswered > 0 ? 0 : lookMs);
      };
      let looking = setTimeout(() => void look(), lookMs);
      over.addEventListener("abort", () => clearTimeout(looking), { once: true });
    });
  return {
    answers: async () => (await presence(new AbortController().signal)) === "there",
    silence: (over) => silenceFor(UNANSWERED_MAX, over),
    async bounded(call, limitMs = callMsMax) {
      const givenUp = new AbortController();
      const over = new AbortController();
      const silence = silenceFor(1, over.signal).then((refusal) => failed(refusal));
      const end = await Promise.race([silence, refusable(call, limitMs, givenUp.signal)]);
      // Nor is a question open whether it is there, once nobody wants to know.
      over.abort();
      if (!end.ok && end.fault.isSilent === true) givenUp.abort();
      return end;
    },
  };
};

const silent = (silenceMs: number): EngineRefusal => ({
  status: null,
  why: `it takes calls and has not said for ${Math.ceil(silenceMs / 1_000)} s that it is there`,
  isSilent: true,
});

const refusable = async <T>(
  call: Call<T>,
  limitMs: number,
  givenUp: AbortSignal,
): Promise<Result<T, EngineRefusal>> => {
  try {
    const said = await inTime((late) => call(AbortSignal.any([late, givenUp])), limitMs);
    return said === LATE ? failed({ status: null, why: `it did not answer within ${limitMs} ms` }) : ok(said);
  } catch (error) {
    return failed(refusal(error));
  }
};

const LATE = Symbol("late");

const inTime = async <T>(call: Call<T>, limitMs: number): Promise<T | typeof LATE> => {
  let timer: NodeJS.Timeout | undefined;
  const over = new AbortController();
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => {
      // A process that was kept busy itself reads what has come meanwhile before it calls anybody late.
      setImmediate(() => {
        resolve(LATE);
        over.abort();
      });
    }, limitMs);
  });
  try {
    return await Promise.race([call(over.signal), late]);
  } finally {
    clearTimeout(timer);
  }
};

const refusal = (error: unknown): EngineRefusal => {
  if (
    typeof error === "object" &&
    error !== null &&
    "statusCode" in error &&
    typeof error.statusCode === "number"
  ) {
    return {
      status: error.statusCode,
      why: `it refused (${error.statusCode}): ${visibleExcerpt(wordsOf(error), 300)}`,
    };
  }
  const code = errorCode(error);
  const why =
    code === "EACCES"
      ? "its socket is not open to this user"
      : code === "unknown"
        ? "its connection broke"
        : `it cannot be reached (${code})`;
  return { status: null, why };
};

/** What an engine said of its refusal; of a call whose answer is a stream the client has it in its own words only. */
const wordsOf = (error: object): string => {
  const said = "json" in error && typeof error.json === "object" && error.json !== null ? error.json : {};
  if ("message" in said) return String(said.message);
  const [, words = ""] =
    "message" in error ? (/^\(HTTP code \d+\) .*? - ([^]*)$/.exec(String(error.message)) ?? []) : [];
  return words.trim();
};
