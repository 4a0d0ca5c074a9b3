/* Started by a test with a state folder and a socket: looks at both as a user who owns neither. */
import { inspectEngine } from "#adapters/docker/inspect-engine.ts";
import { stateFinding } from "#host/doctor/state-folder.ts";

const [, , folder = "", socket = ""] = process.argv;
if (process.getuid?.() === 0) process.seteuid?.(65_534);
const engine = await inspectEngine({ DOCKER_HOST: `unix://${socket}` }, 5_000);
process.stdout.write(JSON.stringify({ engine: engine.k, state: await stateFinding(folder) }));
