// @ts-check
// What the server says beside places: the greeting, answers to own lines, who one is; and what is asked for when a place is shown. It knows no view.
import { isMe, lineRow, placeOf, renew as renewRows, setCurb, setSettings } from "./place.js";
import { apply, Out, renamed, TYPING } from "./places.js";
import * as marks from "./marks.js";
import * as tabs from "./tabs.js";
import { fold, placeKey } from "./text.js";
import * as unsent from "./unsent.js";
import * as words from "./words.js";

/** @typedef {import("./life.js").Life} Life @typedef {import("./types.js").Answer} Answer @typedef {import("./types.js").Place} Place */

/** Lines of a conversation that are asked for when it is shown or caught up on. */
const LAST = 50;
/** Answers to typed commands that are something to read. */
const TO_READ = new Set(["whois", "rooms", "help", "members", "search", "files", "bans", "history", "chats", "topic", "settings", "who", "whowas", "facts", "about"]);
const ROOM = new Set(["banned", "key-needed", "invite-only", "room-full", "too-many-rooms"]);
/** The folder this page was served from: another one at the server is a newer page. */
const SET = /\/a\/([^/]+)\//.exec(import.meta.url)?.[1] ?? "";

/** Something came by itself. @param {Life} life @param {import("./types.js").Event} event */
export function hears(life, event) {
  const { state } = life;
  if (event.type === "hello") return hello(life, event);
  if (event.type === "error") return roomRefused(life, event);
  const out = apply(state, event, Date.now());
  if (life.missed) life.missed.missed += out.missed;
  if (event.type === "joined") joined(life, placeOf(state, event.room));
  if (event.type === "nick" && isMe(state, event.new) && tabs.memory.pass) life.pass(tabs.memory.pass.token);
  if (event.type === "chats") ownRooms(life, event.chats);
  if (event.type === "typing") setTimeout(() => life.store.touch(["typing"]), TYPING);
  if (event.type === "restriction" && event.until && isMe(state, event.nick)) ends(life, event.room, event.until);
  done(life, out);
  if (event.type === "joined" || event.type === "left" || event.type === "private") life.remember();
}

/** @param {Life} life @param {import("./types.js").Place} place */
function joined(life, place) {
  place.draft ||= life.drafts.get(place.key) ?? "";
  if (life.arriving) life.tell({ type: "status", text: words.arrived(place.name, place.total) });
  life.arriving = false;
  if (life.wanted === place.key) show(life, place.key);
  life.session.pump();
}

/** A mute or a ban ends by the clock. @param {Life} life @param {string} room @param {number} until */
function ends(life, room, until) {
  const left = until - Date.now();
  // Longer times do not fit into a timer.
  if (left > 2 ** 31 - 1) return;
  setTimeout(() => {
    const place = life.state.places.get(placeKey(room));
    if (place?.out?.until === until) place.out = { ...place.out, again: true };
    if (place?.curb?.until === until) {
      place.curb = null;
      setCurb(place);
      if (!place.curb) life.tell({ type: "status", text: words.mayAgain(place.name) });
    }
    life.store.touch(["box"]);
  }, Math.max(0, left));
}

/** @param {Life} life @param {Out} out */
function done(life, out) {
  life.store.touch(out.parts);
  for (const happening of out.happened) life.tell(happening);
  for (const command of out.asks) void life.session.ask(command);
}

/** @param {Life} life @param {import("./types.js").HelloEvent} event */
function hello({ state, session, store }, event) {
  const { server, lobby, text, line_bytes: lineBytes, rate = 2, rate_burst: burst = 10, file_bytes: fileBytes = 10485760, kept = true, page = "", motd } = event;
  Object.assign(state.server, { server, lobby, text, lineBytes, rate, burst, fileBytes, kept, page, motd });
  session.rate(rate, burst);
  state.link.newer = page !== "" && SET !== "" && page !== SET;
  if (!state.gate.offer) state.gate.offer = event.offer;
  store.touch(["bar", "box", "gate"]);
}

