// @ts-check
// What each event of the server does to the rooms and conversations of the state. Pure: (state, event) to what it touched. It knows no wire, no storage, no DOM.
import * as marks from "./marks.js";
import { isMe, order, placeOf, setAway, setCurb, setMember, setSettings } from "./place.js";
import * as rows from "./place.js";
import { fold, placeKey } from "./text.js";
import { heard } from "./unsent.js";
import * as words from "./words.js";

/** @typedef {import("./types.js").State} State @typedef {import("./types.js").Place} Place @typedef {import("./types.js").Part} Part
 * @typedef {import("./types.js").MessageInfo} MessageInfo @typedef {import("./types.js").Ask} Ask @typedef {import("./types.js").Event} Event @typedef {import("./types.js").Happening} Happening */

/** A name is shown as typing for so long after it was told. */
export const TYPING = 6_000;
/** Announcements shown at once, and invitations and conversations remembered. */
const NOTICES = 3;
const REMEMBERED = 100;
/** Parts that are of the place shown, and nothing to look at for another one. */
const OF_ONE = new Set(["list", "head", "people", "box", "typing"]);

/** What an event did: parts to redraw, commands to ask, what may be told aloud. */
export class Out {
  /** @type {Set<Part>} */
  parts = new Set();
  /** @type {Ask[]} */
  asks = [];
  /** @type {Happening[]} */
  happened = [];
  /** Lines that came with a history after a lost connection. */
  missed = 0;

  /** @param {State} state @param {Place | null | undefined} place @param {Part[]} parts */
  touch(state, place, ...parts) {
    for (const part of parts) if (!place || state.place === place.key || !OF_ONE.has(part)) this.parts.add(part);
  }
}

/** Takes a place away; another one is shown if it was this one. @param {State} state @param {Place} place @param {Out} out */
export function forget(state, place, out) {
  const after = order(state).filter((other) => other !== place);
  state.places.delete(place.key);
  if (state.place === place.key) {
    state.place = after.find((other) => other.kind === "room")?.key ?? after[0]?.key ?? null;
    out.touch(state, null, "list", "head", "people", "box", "typing");
  }
  out.parts.add("side");
}

/** A line came by itself. @param {State} state @param {Place} place @param {MessageInfo} message @param {Out} out */
function line(state, place, message, out) {
  const row = rows.lineRow(message, state.me, true);
  place.last = Math.max(place.last, message.seq);
  if (place.typing.delete(message.from)) out.touch(state, place, "typing");
  if (row.own) {
    heard(state.unsent, place.key, message.text);
    // A person who speaks has read what was before, in whatever session; the server says no `read` of it.
    marks.told(place, message.seq);
    if (place.following) place.fence = null;
  } else marks.came(state, place, message.seq, row.forMe);
  rows.insert(place, row);
  out.touch(state, place, "side", "list");
  out.happened.push({ type: "line", place, row, shown: state.seen && state.phase === "in" && state.place === place.key });
}

/** @typedef {(state: State, event: any, out: Out, now: number) => void} Handler */

/** An event about a room one is in. @param {(state: State, place: Place, event: any, out: Out, now: number) => void} act @returns {Handler} */
const inPlace = (act) => (state, event, out, now) => {
  const place = state.places.get(placeKey(event.room));
  if (place) act(state, place, event, out, now);
};

/** @param {State} state @param {any} event @param {Out} out */
function joined(state, event, out) {
  const place = placeOf(state, event.room);
  const anew = place.made !== event.made && !place.begun;
  if (anew) {
    rows.clear(place);
    place.seen = 0;
    if (place.made) Object.assign(place, { unread: 0, forMe: 0, read: 0 });
  } else if (!place.loaded && !state.account) place.unread = Math.max(0, event.seq - place.read);
  // What was said before the first join is not missed.
  place.base = place.asked ? 0 : event.seq;
  Object.assign(place, { name: event.room, asked: false, joined: true, out: null, fresh: true });
  Object.assign(place, { made: event.made, run: event.run, last: event.seq, total: event.total, topic: event.topic ?? "", topicBy: event.topic_by ?? "", topicTime: event.topic_time ?? 0 });
  state.invites.delete(place.key);
  if (!state.place || !state.places.has(state.place)) state.place = place.key;
  out.touch(state, place, "side", "head", "list", "box", "people");
}

