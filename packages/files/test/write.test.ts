import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBounded, writeFileAtomic, writeNewFile } from "@mlsign/files";
import test from "ava";

function folder(): string {
  return mkdtempSync(join(tmpdir(), "mlsign-files-"));
}

test("writeFileAtomic() replaces a file and leaves nothing beside it", (t) => {
  const path = join(folder(), "a");
  writeFileAtomic(path, "old");
  writeFileAtomic(path, "new");
  t.is(readFileSync(path, "utf8"), "new");
  t.deepEqual(readdirSync(join(path, "..")), ["a"]);
});

test("writeFileAtomic() takes over what a crash left behind", (t) => {
  const path = join(folder(), "a");
  writeFileSync(`${path}.tmp`, "half");
  utimesSync(`${path}.tmp`, new Date(0), new Date(0));
  writeFileAtomic(path, "new");
  t.is(readFileSync(path, "utf8"), "new");
  t.false(existsSync(`${path}.tmp`));
});

test("writeFileAtomic() refuses while another writes, and keeps the old file", (t) => {
  const path = join(folder(), "a");
  writeFileAtomic(path, "old");
  writeFileSync(`${path}.tmp`, "another's");
  t.throws(() => writeFileAtomic(path, "new"), { code: "locked" } as object);
  t.is(readFileSync(path, "utf8"), "old");
  t.is(readFileSync(`${path}.tmp`, "utf8"), "another's");
});

test("writeFileAtomic() says that a folder is missing", (t) => {
  t.throws(() => writeFileAtomic(join(folder(), "no/a"), "x"), {
    code: "file-unwritable",
  } as object);
});

test("writeNewFile() never overwrites, and sets the mode", (t) => {
  const path = join(folder(), "key");
  writeNewFile(path, "secret", 0o600);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.throws(() => writeNewFile(path, "other", 0o600), { code: "output-exists" } as object);
  t.is(readFileSync(path, "utf8"), "secret");
});

test("readBounded() bounds what it reads and waits for no device", (t) => {
  const path = join(folder(), "a");
  t.is(readBounded(path, 10), undefined);
  writeFileSync(path, "12345");
  t.is(readBounded(path, 5)?.toString(), "12345");
  t.throws(() => readBounded(path, 4), { code: "limit-exceeded" } as object);
  t.throws(() => readBounded(folder(), 4), { code: "file-unreadable" } as object);
});
