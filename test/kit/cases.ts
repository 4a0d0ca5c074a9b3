/** Whether every proof has its full size: `npm run soak` says so by WRIT_SOAK=1. */
export const SOAK = process.env["WRIT_SOAK"] === "1";

/** How many random cases a property is tried with, if an ordinary run has time for so many. */
export const caseCount = (ordinary: number): number => (SOAK ? 10 * ordinary : ordinary);
