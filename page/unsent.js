// @ts-check
// One's own lines that have no answer yet: their tags, order and states. Pure; stored by others. It knows no DOM and no wire.
import { lostOnTheWay } from "./words.js";

/** @typedef {import("./types.js").Unsent} Unsent @typedef {import("./types.js").Command} Command */

/** Lines that may wait at once; the server remembers the last 256 tags. */
export const MOST = 64;
/** What the server could not store is sent again after so long. */
export const RETRY = 10_000;

/** Lines with a slash that say something, and may be sent twice with one tag. */
const SAYS = /^\s*\/(me|say|msg|notice|reply|r)\b/i;

/** A line as it leaves the box. @param {string} tag @param {{key: string, name: string}} place @param {string} text @param {number} time @returns {Unsent} */
export function line(tag, place, text, time) {
  // Of several lines only those are a command that begin with a word of it: comments of pasted code and paths are none.
  const command = /\S\s*\n\s*\S/.test(text) ? /^\s*\/[a-z-]+(\s|$)/i.test(text) : /^\s*\//.test(text);
  // Two slashes say one.
  const escaped = command && /^\s*\/\//.test(text);
  const kind = command && !escaped ? "typed" : place.name.startsWith("@") ? "msg" : "say";
  const said = escaped ? text.trim().slice(1) : text;
  return { tag, place: place.key, name: place.name, kind, text: said, time, state: "waiting", sentence: "", code: "", lost: false };
}

/** The command that says it. @param {Unsent} entry @returns {Command} */
export function command({ tag, name, kind, text }) {
  if (kind === "typed") return { type: "typed", tag, place: name, line: text };
  return kind === "msg" ? { type: "msg", tag, to: name.slice(1), text } : { type: "say", tag, room: name, text };
}

/** The next line to send; each place keeps its order, and none waits for one that was refused. @param {Unsent[]} list @param {(entry: Unsent) => boolean} ready */
export const next = (list, ready) => list.find((entry) => (entry.state === "waiting" || entry.lost) && ready(entry)) ?? null;

/** It is sent now. @param {Unsent} entry */
export function sent(entry) {
  if (entry.state === "waiting") entry.state = "sent";
  entry.lost = false;
}

/** The text as it goes back into a box. @param {Unsent} entry */
export const typed = (entry) => (entry.kind !== "typed" && line("", { key: "", name: entry.name }, entry.text, 0).kind === "typed" ? `/${entry.text}` : entry.text);

/** It came back as a message: only the answer is missing. @param {Unsent[]} list @param {string} place @param {string} text */
export function heard(list, place, text) {
  const entry = list.find((one) => one.state === "sent" && one.place === place && one.kind !== "typed" && one.text.trim() === text);
  if (entry) entry.state = "heard";
  return entry !== undefined;
}

/**
 * An answer came for this tag: `ok` takes the line away, a refusal stays with it. Returns the line, or null if it is no line's answer.
 * @param {Unsent[]} list @param {import("./types.js").Answer} answer
 */
export function answered(list, answer) {
  const at = list.findIndex((entry) => entry.tag === answer.tag);
  if (at < 0) return null;
  const entry = list[at];
  if (answer.type === "ok") list.splice(at, 1);
  else {
    entry.state = answer.code === "not-taken" || answer.code === "server-busy" ? "retry" : answer.code === "not-kept" ? "unkept" : "refused";
    entry.sentence = answer.text;
    entry.code = answer.code;
  }
  return entry;
}

/** The connection ended: what had no answer is sent again, but for commands that might be done twice. @param {Unsent[]} list */
export function broken(list) {
  for (const entry of list) {
    // What stands in the list already stays there; if the server has lost it, it comes again.
    if (entry.state === "heard") entry.lost = true;
    if (entry.state !== "sent") continue;
    if (entry.kind === "typed" && !SAYS.test(entry.text)) Object.assign(entry, { state: "refused", sentence: lostOnTheWay, code: "no-connection" });
    else entry.state = "waiting";
  }
}

/** [again], or the clock for what could not be stored. @param {Unsent} entry */
export function again(entry) {
  Object.assign(entry, { state: "waiting", sentence: "", code: "" });
}

/** @param {Unsent[]} list @param {string} tag @returns {Unsent | null} */
export function take(list, tag) {
  const at = list.findIndex((entry) => entry.tag === tag);
  return at < 0 ? null : list.splice(at, 1)[0];
}

const STATES = new Set(["waiting", "sent", "heard", "refused", "retry", "unkept"]);
const KINDS = new Set(["say", "msg", "typed"]);
const TEXTS = /** @type {const} */ (["tag", "place", "name", "text", "sentence", "code"]);

/** What was stored, as far as it is whole. @param {unknown} stored @returns {Unsent[]} */
export function restored(stored) {
  if (!Array.isArray(stored)) return [];
  const list = stored.filter((entry) => entry && STATES.has(entry.state) && KINDS.has(entry.kind) && TEXTS.every((field) => typeof entry[field] === "string"));
  // After a reload nothing stands in the list.
  for (const entry of list) if (entry.state === "heard") entry.state = "sent";
  broken(list);
  return list.slice(0, MOST);
}
