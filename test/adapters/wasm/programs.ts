import type { SandboxPrograms } from "#test/contracts/sandbox.ts";

const text = (value: unknown): string => JSON.stringify(value);
const javascript = (code: string) => ({ kind: "javascript", code }) as const;

export const javascriptPrograms: SandboxPrograms = {
  prints: (stream, what) => javascript(`console.${stream === "stdout" ? "log" : "error"}(${text(what)})`),
  lists: (folder) => javascript(`for (const path of files.list(${text(folder)})) console.log(path)`),
  printsFile: (path) => javascript(`console.log(files.read(${text(path)}))`),
  writes: (path, what) => javascript(`files.write(${text(path)}, ${text(what)})`),
  writesAndFails: (path, what) =>
    javascript(`files.write(${text(path)}, ${text(what)}); throw new Error("no")`),
  writesAndHangs: (path, what) =>
    javascript(`files.write(${text(path)}, ${text(what)}); console.log("begun"); for (;;);`),
  writesAndHogs: (path, what) =>
    javascript(
      `files.write(${text(path)}, ${text(what)}); const kept = []; for (;;) kept.push(new ArrayBuffer(65536));`,
    ),
  gives: (value) => javascript(`(${text(value)})`),
};
