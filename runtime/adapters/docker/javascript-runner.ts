/**
 * What runs a JavaScript program in a container, as a file of the image: it stands beside the program and
 * is as untrusted as it. The program comes on standard input. It has what the embedded tier gives
 * (`files`, top-level `await`, the value of its last expression) and all of Node besides, behind the
 * container's walls. The value goes to the file that `VALUE_FILE` names, as JSON text.
 */
export const JAVASCRIPT_RUNNER = `"use strict";
const fs = require("node:fs");
const { dirname, join, relative } = require("node:path");
const { createRequire } = require("node:module");
const { Session } = require("node:inspector");

const valueFile = process.argv[2];
const valueBytesMax = Number(process.argv[3]);
const program = fs.readFileSync(0, "utf8");
const { stringify } = JSON;

const named = (path) => {
  const rest = String(path).replace(/^(?:\\.\\/+)+/, "").replace(/(?<=[^/])\\/+$/, "");
  const name = rest === "" ? "." : rest;
  if (name.startsWith("/") || name.split("/").includes("..")) {
    throw new Error("\`" + name + "\` cannot name a file of a run");
  }
  return name;
};

const found = (path, act) => {
  const name = named(path);
  try {
    return act(name);
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") throw new Error("the run has no file \`" + name + "\`");
    if (error.code === "EISDIR") throw new Error("\`" + name + "\` is a folder");
    throw error;
  }
};

const below = (folder, list) => {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) below(path, list);
    else if (entry.isFile()) list.push(path);
  }
  return list;
};

globalThis.files = Object.freeze({
  read: (path) => found(path, (name) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fs.readFileSync(name))),
  write: (path, content) => {
    if (typeof content !== "string") throw new TypeError("files.write takes a path and a text");
    const name = named(path);
    fs.mkdirSync(dirname(name), { recursive: true });
    fs.writeFileSync(name, content);
  },
  list: (path = ".") =>
    found(path, (name) => {
      const list = fs.statSync(name).isDirectory() ? below(name, []) : [name];
      if (list.length === 0 && name !== ".") throw Object.assign(new Error(), { code: "ENOENT" });
      return list.map((one) => relative(".", one)).sort();
    }),
});
globalThis.require = createRequire(join(process.cwd(), "program.js"));

const session = new Session();
session.connect();
const post = (method, parameters) =>
  new Promise((resolve, reject) =>
    session.post(method, parameters, (error, answer) => (error ? reject(new Error(error.message)) : resolve(answer))),
  );

const argument = ({ objectId, unserializableValue, value }) =>
  objectId !== undefined ? { objectId } : unserializableValue !== undefined ? { unserializableValue } : { value };

let done = false;
const fail = (text) => {
  done = true;
  process.stderr.write(text.trimEnd() + "\\n");
  process.exit(1);
};
process.on("exit", () => {
  if (!done) {
    process.stderr.write("the program waits for a promise that nothing settles\\n");
    process.exitCode = 1;
  }
});

const thrown = ({ exceptionDetails }) => {
  const { exception, text } = exceptionDetails;
  if (exception === undefined) return text;
  return exception.subtype === "error" ? exception.description : "thrown: " + (exception.description ?? String(exception.value));
};

(async () => {
  // The program's time counts from here.
  fs.writeSync(1, "\\0");
  let answer = await post("Runtime.evaluate", { expression: program, replMode: true, awaitPromise: true });
  if (answer.exceptionDetails === undefined && answer.result.subtype === "promise") {
    answer = await post("Runtime.awaitPromise", { promiseObjectId: answer.result.objectId });
  }
  if (answer.exceptionDetails !== undefined) return fail(thrown(answer));
  const { result: world } = await post("Runtime.evaluate", { expression: "globalThis" });
  const encoded = await post("Runtime.callFunctionOn", {
    objectId: world.objectId,
    functionDeclaration: "function (value) { return JSON.stringify(value) }",
    arguments: [argument(answer.result)],
    returnByValue: true,
  });
  if (encoded.exceptionDetails !== undefined) {
    return fail("the completion value cannot be written as JSON: " + thrown(encoded));
  }
  done = true;
  const text = encoded.result.value;
  if (typeof text !== "string") return;
  if (Buffer.byteLength(text) > valueBytesMax) return fail("the completion value has more than " + valueBytesMax + " bytes as JSON");
  fs.writeFileSync(valueFile, text);
})().catch((error) => fail(stringify(String(error))));
`;
