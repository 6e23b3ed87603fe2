// What is read, and what is not; and what the state tells the views.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as marks from "../../page/marks.js";
import { append, lineRow, newPlace } from "../../page/place.js";
import { apply, Out } from "../../page/places.js";
import { emptyState, Store } from "../../page/store.js";
import * as words from "../../page/words.js";

function room() {
  const state = { ...emptyState(), me: "Anna", phase: "in", place: "#a", account: true };
  const place = newPlace("#a");
  state.places.set("#a", place);
  const say = (seq, text = "x") => {
    place.seen = seq;
    append(place, lineRow({ room: "#a", seq, from: "Boris", text, time: seq }, "Anna", true));
    marks.came(state, place, seq, text === "anna");
  };
  return { state, place, say };
}

test("what a person looks at is not unread; what comes while they are away is", () => {
  const { state, place, say } = room();
  say(1);
  assert.equal(place.unread, 0);
  state.seen = false;
  say(2);
  say(3, "anna");
  assert.deepEqual([place.unread, place.forMe, place.fence, marks.forMe(state)], [2, 1, 1, 1]);
  assert.equal(marks.readAll(place), true);
  assert.equal(marks.readAll(place), false);
  assert.deepEqual([place.unread, place.read, place.fence], [0, 3, 1]);
  say(4);
  assert.equal(place.fence, 3);
});

test("a reader above the end has not read it", () => {
  const { place, say } = room();
  place.following = false;
  say(1);
  assert.equal(place.unread, 1);
});

test("the server's number wins, and a smaller mark changes nothing", () => {
  const { state, place, say } = room();
  state.seen = false;
  for (const seq of [1, 2, 3, 4]) say(seq, seq === 4 ? "anna" : "x");
  marks.told(place, 2);
  assert.deepEqual([place.unread, place.forMe], [2, 1]);
  marks.told(place, 1);
  assert.equal(place.read, 2);
  marks.told(place, 1, 3);
  assert.deepEqual([place.read, place.unread], [1, 3]);
});

test("an account's places come with what is unread, and a page more is asked for", () => {
  const { state } = room();
  const out = new Out();
  marks.chats(state, [{ room: "#a", seq: 4, read: 4, unread: 0 }, { room: "@Boris", seq: 3, read: 2, unread: 1 }], true, out);
  assert.deepEqual(out.asks, [{ type: "chats", past: "@Boris" }]);
  assert.deepEqual([state.places.get("@boris").unread, state.places.get("@boris").forMe, marks.forMe(state)], [1, 1, 1]);
});

test("what was read without a connection is told, and what an account missed is counted once", () => {
  const { state, place, say } = room();
  [1, 2, 3, 4].forEach((seq) => say(seq));
  marks.readAll(place);
  place.loaded = true;
  const out = new Out();
  marks.chats(state, [{ room: "#a", seq: 6, read: 2, unread: 4 }], false, out);
  assert.deepEqual(out.asks, [{ type: "read", room: "#a", seq: 4 }]);
  assert.deepEqual([place.read, place.unread], [4, 2]);
  Object.assign(place, { asked: true, begun: false, made: 1 });
  apply(state, { type: "joined", room: "#a", made: 1, run: 1, seq: 6, total: 1 }, 0);
  apply(state, { type: "history", room: "#a", after: 4, messages: [5, 6].map((seq) => ({ room: "#a", seq, from: "Boris", text: "anna", time: seq })) }, 0);
  assert.deepEqual([place.unread, place.forMe], [2, 2]);
});

test("the line that says new stands before what is unread when a place is shown", () => {
  const place = newPlace("#a");
  Object.assign(place, { unread: 2, read: 7 });
  marks.opened(place);
  assert.equal(place.fence, 7);
  marks.readAll(place);
  marks.opened(place);
  assert.equal(place.fence, null);
});

test("a place is told as read once in three seconds", () => {
  const pace = new marks.Pace();
  const place = newPlace("#a");
  assert.equal(pace.due(place, 0), null);
  place.read = 5;
  assert.equal(pace.due(place, 0), 0);
  pace.tell("#a", 5, 0);
  assert.equal(pace.due(place, 10), null);
  place.read = 6;
  assert.equal(pace.due(place, 1_000), 2_000);
  assert.equal(pace.due(place, 9_000), 0);
});

test("views are drawn once a frame, the list ten times a second at most, and only what was touched", () => {
  let clock = 1_000;
  const frames = [];
  const store = new Store(emptyState(), (draw) => frames.push(draw), () => clock);
  const frame = (ms = 16) => {
    clock += ms;
    frames.splice(0).forEach((draw) => draw());
  };
  const drawn = { list: 0, side: 0 };
  store.watch("list", () => (drawn.list += 1));
  store.watch(["side", "head"], () => (drawn.side += 1));
  frame();
  assert.deepEqual(drawn, { list: 1, side: 1 });
  for (let i = 0; i < 60; i++) {
    store.touch(["list"]);
    store.touch(["list", "head"]);
    frame();
  }
  assert.equal(drawn.side, 61);
  assert.ok(drawn.list >= 9 && drawn.list <= 11, String(drawn.list));
  frame(200);
  const { list } = drawn;
  for (let i = 0; i < 20; i++) frame();
  assert.deepEqual([drawn.list, frames.length], [list, 0], "nothing is drawn, and no frame asked for, without a change");
});

test("sizes, lists and times are written for people", () => {
  assert.deepEqual([1, 67, 1_200_000, 10_485_760, 999_960].map(words.size), ["1 byte", "67 bytes", "1.2 MB", "10 MB", "1.0 MB"]);
  assert.equal(words.list(["a", "b", "c"]), "a, b and c");
  assert.equal(words.span(3_500), "4 s");
});

test("the bar says what is wrong, and says nothing for what passes in 300 ms", () => {
  const link = { ...emptyState().link, is: "down", since: 1_000, why: "lost", retryAt: 5_000 };
  assert.equal(words.bar(link, 1_200), null);
  assert.deepEqual(words.bar(link, 1_400), { kind: "warn", text: "No connection. Trying again in 4 s.", acts: ["tryNow"] });
  assert.equal(words.bar({ ...link, why: "server-stopped" }, 2_000).text, "The server has stopped. Your lines are kept. Looking for it again.");
  assert.deepEqual(words.bar({ ...link, is: "over", why: "replaced" }, 9_000).acts, ["useHere"]);
  assert.equal(words.bar({ ...link, is: "up", missed: 12 }, 0).text, "Back. 12 missed.");
  assert.equal(words.bar({ ...link, is: "up" }, 0), null);
});
