import { styleText } from "node:util";

import type { Style } from "./command.ts";

type Format = Parameters<typeof styleText>[0];

const painted =
  (format: Format) =>
  (text: string): string =>
    styleText(format, text, { validateStream: false });

const plain = (text: string): string => text;

const COLOURED: Style = {
  bold: painted("bold"),
  dim: painted("dim"),
  red: painted("red"),
  green: painted("green"),
  yellow: painted("yellow"),
  blue: painted("blue"),
  cyan: painted("cyan"),
};

const PLAIN: Style = {
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
  blue: plain,
  cyan: plain,
};

/**
 * Colour belongs to terminals whose owner did not say no (https://no-color.org) and that can
 * show it; FORCE_COLOR says that whoever reads the pipe is such a terminal.
 */
export const styleFor = (
  stream: { readonly isTTY?: boolean },
  variables: Readonly<Record<string, string | undefined>>,
): Style => {
  const refused = (variables["NO_COLOR"] ?? "") !== "" || variables["TERM"] === "dumb";
  const able = stream.isTTY === true || !["", "0", "false"].includes(variables["FORCE_COLOR"] ?? "");
  return able && !refused ? COLOURED : PLAIN;
};
