/** `npm run docs:rooms`: writes the room section of ARCHITECTURE.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { withRooms } from "./diagram.ts";
import { rooms } from "./rooms.ts";

const page = new URL("../../ARCHITECTURE.md", import.meta.url);
writeFileSync(page, withRooms(readFileSync(page, "utf8"), rooms));
