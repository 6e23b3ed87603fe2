// Names and texts: the same colours, keys, mentions and folds as in the terminal client, and links that only lead where they say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { folded } from "../../page/place.js";
import { colour, fold, initial, link, mentions, pieces, placeKey } from "../../page/text.js";
import { fold as sentence } from "../../page/words.js";

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
const vectors = read("vectors.json");

test("the golden colours are those of the terminal client", () => {
  assert.deepEqual(["anna", "Boris", "Анна", "АННА"].map(colour), [9, 4, 1, 1]);
});

test("the colours and keys of names of all scripts are those of the server", () => {
  const { names } = read("names.json");
  assert.ok(names.length >= 2_000);
  const other = names.filter(([nick, key, number]) => fold(nick) !== key || colour(nick) !== number);
  assert.deepEqual(other, []);
});

test("a name is found where the terminal client finds it", () => {
  for (const [text, nick, found] of vectors.mentions) {
    assert.deepEqual(mentions(text, nick).map(([from, to]) => text.slice(from, to)), found, `${nick} in ${text}`);
  }
});

test("a run of joins and leaves is the line that the terminal client makes of it", () => {
  for (const { steps, line } of vectors.folds) {
    const people = steps.reduce((run, [nick, why]) => folded(run, nick, why === null ? "came" : "went", why ?? ""), []);
    assert.equal(sentence(people), line);
  }
});

test("a run of joins and leaves holds forty people", () => {
  let run = [];
  for (let i = 0; i < 40; i++) run = folded(run, `n${i}`, "came", "");
  assert.equal(folded(run, "x", "came", ""), null);
  assert.equal(folded(run, "n3", "went", "quit")?.length, 40);
});

test("a place has one key however it is written", () => {
  assert.equal(placeKey("Лыжи"), "#лыжи");
  assert.equal(placeKey("#ЛЫЖИ"), placeKey("#лыжи"));
  assert.equal(placeKey("@Boris"), "@boris");
});

test("an initial is a letter as people see it", () => {
  assert.equal(initial("é"), "É");
  assert.equal(initial("анна"), "А");
  assert.equal(initial("@boris"), "B");
});

test("a link leads to http and https, and shows where", () => {
  for (const text of ["https://example.org/a?b=1#c", "http://192.168.1.5:7667/", "HTTPS://Example.org"]) assert.ok(link(text), text);
  assert.match(link("https://пример.рф/").host, /^xn--/);
});

test("what hides its target or runs something is no link", () => {
  for (const text of [
    "javascript:alert(1)", "JaVaScRiPt&#58;alert(1)", "java\tscript:alert(1)", "data:text/html,<script>", "vbscript:x", "blob:https://x/y",
    "https://a@evil/", "https://user:pw@evil/", "https://@evil/", "http://evil\\@good", "http://good\\.evil", "https://", "http://a\u202eb/", "http://a\u200bb/", "ftp://x/",
  ]) {
    assert.equal(link(text), null, text);
    assert.ok(pieces(text, "").every((piece) => piece.kind !== "link" || (link(piece.text) && piece.text.startsWith("https:"))), text);
  }
});

test("signs at the end of a link belong to the sentence", () => {
  const links = (text) => pieces(text, "").filter(({ kind }) => kind === "link").map(({ text }) => text);
  assert.deepEqual(links("see https://a.b/c."), ["https://a.b/c"]);
  assert.deepEqual(links("(https://a.b/c), http://d.e!"), ["https://a.b/c", "http://d.e"]);
  assert.deepEqual(links("https://a.b/c_(d) https://a.b/(c)"), ["https://a.b/c_(d)", "https://a.b/(c)"]);
  assert.deepEqual(links("`https://a.b`"), []);
});

test("the pieces of a text are the text", () => {
  const texts = ["", "plain", "a `code` b", "```\nx = 1\n  y\n```", "Анна: see https://a.b/ or `x`", "``", "` `", "a\nb", "<script>alert(1)</script>", "{{7*7}} ${7}", "\u202e x", "💥".repeat(30)];
  for (const text of texts) {
    const back = pieces(text, "Анна").map(({ kind, text }) => (kind === "code" ? `\`${text}\`` : kind === "block" ? `\`\`\`\n${text}\n\`\`\`` : text)).join("");
    assert.equal(back, text);
  }
  assert.deepEqual(pieces("Анна: hi", "анна").map(({ kind }) => kind), ["me", "text"]);
});

test("a text of 4,000 odd characters takes no time", () => {
  const began = Date.now();
  for (const text of ["`".repeat(4_000), "http://".repeat(500), ")".repeat(3_900) + "http://a.b" + ")".repeat(100), "http://a.b" + ")".repeat(3_900), "anna".repeat(1_000)]) pieces(text, "anna");
  assert.ok(Date.now() - began < 1_000);
});
