/** Prints the table of rooms as Markdown: a Mermaid graph of the arrows that matter, then the whole table. */
import type { Room } from "./rooms.ts";

function drawRooms(rooms: readonly Room[]): string {
  const nodes = rooms.map((room) => `  ${idOf(room.name)}["${room.name}"]`);
  const arrows = rooms.flatMap((room) =>
    direct(room, rooms).map((target) => `  ${idOf(room.name)} --> ${idOf(target)}`),
  );
  const rows = rooms.map((room) => {
    const imports = room.mayImport.length === 0 ? "nothing" : room.mayImport.join(", ");
    const packages = room.packages.map((name) => `\`${name}\``).join(", ");
    return `| \`${room.path}\` | ${room.runsOn} | ${imports} | ${packages} |`;
  });
  return [
    "```mermaid",
    "graph TD",
    ...nodes,
    ...arrows,
    "```",
    "",
    "An arrow reads *may import*; one that follows from others is not drawn.",
    "",
    "| folder | runs on | may import | packages |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

/** The imports of a room that none of its other imports already leads to. */
function direct(room: Room, rooms: readonly Room[]): string[] {
  const implied = new Set(room.mayImport.flatMap((name) => [...reachable(name, rooms)]));
  return room.mayImport.filter((name) => !implied.has(name));
}

/** Everything that a room's imports lead to. The table has no circles: a test says so. */
function reachable(name: string, rooms: readonly Room[]): Set<string> {
  const next = rooms.find((room) => room.name === name)?.mayImport ?? [];
  return new Set([...next, ...next.flatMap((other) => [...reachable(other, rooms)])]);
}

function idOf(name: string): string {
  return name.replaceAll(/[^a-z]/g, "_");
}

const START = "<!-- rooms: printed by `npm run docs:rooms`, do not edit -->";
const END = "<!-- rooms: end -->";

/** The page with its room section replaced; throws when the markers are missing, once each. */
export function withRooms(page: string, rooms: readonly Room[]): string {
  const from = page.indexOf(START);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the page lacks the markers ${START} and ${END}`);
  return `${page.slice(0, from)}${START}\n${drawRooms(rooms)}\n${page.slice(to)}`;
}
