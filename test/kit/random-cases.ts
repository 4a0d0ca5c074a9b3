/**
 * Which random cases the properties are tried with, in every test file before it runs.
 *
 * An ordinary run tries the same ones each time, so that a red run is about the change and can be repeated as
 * it is. `npm run soak` tries new ones, ten times as many; WRIT_SEED=7 begins elsewhere in either. A property that fails prints
 * its seed.
 */
import fc from "fast-check";

import { caseCount, SOAK } from "./cases.ts";

const given = process.env["WRIT_SEED"];

const seed = given === undefined ? (SOAK ? {} : { seed: 1 }) : { seed: Number(given) };
fc.configureGlobal({ numRuns: caseCount(100), ...seed });
