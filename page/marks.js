// @ts-check
// What is read and what is not: numbers, the line "new", and when the server is told. Pure; it knows no DOM and no wire.
import { placeOf, rewind } from "./place.js";

/** @typedef {import("./types.js").Place} Place @typedef {import("./types.js").State} State */

/** The end of the list must be in view so long, and a place is told once in so long. */
export const LOOKED = 1_000;
const PACE = 3_000;

/** Whether the person sees the end of this place now. @param {State} state @param {Place} place */
export const looking = (state, place) => state.seen && state.phase === "in" && state.place === place.key && place.following;

/** A line of another person came. @param {State} state @param {Place} place @param {number} seq @param {boolean} forMe */
export function came(state, place, seq, forMe) {
  if (looking(state, place)) return;
  if (!place.unread) place.fence = seq - 1;
  place.unread += 1;
  if (forMe || place.kind === "person") place.forMe += 1;
}

/** A line of a history that the server has counted already. @param {Place} place @param {import("./types.js").LineRow} row */
export function known(place, row) {
  if (row.forMe && row.seq > place.read) place.forMe = Math.min(place.unread, place.forMe + 1);
}

/** An unread line was deleted. @param {Place} place @param {boolean} forMe */
export function gone(place, forMe) {
  place.unread = Math.max(0, place.unread - 1);
  place.forMe = Math.min(place.unread, Math.max(0, place.forMe - (forMe || place.kind === "person" ? 1 : 0)));
}

/** All that is here is read. Returns whether that is news. @param {Place} place */
export function readAll(place) {
  const news = place.unread > 0 || place.forMe > 0 || place.read < place.seen;
  Object.assign(place, { unread: 0, forMe: 0, read: Math.max(place.read, place.seen) });
  return news;
}

/** The server, or another session, says how far it is read, and maybe how many are not; its number wins. @param {Place} place @param {number} seq @param {number} [unread] */
export function told(place, seq, unread) {
  if (unread === undefined && seq <= place.read) return;
  place.read = seq;
  const known = place.rows.filter((row) => row.kind === "line" && row.seq > seq && !row.own && row.deleted === null);
  const covered = place.from > 0 && place.from <= seq + 1;
  place.unread = unread ?? (covered ? known.length : Math.min(place.unread, Math.max(0, place.seen - seq)));
  const forMe = place.kind === "person" ? place.unread : known.filter((row) => row.kind === "line" && row.forMe).length;
  place.forMe = Math.min(place.unread, forMe);
}

/** The place is shown from now on: where the line "new" stands. @param {Place} place */
export function opened(place) {
  if (!place.unread) place.fence = null;
  else if (place.fence === null || place.fence < place.read) place.fence = place.read;
}

/** What is for this person, everywhere: the number in the title. @param {State} state */
export const forMe = (state) => [...state.places.values()].reduce((sum, place) => sum + place.forMe, 0);

/** What an account has not read, by the server's count. @param {State} state @param {import("./types.js").ChatInfo[]} list @param {boolean} more @param {import("./places.js").Out} out */
export function chats(state, list, more, out) {
  for (const chat of list) {
    if (state.places.size > 1_200) break;
    const place = placeOf(state, chat.room);
    place.last = chat.seq;
    if (chat.seq < place.seen && place.kind === "person") rewind(place, (place.seen = chat.seq));
    // What was read without a connection, or what a killed server has forgotten, is told again.
    const read = place.loaded ? Math.min(Math.max(place.read, chat.read), chat.seq) : chat.read;
    if (read > chat.read) out.asks.push({ type: "read", room: chat.room, seq: read });
    told(place, read, Math.min(chat.unread, Math.max(0, chat.seq - read)));
  }
  if (more) out.asks.push({ type: "chats", past: list[list.length - 1].room });
  out.touch(state, null, "side");
}

/** Tells when `read` may go out: once in a while for each place. */
export class Pace {
  /** @type {Map<string, {seq: number, at: number}>} */
  #told = new Map();

  /** Milliseconds until the server may be told of this place; null if it knows. @param {Place} place @param {number} now */
  due(place, now) {
    const last = this.#told.get(place.key);
    if (!place.read || (last && last.seq >= place.read)) return null;
    return last ? Math.max(0, last.at + PACE - now) : 0;
  }

  /** @param {string} key @param {number} seq @param {number} now */
  tell(key, seq, now) {
    this.#told.set(key, { seq, at: now });
  }
}
