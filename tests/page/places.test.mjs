// What events do to rooms and conversations: no line twice, none in another place, none lost; and memory has a bound.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as place from "../../page/place.js";
import { apply } from "../../page/places.js";
import { emptyState } from "../../page/store.js";
import { line as typed } from "../../page/unsent.js";

const NOW = 1_795_176_300_000;
const message = (seq, text = `line ${seq}`, from = "Boris", room = "#a") => ({ type: "message", room, seq, from, text, time: NOW + seq });
const lines = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => message(from + at));
const texts = (at) => at.rows.filter((row) => row.kind === "line").map((row) => row.seq);

/** A state in a room, and a way to feed it. */
function chat(me = "Anna") {
  const state = { ...emptyState(), me, phase: "in" };
  const feed = (...events) => events.map((event) => apply(state, event, NOW)).pop();
  const joined = (seq = 0, more = {}) => ({ type: "joined", room: "#a", made: 1, run: 5, seq, total: 2, ...more });
  const enter = (seq = 0, messages = [], more = {}) =>
    feed(joined(seq), { type: "members", room: "#a", members: [{ nick: me }, { nick: "Boris", role: "op", away: "tea" }] }, { type: "history", room: "#a", messages, ...more });
  return { state, feed, joined, enter, room: () => state.places.get("#a") };
}
const again = (at) => Object.assign(at, { asked: true, begun: false });

test("a room opens with its members and its last lines, and is shown if none was", () => {
  const { state, enter, room } = chat();
  enter(9, lines(7, 9), { more: true });
  assert.equal(state.place, "#a");
  assert.deepEqual(texts(room()), [7, 8, 9]);
  assert.deepEqual([...room().members.keys()], ["anna", "boris"]);
  assert.equal(room().members.get("boris").role, "op");
  assert.equal(state.people.get("boris").away, "tea");
  assert.deepEqual([room().whole, room().atEnd, room().unread, room().seen], [false, true, 0, 9]);
});

test("each message is told once, whatever comes twice", () => {
  const { feed, enter, room } = chat();
  enter(2, lines(1, 2));
  feed(message(2), message(3), message(3), message(4));
  assert.deepEqual(texts(room()), [1, 2, 3, 4]);
});

test("after a lost connection nothing is told until the room is joined again, and then what was missed", () => {
  const { feed, joined, enter, room } = chat();
  enter(2, lines(1, 2));
  again(room());
  feed(message(5));
  assert.deepEqual(texts(room()), [1, 2]);
  const out = feed(joined(6), { type: "members", room: "#a", members: [{ nick: "Anna" }] }, { type: "history", room: "#a", after: 2, messages: lines(3, 6) });
  assert.deepEqual(texts(room()), [1, 2, 3, 4, 5, 6]);
  assert.equal(out.missed, 4);
  assert.equal(room().members.size, 1);
  feed(message(6), message(7));
  assert.deepEqual(texts(room()), [1, 2, 3, 4, 5, 6, 7]);
});

test("what a killed server has lost is taken out, and its numbers come again", () => {
  const { feed, joined, enter, room } = chat();
  enter(4, lines(1, 4));
  again(room());
  feed(joined(5, { run: 6 }), { type: "history", room: "#a", after: 3, messages: [message(4, "Bc4"), message(5, "your move")] });
  assert.deepEqual(room().rows.filter((row) => row.kind === "line").map(({ text }) => text), ["line 1", "line 2", "line 3", "Bc4", "your move"]);
  assert.equal(room().run, 6);
});

test("a long absence is caught up on page by page, and what is left out is marked", () => {
  const { feed, joined, enter, room } = chat();
  enter(10, lines(9, 10));
  again(room());
  feed(
    { type: "history", room: "#a", after: 10, missed: 400, more: true, messages: lines(411, 510) },
    joined(512),
    { type: "members", room: "#a", members: [{ nick: "Anna" }] },
    { type: "history", room: "#a", after: 510, messages: lines(511, 512) },
  );
  const gap = room().rows.find((row) => row.kind === "gap");
  assert.deepEqual([gap.after, gap.count], [10, 400]);
  assert.equal(room().seen, 512);
  place.fill(room(), gap.key, lines(11, 110).map((one) => place.lineRow(one, "Anna", false)));
  const rest = room().rows.find((row) => row.kind === "gap");
  assert.deepEqual([rest.after, rest.count], [110, 300]);
  assert.deepEqual(texts(room()).slice(0, 4), [9, 10, 11, 12]);
});