/** A room of `hello` could not be joined: it is shown with the reason. @param {Life} life @param {import("./types.js").ErrorEvent} error */
function roomRefused(life, error) {
  const { state } = life;
  const place = ROOM.has(error.code) ? placeOf(state, error.value || state.gate.room) : null;
  if (!place || place.joined) return life.notice(error.text);
  place.out = { why: "refused", text: error.text, code: error.code, again: error.code !== "banned", until: null };
  state.place ??= place.key;
  life.store.touch(["side", "list", "box", "head"]);
}

/** An account's rooms that another session has joined. @param {Life} life @param {import("./types.js").ChatInfo[]} list */
function ownRooms(life, list) {
  if (!life.missed) return;
  for (const { room } of list) {
    const place = room.startsWith("#") ? placeOf(life.state, room) : null;
    if (place && !place.joined && !place.asked) joinAgain(life, place);
  }
}

/** An answer came. Whether it was one to an own line. @param {Life} life @param {Answer} answer */
export function settled(life, answer) {
  const { state, store } = life;
  if (answer.type === "ok") become(life, answer);
  const entry = unsent.answered(state.unsent, answer);
  if (!entry) return false;
  life.keep("list");
  if (answer.type === "error") {
    if (entry.state === "retry") setTimeout(() => again(life, entry.tag), unsent.RETRY);
    life.tell({ type: "alert", text: words.notSent(answer.text) });
  } else if (entry.kind === "typed") {
    if (answer.for === "join") show(life, placeKey(answer.room));
    if (answer.for === "ban" && answer.mask && answer.people) life.notice(words.putOut(answer.people, answer.more));
    // A change is told by its event; what was only asked for has no more words.
    const changed = ["topic", "settings", "about"].includes(answer.for) && /^\s*\S+\s+\S/.test(entry.text);
    if (TO_READ.has(answer.for) && !changed) {
      state.panel = { line: entry.text, place: entry.place, answer };
      store.touch(["panel"]);
    }
  }
  return true;
}

/** Sends a line again that was refused. @param {Life} life @param {string} tag */
export function again(life, tag) {
  const entry = life.state.unsent.find((one) => one.tag === tag);
  if (entry?.state !== "retry" && entry?.state !== "refused") return;
  unsent.again(entry);
  life.keep("list");
  life.session.pump();
}

/** Follows an answer that changes who one is, or what is known. @param {Life} life @param {import("./types.js").Ok} ok */
function become(life, ok) {
  const { state } = life;
  const out = new Out();
  if (ok.for === "settings") setSettings(placeOf(state, ok.room), ok);
  if (ok.for === "chats") marks.chats(state, ok.chats, ok.more === true, out);
  if (ok.for === "away") state.people.set(fold(state.me), { nick: state.me, away: ok.text });
  if (ok.for === "back") state.people.delete(fold(state.me));
  if (ok.for === "nick" || ok.for === "login" || ok.for === "logout" || ok.for === "delete-account" || ok.for === "register") {
    if (ok.for !== "nick") state.account = ok.for === "login" || ok.for === "register";
    if (ok.nick !== state.me) {
      // The rooms of an account may go with it, and the row that tells of the name with them.
      if (ok.for === "logout" || ok.for === "delete-account") life.notice(words.nowCalled(ok.nick));
      renamed(state, state.me, ok.nick, Date.now(), out);
    }
    state.me = ok.nick;
    const token = ("resume" in ok ? ok.resume : undefined) ?? tabs.memory.pass?.token;
    if (token) life.pass(token);
  }
  out.touch(state, null, "side", "people", "head", "box");
  done(life, out);
}

/** @param {Life} life @param {string} room @param {string} [key] */
export async function join(life, room, key) {
  const answer = await life.session.ask({ type: "join", room, ...(key ? { key } : {}) });
  if (answer.type === "ok" && answer.for === "join") show(life, placeKey(answer.room));
  return answer;
}

