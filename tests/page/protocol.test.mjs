// The page's types have every command, answer, object and event of docs/protocol.md, with every field, and no others.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const doc = read("../../docs/protocol.md");
const types = read("../../page/protocol.d.ts");

const section = (from, to) => doc.slice(doc.indexOf(`\n## ${from}\n`), doc.indexOf(`\n## ${to}\n`));
const camel = (name) => name.split("-").map((part) => part[0].toUpperCase() + part.slice(1)).join("");
const OBJECTS = { room: "RoomInfo", member: "MemberInfo", person: "PersonInfo", gone: "GoneInfo", message: "MessageInfo", file: "FileInfo", "file row": "FileRow", chat: "ChatInfo", ban: "BanInfo", help: "HelpInfo" };

/** From the name of an interface to its fields; those that may be absent end in `?`. */
const written = new Map(
  [...types.matchAll(/^export interface (\w+) \{([^}]*)\}/gm)].map(([, name, body]) => {
    const fields = [...body.matchAll(/(\w+\??):/g)].map(([, field]) => field).filter((field) => !["type", "for"].includes(field));
    return [name, fields.filter((field) => !(field === "tag?" && /Command$|^Ok/.test(name))).sort()];
  }),
);

/** The same of the document. */
function told() {
  const all = new Map();
  const headed = (text, end) => {
    for (const part of text.split("\n### `").slice(1)) {
      const fields = [...part.matchAll(/^\| `(\w+)` \| (must|may|always|some) \|/gm)].map(([, name, when]) => (/must|always/.test(when) ? name : `${name}?`));
      all.set(camel(part.split("`")[0]) + end, fields.sort());
    }
  };
  headed(section("Commands", "Answers"), "Command");
  headed(section("Events", "Errors"), "Event");
  const [answers, objects] = section("Answers", "Events").split("The objects inside");
  const fields = (cell) => [...cell.matchAll(/`(\w+\??)`/g)].map(([, field]) => field).sort();
  for (const [, name, cell] of answers.matchAll(/^\| `([\w-]+)` \|([^|]*)\|/gm)) if (name !== "for") all.set(`Ok${camel(name)}`, fields(cell));
  for (const [, name, cell] of objects.matchAll(/^\| ([\w ]+) \|([^|]*)\|/gm)) if (OBJECTS[name]) all.set(OBJECTS[name], fields(cell));
  all.delete("OkEvent");
  return all;
}

test("the types of the page are those of the protocol", () => {
  const wanted = told();
  assert.ok(wanted.size > 100, String(wanted.size));
  const other = [...wanted].filter(([name, fields]) => String(written.get(name)) !== String(fields));
  assert.deepEqual(other.map(([name, fields]) => [name, fields, written.get(name)]), []);
  const more = [...written.keys()].filter((name) => /Command$|Event$|^Ok/.test(name) && !wanted.has(name));
  assert.deepEqual(more, []);
});