test("a room made anew under the same name begins anew", () => {
  const { feed, joined, enter, room } = chat();
  enter(9, lines(7, 9));
  again(room());
  feed(joined(1, { made: 2 }), { type: "history", room: "#a", after: 0, messages: lines(1, 1) });
  assert.deepEqual(texts(room()), [1]);
});

test("10,000 lines leave at most 1,000 in memory, and a reader above loses none under the eye", () => {
  const { feed, enter, room } = chat();
  enter();
  for (let seq = 1; seq <= 5_000; seq++) feed(message(seq));
  assert.ok(room().rows.length <= place.MOST);
  assert.equal(room().to, 5_000);
  room().following = false;
  const first = room().rows[0].key;
  for (let seq = 5_001; seq <= 10_000; seq++) feed(message(seq));
  assert.equal(room().rows[0].key, first);
  assert.ok(room().rows.length <= place.MOST);
  assert.deepEqual([room().atEnd, room().below, room().unread], [false, 5_000, 5_000]);
  const page = lines(room().to + 1, room().to + 100).map((one) => place.lineRow(one, "Anna", false));
  place.extend(room(), page, true);
  assert.ok(room().rows.length <= place.MOST && !room().atEnd);
});

test("older pages come before, and the newest go if there are too many", () => {
  const { enter, room } = chat();
  enter(2_000, lines(1_981, 2_000), { more: true });
  for (let before = 1_981; before > 1; before = room().from) {
    place.prepend(room(), lines(Math.max(1, before - 100), before - 1).map((one) => place.lineRow(one, "Anna", false)), before > 101);
  }
  assert.deepEqual([room().from, room().rows.length, room().whole, room().atEnd], [1, place.MOST, true, false]);
});

test("own lines are settled by what comes back, and are not unread", () => {
  const { state, feed, enter, room } = chat();
  enter();
  const entry = typed("abcdefgh-1", room(), "tea?", NOW);
  entry.state = "sent";
  state.unsent.push(entry);
  feed(message(1, "tea?", "Anna"));
  assert.equal(entry.state, "heard");
  assert.deepEqual([room().unread, room().rows.at(-1).own], [0, true]);
});

test("what names a person is for that person, in any case, but not as a part of a word", () => {
  const { state, feed, enter, room } = chat();
  enter();
  state.seen = false;
  feed(message(1, "anna: hi"), message(2, "joanna"), message(3, "@ANNA"));
  assert.deepEqual(room().rows.map(({ forMe }) => forMe), [true, false, true]);
  assert.deepEqual([room().unread, room().forMe, room().fence], [3, 2, 0]);
});

test("a private line opens its conversation, for both sides", () => {
  const { state, feed } = chat();
  state.place = "#a";
  feed({ type: "private", from: "Вера", to: "Anna", seq: 1, text: "psst", time: NOW });
  const at = state.places.get("@вера");
  assert.deepEqual([at.kind, at.unread, at.forMe], ["person", 1, 1]);
  feed({ type: "private", from: "Anna", to: "вера", seq: 2, text: "yes", time: NOW });
  feed({ type: "private", from: "Anna", to: "Вера", seq: 2, text: "yes", time: NOW });
  assert.deepEqual(texts(at), [1, 2]);
  // A person who speaks has read what was before.
  assert.deepEqual([at.unread, at.forMe, at.read], [0, 0, 2]);
});

