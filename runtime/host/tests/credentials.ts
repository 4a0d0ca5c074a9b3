import { toBase64, utf8 } from "#kernel/bytes.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { secretRemover } from "#kernel/without-secret.ts";
import { pointerTo } from "#apitest/load/pointer.ts";
import { withCredentials } from "#apitest/wire/credentials.ts";
import { cookieValue, encodePart } from "#apitest/wire/encode.ts";
import type { ApiTester } from "#ports/api-tester.ts";
import type { HttpTransport } from "#ports/http-transport.ts";
import { isKeyText } from "#ports/secret-source.ts";
import type { ApiCredential, ApiCredentialChoice, ApiTestPlan } from "#protocol/api-test.ts";

import { isLoopbackHost } from "../models/endpoint-url.ts";

export type CredentialFault = Fault<
  "TESTS_CREDENTIAL_MISSING" | "TESTS_CREDENTIAL_UNFIT" | "TESTS_CREDENTIAL_EXPOSED"
>;

/**
 * The credentials of one run, from variables of the environment that a person named, for one origin. Their values
 * leave this object in two ways only: into requests to that origin, where they are sent, and out of texts.
 */
export class TestCredentials {
  /** Truly private, so that nothing that prints objects prints them. */
  readonly #values: ReadonlyMap<string, string>;
  readonly #hide: (text: string) => string;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
    this.#hide = secretRemover([...values.values()].flatMap(formsOf));
  }

  static read(
    choices: readonly ApiCredentialChoice[],
    variables: Readonly<Record<string, string | undefined>>,
    origin: string,
  ): Result<TestCredentials, CredentialFault> {
    const values = new Map<string, string>();
    for (const { scheme, variable } of choices) {
      const value = variables[variable] ?? "";
      // What was named may be the credential itself, by mistake: it is not repeated.
      if (value === "") {
        const message = `the variable that --credential names for \`${scheme}\` is not set`;
        return failed(
          fault("TESTS_CREDENTIAL_MISSING", message, { help: "export it, and name it without `$`" }),
        );
      }
      if (!isKeyText(value)) return failed(unfit(scheme, "has a space, a line break or a sign beyond ASCII"));
      values.set(variable, value);
    }
    if (values.size > 0 && !isUnread(origin)) {
      const message = "a credential goes to another machine over https only";
      return failed(
        fault("TESTS_CREDENTIAL_EXPOSED", message, { help: "name an origin of https with --origin" }),
      );
    }
    return ok(new TestCredentials(values));
  }

  /** Why the credentials cannot be sent as the plan says. */
  refusalOf(plan: ApiTestPlan): CredentialFault | undefined {
    for (const { scheme, variable, place, form } of credentialsOf(plan)) {
      const value = this.#values.get(variable) ?? "";
      if (form === "basic" && !value.includes(":")) return unfit(scheme, "is not `user:password`");
      if (place === "cookie" && cookieValue(value) === undefined)
        return unfit(scheme, "has a sign that no cookie may have");
    }
    return undefined;
  }

  /** The transport, which puts the credentials in at the last moment. Whoever records a request has seen none. */
  sentBy(transport: HttpTransport): HttpTransport {
    return {
      origin: transport.origin,
      send: (request, signal) => {
        const isKnown = (request.credentials ?? []).every(({ variable }) => this.#values.has(variable));
        if (!isKnown) {
          return Promise.resolve(failed(fault("HTTP_UNSENDABLE", "a credential that nobody named")));
        }
        return transport.send(
          withCredentials(request, (credential) =>
            wireText(credential, this.#values.get(credential.variable) ?? ""),
          ),
          signal,
        );
      },
      close: () => transport.close(),
    };
  }

  /** A text without any credential of the run. */
  hide(text: string): string {
    return this.#hide(text);
  }

  /** The judge, whose words hold no credential whatever the server repeats. */
  hiddenFrom(tester: Pick<ApiTester, "judge" | "smaller">): Pick<ApiTester, "judge" | "smaller"> {
    return {
      judge: async (caseId, answer, signal) => {
        const judged = await tester.judge(caseId, answer, signal);
        return judged.ok
          ? ok(
              judged.value.map((each) => ({
                ...each,
                message: this.#hide(each.message),
                cause: this.#hide(each.cause),
              })),
            )
          : judged;
      },
      smaller: (caseId, signal) => tester.smaller(caseId, signal),
    };
  }
}

/** Which credentials the requests of a plan bring, each once. */
export const credentialsOf = (plan: ApiTestPlan): readonly ApiCredential[] => {
  const found = new Map<string, ApiCredential>();
  for (const { request } of plan.cases)
    for (const each of request.credentials ?? []) found.set(each.scheme, each);
  return [...found.values()];
};

const wireText = ({ place, form }: ApiCredential, value: string): string => {
  if (form === "bearer") return `Bearer ${value}`;
  if (form === "basic") return `Basic ${toBase64(utf8(value))}`;
  return place === "query" ? encodePart(value) : value;
};

/** A shorter password would be found in any text. */
const PASSWORD_CHARACTERS_MIN = 4;

/** Everything that gives a credential away: it, as it is sent, and the password of a user, each in any writing. */
const formsOf = (value: string): readonly string[] => {
  const password = value.slice(value.indexOf(":") + 1);
  const parts = value.includes(":") && password.length >= PASSWORD_CHARACTERS_MIN ? [password] : [];
  return [...new Set([value, ...parts, toBase64(utf8(value))].flatMap(writingsOf))];
};

/** As it stands, percent-encoded by any client, within a text of JSON; and each of these in a JSON pointer. */
const writingsOf = (text: string): readonly string[] => {
  const encoded = [encodePart(text), encodeURIComponent(text)];
  const writings = [
    text,
    ...encoded,
    ...encoded.map((each) => each.replace(/%../g, (sign) => sign.toLowerCase())),
    JSON.stringify(text).slice(1, -1),
  ];
  return [...writings, ...writings.map((each) => pointerTo("", each).slice(1))];
};

const unfit = (scheme: string, why: string): Fault<"TESTS_CREDENTIAL_UNFIT"> =>
  fault("TESTS_CREDENTIAL_UNFIT", `the credential for \`${scheme}\` ${why}`);

/** Whether nobody on the way can read what is sent: encrypted, or never leaving this machine. */
const isUnread = (origin: string): boolean => {
  const { protocol, hostname } = new URL(origin);
  return protocol === "https:" || isLoopbackHost(hostname);
};
