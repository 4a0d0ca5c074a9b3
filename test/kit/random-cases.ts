/**
 * Which random cases the properties are tried with, in every test file before it runs.
 *
 * An ordinary run tries the same ones each time, so that a red run is about the change and can be repeated as
 * it is. `npm run soak` tries new ones; WRIT_SEED=7 begins elsewhere in either. A property that fails prints
 * its seed.
 */
import fc from "fast-check";

const given = process.env["WRIT_SEED"];

if (given !== undefined) fc.configureGlobal({ seed: Number(given) });
else if (process.env["WRIT_SOAK"] !== "1") fc.configureGlobal({ seed: 1 });