test("a conversation is renewed: what the server has wins, what came meanwhile stays, a gap is marked", () => {
  const row = (seq, text) => place.lineRow({ ...message(seq, text), room: "@b" }, "Anna", false);
  const at = place.newPlace("@b");
  for (const seq of [1, 2, 3]) place.append(at, row(seq, `old ${seq}`));
  place.insert(at, row(5, "live"));
  place.renew(at, [row(2, "new 2"), row(3, "new 3"), row(4, "new 4")], true, new Set([5]));
  assert.deepEqual(at.rows.map(({ text }) => text), ["old 1", "new 2", "new 3", "new 4", "live"]);
  place.renew(at, [row(60, "far")], true, new Set());
  assert.deepEqual(at.rows.map((one) => one.text ?? `gap ${one.count}`), ["old 1", "new 2", "new 3", "new 4", "live", "gap 54", "far"]);
});

test("joins and leaves are one row until something is said", () => {
  const { feed, enter, room } = chat();
  enter();
  feed({ type: "join", room: "#a", nick: "Vera", time: NOW }, { type: "quit", nick: "Boris", reason: "lost", time: NOW }, { type: "join", room: "#a", nick: "Boris", time: NOW });
  assert.equal(room().rows.length, 1);
  assert.deepEqual(room().rows[0].people.map(({ nick, did }) => [nick, did]), [["Vera", "came"], ["Boris", "went-and-came"]]);
  feed(message(1), { type: "leave", room: "#a", nick: "Vera", text: "bye", time: NOW });
  assert.deepEqual(room().rows.map(({ kind }) => kind), ["fold", "line", "fold"]);
  assert.deepEqual([...room().members.keys()], ["anna", "boris"]);
});

test("a person put out sees the card and keeps the lines; one who leaves sees another room", () => {
  const { state, feed, enter, room } = chat();
  enter(1, lines(1, 1));
  feed({ type: "kick", room: "#a", nick: "anna", by: "Boris", text: "spam", time: NOW }, { type: "left", room: "#a" });
  assert.deepEqual([room().out.why, room().out.again, room().joined, texts(room()).length], ["kicked", true, false, 1]);
  feed({ type: "joined", room: "#b", made: 1, run: 5, seq: 0, total: 1 }, { type: "left", room: "#b" });
  assert.equal(state.places.has("#b"), false);
});

test("a ban says until when, and a mute closes the box until it is lifted", () => {
  const { feed, enter, room } = chat();
  enter();
  feed({ type: "restriction", room: "#a", restriction: "mute", nick: "Anna", by: "Boris", until: NOW + 60_000, time: NOW });
  assert.deepEqual([room().curb.code, room().curb.until], ["muted", NOW + 60_000]);
  feed({ type: "settings", room: "#a", announcements: true, by: "Boris", time: NOW });
  assert.equal(room().curb.code, "muted");
  feed({ type: "restriction", room: "#a", restriction: "mute", lifted: true, nick: "Anna", by: "Boris", time: NOW });
  assert.equal(room().curb.code, "announcements-only");
  feed({ type: "role", room: "#a", nick: "Anna", role: "op", by: "Boris", time: NOW });
  assert.equal(room().curb, null);
  feed({ type: "restriction", room: "#a", restriction: "ban", nick: "Anna", by: "Boris", until: NOW + 1, time: NOW }, { type: "kick", room: "#a", nick: "Anna", by: "Boris", time: NOW });
  assert.deepEqual([room().out.why, room().out.again, room().out.until], ["banned", false, NOW + 1]);
});

test("names that are words of the language are names", () => {
  const { state, feed, enter } = chat("__proto__");
  enter();
  for (const nick of ["constructor", "toString", "hasOwnProperty"]) feed({ type: "join", room: "#a", nick, time: NOW });
  feed({ type: "private", from: "constructor", to: "__proto__", seq: 1, text: "x", time: NOW }, message(1, "__proto__: hi", "toString"), { type: "joined", room: "#__proto__", made: 1, run: 1, seq: 0, total: 1 });
  assert.equal(state.places.get("#a").members.size, 5);
  assert.equal(state.places.get("#a").rows.at(-1).forMe, true);
  assert.ok(state.places.has("@constructor") && state.places.has("#__proto__"));
});

