import { describe, expect, test } from "vitest";
import type { PlaceSurroundings } from "#adapters/host-socket/place.ts";
import { hostPlace } from "#adapters/host-socket/place.ts";
import { hostVariables } from "#adapters/host-socket/start-host.ts";

const WORKSPACE = "01890a5d-ac96-774b-bcce-b302099a8057";
/** `printf %s 01890a5d-ac96-774b-bcce-b302099a8057 | sha256sum | cut -c1-16` */
const NAME = "87bd6ad8b1f005da";

const place = (given: Partial<PlaceSurroundings> = {}) =>
  hostPlace(WORKSPACE, { platform: "linux", uid: 1000, variables: {}, ...given });

const folderOf = (given: Partial<PlaceSurroundings>): string => {
  const found = place(given);
  return found.ok ? found.value.folders[1] : found.fault.code;
};

test.each([
  ["linux", { XDG_RUNTIME_DIR: "/run/user/1000" }, `/run/user/1000/writ/${NAME}`],
  ["linux", { XDG_RUNTIME_DIR: "/run/user/1000", TMPDIR: "/t" }, `/run/user/1000/writ/${NAME}`],
  ["linux", { XDG_RUNTIME_DIR: "relative", TMPDIR: "/t" }, `/t/writ-1000/${NAME}`],
  ["linux", {}, `/tmp/writ-1000/${NAME}`],
  ["darwin", { XDG_RUNTIME_DIR: "/run/user/1000", TMPDIR: "/var/t/" }, `/var/t/writ-1000/${NAME}`],
  ["darwin", { TMPDIR: "" }, `/tmp/writ-1000/${NAME}`],
] as const)("on %s with %j the place is %s", (platform, variables, expected) => {
  expect(folderOf({ platform, variables })).toBe(expected);
});

test("holds lock, token and socket", () => {
  const folder = `/r/writ/${NAME}`;
  expect(place({ variables: { XDG_RUNTIME_DIR: "/r" } })).toEqual({
    ok: true,
    value: {
      folders: ["/r/writ", folder],
      lock: `${folder}/host.lock`,
      token: `${folder}/host.token`,
      socket: `${folder}/host.sock`,
      log: `${folder}/host.log`,
    },
  });
});

describe("a path that a socket cannot have", () => {
  const rest = `/writ/${NAME}/host.sock`.length;
  const root = (bytes: number): Partial<PlaceSurroundings> => ({
    variables: { XDG_RUNTIME_DIR: `/${"d".repeat(bytes - rest - 1)}` },
  });

  test("has 100 bytes or more", () => {
    expect(place(root(99)).ok).toBe(true);
    expect(place(root(100))).toMatchObject({
      ok: false,
      fault: { code: "SOCKET_PATH_TOO_LONG", help: expect.stringContaining("XDG_RUNTIME_DIR") },
    });
  });

  test("counts bytes, not characters", () => {
    expect(folderOf({ variables: { XDG_RUNTIME_DIR: `/${"é".repeat(40)}` } })).toBe("SOCKET_PATH_TOO_LONG");
  });
});

test("a system without a socket of one user's own has no place", () => {
  expect(folderOf({ platform: "win32" })).toBe("SOCKET_UNSUPPORTED");
  expect(folderOf({ uid: undefined })).toBe("SOCKET_UNSUPPORTED");
});

test("a host is given names of places, and no secret", () => {
  const given = {
    PATH: "/bin",
    HOME: "/home/u",
    LANG: "de_DE.UTF-8",
    TMPDIR: "/t",
    DOCKER_HOST: "unix:///d",
    XDG_RUNTIME_DIR: "/r",
    WRIT_STATE: "/s",
    SYMBI_AUDIT_STORAGE: "/a",
  };
  const kept = {
    OPENAI_API_KEY: "sk",
    WRIT_API_KEY: "k",
    WRIT_TOKEN: "t",
    WRIT_MODEL_URL: "http://127.0.0.1:1/v1",
    XDG_SESSION_TOKEN: "t",
    WRIT_DB_PASSWORD: "p",
    NODE_OPTIONS: "--require x",
    LD_PRELOAD: "x.so",
    SHLVL: "1",
  };
  expect(hostVariables({ ...given, ...kept, WRIT_UNSET: undefined })).toEqual(given);
});