/** Asks for a room again, from where it was heard. @param {Life} life @param {Place} place */
export function joinAgain(life, place) {
  Object.assign(place, { asked: true, begun: false });
  const { name: room, seen: after, made, run, settings } = place;
  const known = place.loaded ? { after, ...(made ? { made } : {}), ...(run ? { run } : {}) } : {};
  void life.session.ask({ type: "join", room, ...known, ...(settings.key ? { key: settings.key } : {}) }).then((answer) => {
    if (answer.type === "ok" || answer.code === "no-connection") return;
    Object.assign(place, { asked: false, joined: false, loading: "" });
    place.out = { why: "refused", text: answer.text, code: answer.code, again: answer.code !== "banned", until: null };
    life.store.touch(["side", "list", "box", "head"]);
    life.session.pump();
  });
}

/** Shows a place. @param {Life} life @param {string} key */
export function show(life, key) {
  const { state } = life;
  const place = state.places.get(key);
  life.wanted = place ? null : key;
  if (!place || state.place === key) return;
  const before = state.place === null ? undefined : state.places.get(state.place);
  if (before && marks.looking(state, before)) read(life, before);
  state.place = key;
  marks.opened(place);
  if (place.kind === "person" && !place.loaded && !place.loading) renewed(life, place);
  if (place.kind === "room" && place.joined && !place.asked) void life.session.ask({ type: "settings", room: place.name });
  life.remember();
  life.store.touch(["side", "head", "people", "list", "box", "typing", "uploads"]);
}

/** All of a place is read; an account tells the server. @param {Life} life @param {Place} place */
export function read(life, place) {
  if (marks.readAll(place)) life.store.touch(["side"]);
  const now = Date.now();
  if (!life.state.account || !life.session.up || life.pace.due(place, now) !== 0) return;
  life.pace.tell(place.key, place.read, now);
  void life.session.ask({ type: "read", room: place.name, seq: place.read });
}

/** The newest lines of a conversation, as the server has them. @param {Life} life @param {Place} place */
export function renewed(life, place) {
  place.loading = "first";
  place.during.clear();
  void life.session.ask({ type: "history", room: place.name, limit: LAST }).then((answer) => {
    place.loading = "";
    if (answer.type === "ok" && answer.for === "history") {
      const page = answer.messages.map((message) => lineRow(message, life.state.me, false));
      const news = page.filter((row) => row.seq > place.seen && !row.own).length;
      if (place.loaded && !life.state.account) {
        if (news && !place.unread) place.fence = place.seen;
        place.unread += news;
        place.forMe += news;
      }
      if (life.missed) life.missed.missed += news;
      renewRows(place, page, answer.more === true, place.during);
      place.seen = Math.max(page[page.length - 1]?.seq ?? 0, ...place.during);
    } else if (answer.type === "error" && answer.code !== "no-connection") place.whole = true;
    place.loaded ||= answer.type === "ok" || answer.code !== "no-connection";
    place.during.clear();
    life.store.touch(["list", "side"]);
  });
}

/** @type {any} */
let reading = null;
/** What the person looks at for a second is read. @param {Life} life */
export function soon(life) {
  const { state } = life;
  const at = state.place === null ? undefined : state.places.get(state.place);
  if (reading !== null || !at || !marks.looking(state, at)) return;
  const due = life.pace.due(at, Date.now()) ?? 0;
  if (at.read >= at.seen && !at.unread && !due) return;
  reading = setTimeout(() => {
    reading = null;
    if (state.place === at.key && marks.looking(state, at)) read(life, at);
    soon(life);
  }, Math.max(marks.LOOKED, due));
}

/** What the server tells before one comes in. @param {Life} life */
export async function welcome({ state, store }) {
  try {
    const answer = await fetch("/welcome.json", { cache: "no-store" });
    state.welcome = await answer.json();
  } catch {
    // Then there are no suggestions.
  }
  const { gate, welcome: told, server } = state;
  const fragment = roomOfUrl();
  gate.offer ||= told?.offer ?? "";
  gate.room ||= fragment || (told?.lobby ?? server.lobby);
  if (told) Object.assign(server, { lobby: told.lobby, fileBytes: told.file_bytes ?? server.fileBytes, kept: told.kept ?? true });
  store.touch(["gate", "box"]);
}

/** The room in the URL, as `#room` or `##room`. */
function roomOfUrl() {
  try {
    const room = decodeURIComponent(location.hash).replace(/^#+/, "");
    return room && `#${room}`;
  } catch {
    return "";
  }
}
