// @ts-check
// One place: how it begins, and its rows, a window over its lines with joins and leaves folded in between. Pure; it knows no events and no screen.
import { compare, fold as nickKey, mentions, placeKey } from "./text.js";
import { onlyOps } from "./words.js";

/** @typedef {import("./types.js").State} State @typedef {import("./types.js").Place} Place @typedef {import("./types.js").Row} Row @typedef {import("./types.js").LineRow} LineRow
 * @typedef {import("./types.js").MessageInfo} MessageInfo @typedef {import("./types.js").FoldPerson} FoldPerson */

/** Rows of one place in memory; what is before or after them is asked for again. */
export const MOST = 1_000;
/** So many go at once when there are more. */
const DROP = 100;
/** People in one row of joins and leaves; one more begins the next. */
const FOLDED = 40;

// --- a place ---

/** What can be set in a room, as long as nothing is. @type {import("./types.js").RoomSettings} */
const PLAIN = { invite_only: false, key: "", announcements: false, topic_by_ops: false, hidden: false, outsiders: false, limit: 0, registered: false };

/** @param {string} name @returns {Place} */
export function newPlace(name) {
  const kind = name.startsWith("@") ? "person" : "room";
  const numbers = { from: 0, to: 0, total: 0, below: 0, last: 0, read: 0, unread: 0, forMe: 0, seen: 0, made: 0, run: 0, base: 0, topicTime: 0 };
  const flags = { joined: kind === "person", atEnd: true, whole: false, following: true, asked: false, begun: false, loaded: false, voice: false };
  return {
    ...{ ...numbers, ...flags, settings: PLAIN, kind, name, key: placeKey(name), out: null, topic: "", topicBy: "", role: "", rows: [], loading: "" },
    ...{ fence: null, curb: null, draft: "", scroll: null, members: new Map(), typing: new Map(), during: new Set(), fresh: true },
  };
}

/** The place of that name, made if it is not there. @param {State} state @param {string} name */
export function placeOf(state, name) {
  const key = placeKey(name);
  let place = state.places.get(key);
  if (!place) state.places.set(key, (place = newPlace(name)));
  return place;
}

/** The places in the order of the side list: rooms, then people. @param {State} state */
export const order = (state) =>
  [...state.places.values()].sort((a, b) => (a.kind === b.kind ? compare(a.name, b.name) : a.kind === "room" ? -1 : 1));

/** @param {State} state @param {string} nick */
export const isMe = (state, nick) => nickKey(nick) === nickKey(state.me);

/** Only ops may speak in a room for announcements; a voice is more than that, and more than a mute. @param {Place} place */
export function setCurb(place) {
  if (place.curb?.code === "muted" && !place.voice) return;
  const closed = place.settings.announcements && !place.role && !place.voice;
  place.curb = closed ? { code: "announcements-only", text: onlyOps, until: null } : null;
}

/** @param {Place} place @param {Partial<import("./types.js").RoomSettings>} set */
export function setSettings(place, set) {
  const known = /** @type {Record<string, unknown>} */ (set);
  place.settings = /** @type {any} */ (Object.fromEntries(Object.entries(PLAIN).map(([name, none]) => [name, known[name] ?? none])));
  setCurb(place);
}

/** @param {State} state @param {string} nick @param {string | undefined} away */
export function setAway(state, nick, away) {
  if (away) state.people.set(nickKey(nick), { nick, away });
  else state.people.delete(nickKey(nick));
}

/** What is known of a member is otherwise. @param {State} state @param {Place} place @param {string} nick @param {Partial<import("./types.js").Member>} now */
export function setMember(state, place, nick, now) {
  const member = place.members.get(nickKey(nick));
  if (member) place.members.set(nickKey(nick), { ...member, ...now });
  const { role = place.role, voice = place.voice } = now;
  if (isMe(state, nick)) Object.assign(place, { role, voice });
  setCurb(place);
}

// --- its rows ---

let made = 0;
const newKey = () => `e${++made}`;

