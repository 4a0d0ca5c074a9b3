import type { Scan } from "../parser/scan.ts";
import type { Reporter } from "./reporter.ts";

/** WRIT061 and the foreign letters of WRIT011: what the eye cannot tell from something else. */
export const checkHiddenCharacters = (reporter: Reporter, scan: Scan): void => {
  for (const { span, where } of scan.hidden) {
    const points = Array.from(reporter.source.slice(span)).slice(0, 4).map(codePoint).join(" ");
    if (where === "string") {
      reporter.report("WRIT061", span, `this text holds characters that nobody sees (${points})`, {
        help: "Write them as `\\u{…}` if they are meant.",
      });
    } else {
      // In code they separate words like a space does; in a remark nothing is lost with them.
      reporter.report("WRIT061", span, `characters that nobody sees stand here (${points})`, {
        fix: { title: "Remove them", edits: [{ span, text: where === "code" ? " " : "" }] },
      });
    }
  }
  for (const span of scan.foreignWords) {
    reporter.report("WRIT011", span, "a name has letters other than ASCII, which others can be taken for", {
      help: "Use ASCII letters, digits and `_`.",
    });
  }
};

const codePoint = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