/** @param {State} state @param {Place} place @param {any} event @param {Out} out */
function members(state, place, event, out) {
  if (place.fresh) place.members.clear();
  place.fresh = event.more === true;
  for (const { nick, role = "", voice = false, away } of event.members) {
    place.members.set(fold(nick), { nick, role, voice });
    if (isMe(state, nick)) Object.assign(place, { role, voice });
    setAway(state, nick, away);
  }
  if (!event.more) place.total = place.members.size;
  out.touch(state, place, "people", "head", "box");
}

/** @param {State} state @param {Place} place @param {import("./types.js").HistoryEvent} event @param {Out} out */
function page(state, place, event, out) {
  const first = event.after === undefined;
  if (event.after !== undefined && !place.begun) {
    rows.rewind(place, event.after);
    place.seen = event.after;
    place.begun = true;
  }
  const lines = event.messages.filter((message) => message.seq > place.seen);
  if (event.missed && event.after !== undefined && lines.length) {
    rows.append(place, rows.gapRow(event.after, event.missed, lines[0].time));
  }
  if (!place.loaded && first) place.whole = !event.more;
  for (const message of lines) {
    const row = rows.lineRow(message, state.me, false);
    rows.append(place, row);
    // An account knows by `chats` what is unread; a guest who comes in has missed nothing.
    if (state.account) marks.known(place, row);
    else if (!first && !row.own && row.deleted === null) marks.came(state, place, row.seq, row.forMe);
  }
  if (!first) out.missed += lines.length + (event.missed ?? 0);
  place.seen = lines.length ? lines[lines.length - 1].seq : place.seen;
  if (!place.asked) {
    place.seen = Math.max(place.seen, place.base);
    place.base = 0;
    if (first && !place.loaded && !place.unread && !state.account) marks.readAll(place);
    place.loaded = true;
    place.loading = "";
  }
  out.touch(state, place, "list", "side");
}

/** @param {"came" | "went"} did @param {(event: any) => string} why */
const crowd = (did, why) =>
  inPlace((state, place, event, out) => {
    const had = did === "came" ? place.members.set(fold(event.nick), { nick: event.nick, role: "", voice: false }) : place.members.delete(fold(event.nick));
    if (had) place.total = place.members.size;
    if (event.away) setAway(state, event.nick, event.away);
    place.typing.delete(event.nick);
    rows.traffic(place, event.nick, did, why(event), event.time);
    out.touch(state, place, "people", "head", "list", "typing");
  });

/** @param {(event: any, me: boolean) => string} say @param {(event: any) => Partial<import("./types.js").Member>} now */
const standing = (say, now) =>
  inPlace((state, place, event, out) => {
    setMember(state, place, event.nick, now(event));
    rows.happened(place, say(event, isMe(state, event.nick)), event.time);
    out.touch(state, place, "people", "head", "list", "box", "side");
  });

/** `about` has none: the card of a person, where these words stand, asks the server each time. @type {Map<string, Handler>} */
const HANDLERS = new Map();
/** @param {string} type @param {Handler} act */
const on = (type, act) => HANDLERS.set(type, act);