/** @param {MessageInfo} message @param {string} me @param {boolean} live @returns {LineRow} */
export function lineRow(message, me, live) {
  const own = nickKey(message.from) === nickKey(me);
  return {
    kind: "line",
    key: `l${message.seq}`,
    seq: message.seq,
    from: message.from,
    text: message.text,
    time: message.time,
    me: message.me === true,
    notice: message.notice === true,
    own,
    // A notice calls nobody.
    forMe: !own && !message.deleted && !message.notice && mentions(message.text, me).length > 0,
    server: message.from === "server",
    file: message.file ?? null,
    deleted: message.deleted ? "" : null,
    live,
  };
}

/** @param {Row} row @returns {row is LineRow} */
const isLine = (row) => row.kind === "line";

/** @param {Place} place @param {Row[]} rows */
function set(place, rows) {
  place.rows = rows;
  place.from = rows.find(isLine)?.seq ?? 0;
  place.to = 0;
  for (let at = rows.length - 1; at >= 0 && !place.to; at--) {
    const row = rows[at];
    if (isLine(row)) place.to = row.seq;
  }
}

/** Forgets all rows. @param {Place} place */
export function clear(place) {
  set(place, []);
  Object.assign(place, { atEnd: true, whole: false, below: 0, fence: null });
}

/** A row came at the end. Where the reader is far above, it is only counted. Returns whether it is among the rows. @param {Place} place @param {Row} row */
export function append(place, row) {
  if (!place.following && isLine(row)) place.below += 1;
  if (place.atEnd && place.rows.length >= MOST && !place.following) place.atEnd = false;
  if (!place.atEnd) return false;
  const rows = [...place.rows, row];
  if (rows.length > MOST) {
    rows.splice(0, DROP);
    place.whole = false;
  }
  set(place, rows);
  return true;
}

/** A line came at its place among the others: private lines may come while older ones are asked for. @param {Place} place @param {LineRow} row */
export function insert(place, row) {
  if (row.seq > place.to) return append(place, row);
  const at = place.rows.findIndex((other) => isLine(other) && other.seq >= row.seq);
  if (at < 0) return false;
  // A number that comes again: the line that had it was lost with the server.
  const same = /** @type {LineRow} */ (place.rows[at]).seq === row.seq;
  set(place, [...place.rows.slice(0, at), row, ...place.rows.slice(at + Number(same))]);
  return true;
}

/** Lines after `seq` are lost, or not there any more. @param {Place} place @param {number} seq */
export function rewind(place, seq) {
  const at = place.rows.findIndex((row) => isLine(row) && row.seq > seq);
  if (at >= 0) set(place, place.rows.slice(0, at));
}

/** @param {readonly Row[]} rows @param {number} limit */
const front = (rows, limit) => ({ rows: rows.slice(0, limit), cut: rows.length > limit });

/** A page of older lines. @param {Place} place @param {LineRow[]} page @param {boolean} more */
export function prepend(place, page, more) {
  const older = page.filter((row) => !place.from || row.seq < place.from);
  const { rows, cut } = front([...older, ...place.rows], MOST);
  if (cut) place.atEnd = false;
  set(place, rows);
  place.whole = !more;
}

/** A page of newer lines. @param {Place} place @param {LineRow[]} page @param {boolean} more */
export function extend(place, page, more) {
  const rows = [...place.rows, ...page.filter((row) => row.seq > place.to)];
  if (rows.length > MOST) {
    rows.splice(0, rows.length - MOST);
    place.whole = false;
  }
  set(place, rows);
  place.atEnd = !more && place.to >= place.seen;
  if (place.atEnd && place.following) place.below = 0;
}

/** Another window: the one around a line, or the newest. @param {Place} place @param {LineRow[]} page @param {{whole: boolean, atEnd: boolean}} ends */
export function replace(place, page, ends) {
  set(place, page);
  place.whole = ends.whole;
  place.atEnd = ends.atEnd;
}

/**
 * The newest lines of a conversation, as the server has them now: they win over what was heard before, but not over
 * `live`, what came by itself meanwhile. A gap is marked. @param {Place} place @param {LineRow[]} page @param {boolean} more @param {ReadonlySet<number>} live
 */
