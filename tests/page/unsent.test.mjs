// Own lines: each is said once, in order, and none is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as unsent from "../../page/unsent.js";

const A = { key: "#a", name: "#a" };
const B = { key: "@boris", name: "@Boris" };
const line = (n, text, place = A) => unsent.line(`abcdefgh-${n}`, place, text, n);
const all = () => true;

test("what is typed becomes the command of its place", () => {
  assert.deepEqual(unsent.command(line(1, "hi")), { type: "say", tag: "abcdefgh-1", room: "#a", text: "hi" });
  assert.deepEqual(unsent.command(line(2, "hi", B)), { type: "msg", tag: "abcdefgh-2", to: "Boris", text: "hi" });
  assert.deepEqual(unsent.command(line(3, " /jion x")), { type: "typed", tag: "abcdefgh-3", place: "#a", line: " /jion x" });
  assert.deepEqual(unsent.command(line(4, "//x")), { type: "say", tag: "abcdefgh-4", room: "#a", text: "/x" });
  assert.equal(unsent.typed(line(4, "//x")), "//x");
  assert.equal(unsent.typed(line(3, "/x")), "/x");
});

test("lines go in their order, and a refused one holds up none", () => {
  const list = [line(1, "one"), line(2, "two"), line(3, "three")];
  assert.equal(unsent.next(list, all).text, "one");
  unsent.sent(list[0]);
  unsent.answered(list, { type: "error", tag: "abcdefgh-1", code: "muted", value: "#a", text: "you may not speak" });
  assert.deepEqual([list[0].state, list[0].sentence], ["refused", "you may not speak"]);
  assert.equal(unsent.next(list, all).text, "two");
  assert.equal(unsent.next(list, ({ place }) => place !== "#a"), null);
  unsent.again(list[0]);
  assert.equal(unsent.next(list, all).tag, "abcdefgh-1");
});

test("an answer takes its line away, also if it says again", () => {
  const list = [line(1, "one"), line(2, "two")];
  list.forEach(unsent.sent);
  assert.equal(unsent.answered(list, { type: "ok", tag: "abcdefgh-2", for: "say", room: "#a", seq: 2, time: 1, again: true }).text, "two");
  assert.equal(unsent.answered(list, { type: "ok", tag: "zzz", for: "say", room: "#a", seq: 2, time: 1 }), null);
  assert.deepEqual(list.map(({ text }) => text), ["one"]);
});

test("what could not be stored is tried again by itself, what everybody has is not", () => {
  const list = [line(1, "one"), line(2, "two")];
  for (const [tag, code] of [["abcdefgh-1", "not-taken"], ["abcdefgh-2", "not-kept"]]) unsent.answered(list, { type: "error", tag, code, value: "", text: "the disk is full" });
  assert.deepEqual(list.map(({ state }) => state), ["retry", "unkept"]);
});

test("after a lost connection lines are sent again with their tags, but no command twice", () => {
  const list = [line(1, "one"), line(2, "two"), line(3, "/kick boris"), line(4, "/me waves"), line(5, "/roll")];
  list.forEach(unsent.sent);
  assert.ok(unsent.heard(list, "#a", "one"));
  unsent.broken(list);
  assert.deepEqual(list.map(({ state }) => state), ["heard", "waiting", "refused", "waiting", "refused"]);
  const sent = [];
  for (let next; (next = unsent.next(list, all)); unsent.sent(next)) sent.push(next.tag);
  assert.deepEqual(sent, ["abcdefgh-1", "abcdefgh-2", "abcdefgh-4"]);
  assert.equal(list[0].state, "heard");
});

test("a line that comes back settles the first that waits there, and in that place only", () => {
  const list = [line(1, "x", B), line(2, "x"), line(3, "x")];
  list.forEach(unsent.sent);
  assert.ok(unsent.heard(list, "#a", "x"));
  assert.deepEqual(list.map(({ state }) => state), ["sent", "heard", "sent"]);
  assert.equal(unsent.heard(list, "#a", "y"), false);
});

test("what was stored comes back over a reload, and nothing that is broken", () => {
  const list = [line(1, "one"), line(2, "two"), line(3, "three")];
  unsent.sent(list[0]);
  unsent.heard(list, "#a", "one");
  const back = unsent.restored(JSON.parse(JSON.stringify(list)));
  assert.deepEqual(back.map(({ text, state }) => [text, state]), [["one", "waiting"], ["two", "waiting"], ["three", "waiting"]]);
  for (const junk of [null, 7, "x", {}, [null, 3, { state: "waiting" }, { ...list[0], text: 7 }, { ...list[0], kind: "finish" }]]) assert.deepEqual(unsent.restored(junk), []);
  assert.equal(unsent.restored(Array.from({ length: 99 }, (_, n) => line(n, "x"))).length, unsent.MOST);
});

test("of several lines only those that begin with a command are one: pasted code is said as it is", () => {
  const kinds = (...texts) => texts.map((text) => line(1, text)).map(({ kind, text }) => [kind, text]);
  const code = ["// a comment\nint main() {}", "/* a comment */\nint main() {}", "/usr/bin/env\n/bin/sh", "#include <stdio.h>\nint main() {}", "{\n  \"a\": 1\n}"];
  assert.deepEqual(kinds(...code), code.map((text) => ["say", text]));
  assert.deepEqual(kinds("/msg Boris two\nlines", "/jion", "//x", "/me waves\n"), [["typed", "/msg Boris two\nlines"], ["typed", "/jion"], ["say", "/x"], ["typed", "/me waves\n"]]);
  for (const text of code) assert.equal(unsent.typed(line(1, text)), text);
});
