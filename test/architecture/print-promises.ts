/** `npm run docs:promises`: writes docs/promises.md, and the table of features in README.md. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { landedStages, requirements } from "../requirements.ts";
import { gatherCitations } from "./promises.ts";
import { printPromises, withFeatures } from "./promises-page.ts";

const top = fileURLToPath(new URL("../../", import.meta.url));
const evidence = { requirements, citations: gatherCitations(top).citations, landed: landedStages };
mkdirSync(`${top}docs`, { recursive: true });
writeFileSync(`${top}docs/promises.md`, printPromises(evidence));
if (existsSync(`${top}README.md`)) {
  writeFileSync(`${top}README.md`, withFeatures(readFileSync(`${top}README.md`, "utf8"), evidence));
}