test("events that are not known, and rooms one is not in, change nothing", () => {
  const { state, feed } = chat();
  for (const event of [{ type: "__proto__" }, { type: "whatever" }, message(1), { type: "left", room: "#x" }, { type: "deleted", room: "#x", seq: 1, by: "a", time: 1 }]) feed(event);
  assert.equal(state.places.size, 0);
});

test("a deleted line loses its words and its file, and is not unread any more", () => {
  const { state, feed, enter, room } = chat();
  enter();
  state.seen = false;
  feed(message(1, "anna!"), message(2), { type: "deleted", room: "#a", seq: 1, by: "Boris", time: NOW });
  assert.deepEqual([room().rows[0].text, room().rows[0].deleted, room().unread, room().forMe], ["", "Boris", 1, 0]);
});

test("a person with another name is the same member", () => {
  const { state, feed, enter, room } = chat();
  enter();
  feed({ type: "nick", old: "Boris", new: "Bob", time: NOW }, { type: "nick", old: "anna", new: "Anna2", time: NOW });
  assert.deepEqual([...room().members.keys()], ["bob", "anna2"]);
  assert.equal(state.me, "Anna2");
});

test("a voice is more than announcements and than a mute, and a later mute takes it away", () => {
  const { feed, enter, room } = chat();
  const voice = (voice) => feed({ type: "voice", room: "#a", nick: "Anna", voice, by: "Boris", time: NOW });
  const mute = () => feed({ type: "restriction", room: "#a", nick: "Anna", restriction: "mute", by: "Boris", time: NOW });
  enter(0);
  feed({ type: "settings", room: "#a", announcements: true, limit: 20, hidden: true, changed: ["announcements"], by: "Boris", time: NOW });
  assert.deepEqual([room().curb.code, room().settings.limit, room().settings.hidden, room().settings.outsiders], ["announcements-only", 20, true, false]);
  voice(true);
  assert.deepEqual([room().curb, room().members.get("anna").voice], [null, true]);
  mute();
  assert.deepEqual([room().curb.code, room().members.get("anna").voice], ["muted", false]);
  voice(true);
  assert.equal(room().curb, null);
  voice(false);
  assert.equal(room().curb.code, "announcements-only");
  assert.deepEqual(room().rows.map(({ text }) => text).slice(0, 2), ["Boris changed the room: 20 members at most, only ops and voices speak and hidden", "Boris gave a voice to you"]);
});

test("a topic has its author and time, a ban its mask, a deletion its reason, and a member who comes is known to be away", () => {
  const { state, feed, joined, enter, room } = chat();
  enter(1, lines(1, 1));
  feed({ type: "topic", room: "#a", topic: "skis", by: "Boris", time: NOW });
  assert.deepEqual([room().topic, room().topicBy, room().topicTime], ["skis", "Boris", NOW]);
  feed(joined(1, { topic: "tea", topic_by: "Vera", topic_time: 7 }));
  assert.deepEqual([room().topic, room().topicBy, room().topicTime], ["tea", "Vera", 7]);
  feed(joined(1, { topic: "older" }));
  assert.deepEqual([room().topic, room().topicBy, room().topicTime], ["older", "", 0]);
  feed({ type: "restriction", room: "#a", restriction: "ban", nick: "spam*!*@*", mask: "spam*", by: "Boris", time: NOW });
  assert.equal(room().rows.at(-1).text, "Boris banned spam*");
  feed({ type: "deleted", room: "#a", seq: 1, said: NOW, by: "Boris", text: "an advertisement", time: NOW });
  assert.equal(room().rows.find(({ seq }) => seq === 1).deleted, "Boris: an advertisement");
  feed({ type: "join", room: "#a", nick: "Vera", away: "lunch", time: NOW });
  assert.deepEqual([room().members.get("vera").voice, state.people.get("vera").away], [false, "lunch"]);
});

test("a notice calls nobody, though it has one's name", () => {
  const { feed, enter, room } = chat();
  enter(0);
  feed({ ...message(1, "Anna: the backup is done"), notice: true });
  assert.deepEqual([room().rows.at(-1).notice, room().rows.at(-1).forMe, room().forMe], [true, false, 0]);
});