export function renew(place, page, more, live) {
  const first = page.length ? page[0].seq : Infinity;
  const last = page.length ? page[page.length - 1].seq : 0;
  const at = place.rows.findIndex((row) => isLine(row) && row.seq >= first && !live.has(row.seq));
  const before = (at < 0 ? place.rows : place.rows.slice(0, at)).filter((row) => !isLine(row) || row.seq < first);
  const after = place.rows.filter((row) => isLine(row) && row.seq > last && live.has(row.seq));
  const known = before.filter(isLine).pop()?.seq ?? 0;
  if (!known) place.whole = !more;
  const gap = known && first !== Infinity && first > known + 1 ? [gapRow(known, first - known - 1, page[0].time)] : [];
  set(place, more || page.length ? [...before, ...gap, ...page, ...after] : after);
}

/** @param {number} after @param {number} count @param {number} time @returns {import("./types.js").GapRow} */
export const gapRow = (after, count, time) => ({ kind: "gap", key: `g${after}`, time, after, count });

/** A page of lines that were left out. @param {Place} place @param {string} key @param {LineRow[]} page */
export function fill(place, key, page) {
  const at = place.rows.findIndex((row) => row.key === key);
  const gap = place.rows[at];
  if (gap?.kind !== "gap") return;
  const end = gap.after + gap.count;
  const lines = page.filter((row) => row.seq > gap.after && row.seq <= end);
  const last = lines.length ? lines[lines.length - 1].seq : end;
  const rest = last < end ? [gapRow(last, end - last, gap.time)] : [];
  const rows = [...place.rows.slice(0, at), ...lines, ...rest, ...place.rows.slice(at + 1)];
  const cut = front(rows, MOST + DROP);
  if (cut.cut) place.atEnd = false;
  set(place, cut.rows);
}

/** Takes the text and the file of a line away. Returns the line as it was. @param {Place} place @param {number} seq @param {string} by */
export function takeAway(place, seq, by) {
  const known = place.rows.find((row) => isLine(row) && row.seq === seq && row.deleted === null);
  place.rows = place.rows.map((row) =>
    isLine(row) && row.seq === seq ? { ...row, text: "", file: null, forMe: false, deleted: by } : row,
  );
  return /** @type {LineRow | undefined} */ (known);
}

/** @param {FoldPerson["did"] | undefined} before @param {"came" | "went"} did @returns {FoldPerson["did"]} */
function both(before, did) {
  if (did === "went") return before === "came" || before === "came-and-went" ? "came-and-went" : "went";
  return before === "went" || before === "went-and-came" ? "went-and-came" : "came";
}

/**
 * What a run of joins and leaves is after one more; null if that one begins another run.
 * @param {readonly FoldPerson[]} people @param {string} nick @param {"came" | "went"} did @param {string} why @returns {FoldPerson[] | null}
 */
export function folded(people, nick, did, why) {
  const known = people.find((person) => person.nick === nick);
  if (!known && people.length >= FOLDED) return null;
  const now = { nick, did: both(known?.did, did), why: "" };
  if (now.did === "went") now.why = why;
  return known ? people.map((person) => (person === known ? now : person)) : [...people, now];
}

/** A person came or went: one row holds a run of that, until another row follows. @param {Place} place @param {string} nick @param {"came" | "went"} did @param {string} why @param {number} time */
export function traffic(place, nick, did, why, time) {
  if (!place.atEnd) return;
  const last = place.rows[place.rows.length - 1];
  const people = last?.kind === "fold" ? folded(last.people, nick, did, why) : null;
  if (last?.kind === "fold" && people) place.rows = [...place.rows.slice(0, -1), { ...last, people, time }];
  else append(place, { kind: "fold", key: newKey(), time, people: folded([], nick, did, why) ?? [] });
}

/** Something else happened. @param {Place} place @param {string} text @param {number} time @param {boolean} [live] */
export function happened(place, text, time, live = true) {
  append(place, { kind: "event", key: newKey(), time, text, live });
}
