/* Where things stand in the image; the programs that run in it are written for these places. */

export const NODE = "/bin/node";
export const RUNNER_FILE = "/opt/writ/run-javascript.cjs";
/** Where the runner leaves a program's value. */
export const VALUE_FILE = "/tmp/.writ-value";
