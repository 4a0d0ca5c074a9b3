import { toBase64 } from "#kernel/bytes.ts";
import { changed, linesOf, parse, rechained, resigned, sealed, signed } from "../forge.ts";
import { START_WALL_MS } from "../world.ts";
import type { Add, Originals } from "./table.ts";
import { LINES, certificate, lines, one } from "./table.ts";

/** Lines that somebody else vouches for: rows 8 to 11. */
export const wrongAuthors = (add: Add, originals: Originals): void => {
  const { plain, content, rotated, workspace, writer, rotatedWorkspace, foreign } = originals;
  add(
    "certificate-unsigned",
    "the certificate's signature is of something else",
    plain,
    ["wrong-certificate", 0],
    one(
      plain,
      0,
      certificate((it) => ({ ...it, signature: toBase64(new Uint8Array(64)) })),
    ),
  );
  add(
    "certificate-by-another",
    "the certificate names the right key and is signed by another",
    plain,
    ["wrong-certificate", 0],
    one(
      plain,
      0,
      certificate((it) => signed(it, foreign.workspace)),
    ),
  );
  add(
    "no-certificate",
    "the log begins with its opening",
    plain,
    ["wrong-certificate", 0],
    lines(plain, (all) =>
      rechained(
        all.slice(1).map((line, seq) => changed(line, (it) => (it["seq"] = seq))),
        0,
      ),
    ),
  );
  add(
    "second-certificate",
    "a certificate in the middle",
    plain,
    ["wrong-certificate", 3],
    lines(plain, (all) => {
      const again = signed(
        { ...parse(all[0]?.text ?? ""), seq: 3, prev: parse(all[2]?.text ?? "")["hash"] ?? "" },
        workspace,
      );
      return all.with(3, { file: LINES, text: sealed(again) });
    }),
  );
  add(
    "rotation-by-writer",
    "a rotation that the workspace key did not sign",
    rotated,
    ["wrong-certificate", 5],
    one(
      rotated,
      5,
      certificate((it) => signed(it, foreign.writer)),
    ),
  );
  add(
    "rotation-of-another",
    "a rotation that replaces a key which does not write",
    rotated,
    ["wrong-certificate", 5],
    one(
      rotated,
      5,
      certificate((it) =>
        signed({ ...it, public: { ...it.public, previous: "2".repeat(64) } }, rotatedWorkspace),
      ),
    ),
  );
  add(
    "revokes-itself",
    "the key that writes is revoked",
    rotated,
    ["wrong-certificate", 7],
    one(
      rotated,
      7,
      certificate((it) =>
        signed(
          {
            ...it,
            public: { ...it.public, key: parse(linesOf(rotated.files)[5]?.text ?? "").public["key"] ?? "" },
          },
          rotatedWorkspace,
        ),
      ),
    ),
  );
  add(
    "all-by-another",
    "the whole log made anew by somebody with keys of their own",
    plain,
    ["foreign", 0],
    lines(plain, (all) => resigned(all, foreign)),
  );
  add("other-key-expected", "a right log where another key is expected", plain, ["foreign", 0], {
    publicKey: content.publicKey,
    anchor: null,
  });
  add(
    "writer-certified-elsewhere",
    "the writer's key is certified by another workspace",
    plain,
    ["foreign", 0],
    lines(plain, (all) => resigned(all, { ...foreign, writer })),
  );
  add(
    "other-writer",
    "a line that names another writer, chained again",
    plain,
    ["wrong-writer", 3],
    lines(plain, (all) =>
      rechained(
        all.map((line, at) => (at === 3 ? changed(line, (it) => (it["writer"] = "0123456789abcdef")) : line)),
        3,
      ),
    ),
  );
  add(
    "old-writer",
    "the old key goes on writing behind a rotation",
    rotated,
    ["wrong-writer", 6],
    lines(rotated, (all) => {
      const old = parse(all[0]?.text ?? "")["writer"] ?? "";
      return rechained(
        all.map((line, at) => (at === 6 ? changed(line, (it) => (it["writer"] = old)) : line)),
        6,
      );
    }),
  );
  add(
    "time-back",
    "monotonic time falls",
    plain,
    ["time-went-back", 4],
    lines(plain, (all) =>
      rechained(
        all.map((line, at) =>
          at === 4 ? changed(line, (it) => (it["time"] = { monotonicMs: 0, wallMs: START_WALL_MS })) : line,
        ),
        4,
      ),
    ),
  );
};