on("joined", joined);
on("members", inPlace(members));
on("history", inPlace(page));
on("join", crowd("came", () => ""));
on("leave", crowd("went", (event) => words.farewell(event.text)));
on("message", inPlace((state, place, event, out) => {
  if (place.asked || event.seq <= place.seen) return;
  place.seen = event.seq;
  line(state, place, event, out);
}));
on("private", (state, event, out) => {
  const other = isMe(state, event.from) ? event.to : event.from;
  if (!state.places.has(placeKey(`@${other}`)) && state.places.size > 1_000) return;
  const place = placeOf(state, `@${other}`);
  const open = place.asked || place.loading !== "";
  if (open && !place.during.has(event.seq)) place.during.add(event.seq);
  else if (event.seq <= place.seen) return;
  place.seen = Math.max(place.seen, event.seq);
  line(state, place, { ...event, room: place.name }, out);
});
on("quit", (state, event, out) => {
  setAway(state, event.nick, undefined);
  for (const place of state.places.values()) {
    if (!place.members.delete(fold(event.nick))) continue;
    place.total = place.members.size;
    place.typing.delete(event.nick);
    rows.traffic(place, event.nick, "went", words.why(event.reason, event.text), event.time);
    out.touch(state, place, "people", "head", "list", "typing");
  }
  out.parts.add("side");
});
on("nick", (state, event, out) => renamed(state, event.old, event.new, event.time, out));
on("topic", inPlace((state, place, event, out) => {
  Object.assign(place, { topic: event.topic ?? "", topicBy: event.by, topicTime: event.time });
  rows.happened(place, words.topic(event.by, event.topic), event.time);
  out.touch(state, place, "head", "list");
}));
on("away", (state, event, out) => {
  setAway(state, event.nick, event.text);
  out.parts.add("people").add("side");
});
on("deleted", inPlace((state, place, event, out) => {
  const row = rows.takeAway(place, event.seq, event.by + words.because(event.text));
  if (row && !row.own && row.seq > place.read) marks.gone(place, row.forMe);
  out.touch(state, place, "list", "side");
}));
on("kick", inPlace(kicked));
on("restriction", inPlace(restricted));
on("left", inPlace((state, place, _event, out) => {
  place.joined = false;
  place.members.clear();
  if (!place.out) return forget(state, place, out);
  out.touch(state, place, "side", "list", "box", "people", "head");
}));
on("role", standing(words.role, (event) => ({ role: event.role ?? "" })));
on("voice", standing(words.voice, (event) => ({ voice: event.voice })));
on("settings", inPlace((state, place, event, out) => {
  setSettings(place, event);
  rows.happened(place, words.settings(event), event.time);
  out.touch(state, place, "head", "list", "box", "side");
}));
on("invite", (state, event, out) => {
  if (state.invites.size < REMEMBERED) state.invites.set(placeKey(event.room), { room: event.room, by: event.by, time: event.time });
  out.parts.add("side");
  out.happened.push({ type: "status", text: words.invited(event.by, event.room) });
});
on("chats", (state, event, out) => marks.chats(state, event.chats, event.more === true, out));
on("read", inPlace((state, place, event, out) => {
  marks.told(place, event.seq);
  out.touch(state, place, "side", "list");
}));
on("notice", (state, event, out, now) => {
  const id = (state.notices[state.notices.length - 1]?.id ?? 0) + 1;
  state.notices = [...state.notices, { id, text: event.text, time: now }].slice(-NOTICES);
  out.parts.add("bar");
  out.happened.push({ type: "status", text: event.text });
});
on("waiting", (state, event, out, now) => {
  state.link.waitUntil = now + event.ms;
  out.parts.add("list");
});
on("typing", inPlace((state, place, event, out, now) => {
  if (!isMe(state, event.nick) && place.typing.size < 100) place.typing.set(event.nick, now + TYPING);
  out.touch(state, place, "typing");
}));

/** @param {State} state @param {Place} place @param {import("./types.js").KickEvent} event @param {Out} out */
function kicked(state, place, event, out) {
  const me = isMe(state, event.nick);
  const text = words.kick(event, me);
  place.members.delete(fold(event.nick));
  place.total = place.members.size;
  rows.happened(place, text, event.time);
  if (me) {
    // A ban was told before its kick.
    if (place.out?.why !== "banned") place.out = { why: "kicked", text, code: "", again: true, until: null };
    out.happened.push({ type: "alert", text: `${place.name}: ${text}` });
  }
  out.touch(state, place, "people", "head", "list", "box", "side");
}

/** @param {State} state @param {Place} place @param {import("./types.js").RestrictionEvent} event @param {Out} out */
function restricted(state, place, event, out) {
  const me = isMe(state, event.nick);
  const until = event.until ?? null;
  const text = words.restriction(event, me);
  rows.happened(place, text, event.time);
  if (me && event.restriction === "ban" && !event.lifted) place.out = { why: "banned", text, code: "banned", again: false, until };
  // A mute ends the voice.
  if (event.restriction === "mute" && !event.lifted) setMember(state, place, event.nick, { voice: false });
  if (me && event.restriction === "mute") {
    place.curb = event.lifted ? null : { code: "muted", text: words.muted(event.until), until };
    setCurb(place);
    out.happened.push({ type: "status", text });
  }
  out.touch(state, place, "people", "list", "box", "side");
}

/** @param {State} state @param {string} old @param {string} now @param {number} time @param {Out} out */
export function renamed(state, old, now, time, out) {
  const me = isMe(state, old);
  if (me) state.me = now;
  for (const place of state.places.values()) {
    const member = place.members.get(fold(old));
    if (!member) continue;
    place.members.delete(fold(old));
    place.members.set(fold(now), { ...member, nick: now });
    place.typing.delete(old);
    rows.happened(place, words.renamed(old, now, me), time);
    out.touch(state, place, "people", "list", "typing");
  }
  out.parts.add("side");
}

/** @param {State} state @param {Event} event @param {number} now @returns {Out} */
export function apply(state, event, now) {
  const out = new Out();
  HANDLERS.get(event.type)?.(state, event, out, now);
  return out;
}
