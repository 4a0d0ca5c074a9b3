import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { SecretFault, SecretSource } from "#ports/secret-source.ts";
import { isKeyText } from "#ports/secret-source.ts";
import { readUserFile } from "./user-file.ts";

/** A variable of the environment that holds a key, and the one origin that it is bound to. */
export interface KeyVariable {
  readonly name: string;
  readonly origin: string;
}

export interface ModelKeyPlaces {
  /** Absolute. A JSON object from origins to keys, of mode 0600. */
  readonly file: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The first that is set wins. */
  readonly bound: readonly KeyVariable[];
}

/**
 * Keys of model endpoints: a variable of the environment where one is bound to the origin, else the file
 * of keys. Each key is for exactly the origin it stands for, port and scheme included.
 */
export const createModelKeys = ({ file, variables, bound }: ModelKeyPlaces): SecretSource => ({
  async secretFor(origin) {
    for (const { name, origin: own } of bound) {
      const said = (variables[name] ?? "").trim();
      if (own === origin && said !== "") return keyOf(said, `the key in ${name}`);
    }
    const read = await readUserFile(file, "secret");
    if (!read.ok) return failed(refused(file, read.fault.k, read.fault.why));
    if (read.value === null) return ok(null);
    const reading = readJson(read.value);
    if (!reading.ok || !isJsonObject(reading.value)) return failed(invalid(`\`${visibleText(file)}\``));
    const found = ownValue(reading.value, origin);
    if (found === undefined) return ok(null);
    return typeof found === "string"
      ? keyOf(found.trim(), `a key in \`${visibleText(file)}\``)
      : failed(invalid(`\`${visibleText(file)}\``));
  },
});

const keyOf = (text: string, place: string): Result<string, SecretFault> =>
  isKeyText(text)
    ? ok(text)
    : failed(
        fault(
          "SECRET_INVALID",
          `${place} is none: it is empty, too long, or not of visible ASCII characters`,
          { help: "put the provider's key there as it was given to you, or take it out" },
        ),
      );

const invalid = (place: string): SecretFault =>
  fault("SECRET_INVALID", `${place} is not a JSON object from origins to keys`, {
    help: 'its form is {"https://api.openai.com": "<key>"}',
  });

const refused = (file: string, kind: "exposed" | "unreadable", why: string): SecretFault => {
  const message = `\`${visibleText(file)}\` ${why}`;
  return kind === "unreadable"
    ? fault("SECRET_UNREADABLE", message, { help: "mend or remove it" })
    : fault("SECRET_EXPOSED", `${message}, so its keys count as known`, {
        help: `if nobody else used this machine meanwhile, \`chmod 600 ${visibleText(file)}\`; otherwise replace the keys`,
      });
};
