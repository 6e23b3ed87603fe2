// @ts-check
// Names and texts: when two names are one, their colour and initial; a text becomes nodes, links, code. It knows no places and no people.
// The only file that makes links out of what people write.
import { el } from "./el.js";

const bytes = new TextEncoder();

/** The form to compare names by, as the server folds them: letter by letter, so a sigma at the end is as any other. @param {string} name */
export const fold = (name) => name.replaceAll("Σ", "σ").toLowerCase().normalize("NFC");

/** The key of a place: `#room` or `@nick`, folded; a room may come without its `#`. @param {string} place */
export const placeKey = (place) => fold(/^[#@]/.test(place) ? place : `#${place}`);

/** A number from 0 to 9 that stays with a nick, in every client: FNV-1a of its key. @param {string} nick */
export function colour(nick) {
  let hash = 0x811c9dc5;
  for (const byte of bytes.encode(fold(nick))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % 10;
}

/** The first letter as people see it, with its marks. @param {string} nick */
export function initial(nick) {
  const name = nick.replace(/^[#@]/, "");
  const first = "Segmenter" in Intl ? new Intl.Segmenter().segment(name)[Symbol.iterator]().next().value?.segment : [...name][0];
  return (first ?? "?").toUpperCase();
}

const order = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** Whether `a` stands before `b` in a list of names. @param {string} a @param {string} b */
export const compare = (a, b) => order.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

const isWord = (/** @type {string} */ letter) => /[\p{Alphabetic}\p{N}_]/u.test(letter);

/** Whether the word continues: `anna2` and `anna-x` are not `anna`, but `anna-` is. @param {string[]} rest */
const goesOn = ([first = "", second = ""]) => (first === "-" ? isWord(second) : first !== "" && isWord(first));

/**
 * The ranges at which `text` names `nick`: as a word of its own, in any case. Counted as JavaScript counts strings.
 * @param {string} text @param {string} nick @returns {[number, number][]}
 */
export function mentions(text, nick) {
  const wanted = [...nick].map((letter) => letter.toLowerCase());
  const letters = [...text];
  /** @type {[number, number][]} */
  const found = [];
  if (!wanted.length || text.length < nick.length) return found;
  let at = 0;
  let before = "";
  for (let i = 0; i < letters.length; i++) {
    if (!(before && isWord(before)) && wanted.every((letter, j) => letters[i + j]?.toLowerCase() === letter)) {
      const end = i + wanted.length;
      if (!goesOn(letters.slice(end, end + 2))) found.push([at, at + letters.slice(i, end).join("").length]);
    }
    at += letters[i].length;
    before = letters[i];
  }
  return found;
}

// --- texts ---

/** @typedef {{kind: "text" | "link" | "code" | "block" | "me", text: string, href?: string, host?: string}} Piece */

// What shows nothing, or turns the direction, has no place in a link.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/u;
const CANDIDATE = /\bhttps?:\/\/[^\s<>"`]+/giu;
const CODE = /```\n?([^]*?)\n?```|`([^`\n]+)`/g;

/** The part of `candidate` that is the link: signs at its end belong to the sentence. @param {string} candidate */
function trimmed(candidate) {
  let link = candidate;
  for (;;) {
    const last = link[link.length - 1];
    const opens = { ")": "(", "]": "[", "}": "{" }[last];
    if (opens ? link.split(opens).length >= link.split(last).length : !/[.,;:!?'"»”’…、。]/u.test(last)) return link;
    link = link.slice(0, -1);
  }
}

/** The link that `text` is, or null: http and https only, no user name, nothing hidden. @param {string} text */
export function link(text) {
  if (HIDDEN.test(text) || text.split("/")[2]?.includes("@")) return null;
  try {
    const url = new URL(text);
    const fits = /^https?:$/.test(url.protocol) && !url.username && !url.password && url.hostname;
    return fits ? { href: url.href, host: url.host } : null;
  } catch {
    return null;
  }
}

/** @param {string} text @param {string} me @returns {Piece[]} */
function named(text, me) {
  /** @type {Piece[]} */
  const pieces = [];
  let at = 0;
  for (const [start, end] of mentions(text, me)) {
    if (start > at) pieces.push({ kind: "text", text: text.slice(at, start) });
    pieces.push({ kind: "me", text: text.slice(start, end) });
    at = end;
  }
  if (at < text.length) pieces.push({ kind: "text", text: text.slice(at) });
  return pieces;
}

/** @param {string} text @param {string} me @returns {Piece[]} */
function linked(text, me) {
  /** @type {Piece[]} */
  const pieces = [];
  let at = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const shown = trimmed(match[0]);
    const found = link(shown);
    if (!found) continue;
    pieces.push(...named(text.slice(at, match.index), me), { kind: "link", text: shown, ...found });
    at = match.index + shown.length;
  }
  return [...pieces, ...named(text.slice(at), me)];
}

/** The pieces of a text; together they are the text, but for the signs around code. @param {string} text @param {string} me @returns {Piece[]} */
export function pieces(text, me) {
  /** @type {Piece[]} */
  const all = [];
  let at = 0;
  for (const match of text.matchAll(CODE)) {
    const inside = match[1] ?? match[2];
    if (!inside.trim()) continue;
    all.push(...linked(text.slice(at, match.index), me), { kind: match[1] === undefined ? "code" : "block", text: inside });
    at = match.index + match[0].length;
  }
  return [...all, ...linked(text.slice(at), me)];
}

/** @param {Piece} piece */
function node(piece) {
  if (piece.kind === "text") return document.createTextNode(piece.text);
  if (piece.kind === "me") return el("mark", { text: piece.text });
  if (piece.kind === "block") return el("pre", { tabIndex: 0 }, el("code", { text: piece.text }));
  if (piece.kind === "code") return el("code", { text: piece.text });
  const a = el("a", { text: piece.text, target: "_blank", rel: "noopener noreferrer nofollow" });
  a.href = /** @type {string} */ (piece.href);
  // A name in other letters shows how it is really written.
  if (piece.host?.includes("xn--")) a.title = a.href;
  return a;
}

/** @param {string} text @param {string} me one's own name, or "" @returns {Node[]} */
export const nodes = (text, me) => pieces(text, me).map(node);
