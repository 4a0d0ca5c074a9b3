import manifest from "../../package.json" with { type: "json" };

/** The version of this build. */
export const VERSION: string = manifest.version;

/** The oldest Node that the bundle runs on: major and minor. */
export const NODE_MIN = [22, 15] as const;
