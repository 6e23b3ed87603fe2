// @ts-check
// The rows of the message list: makes them, and walks, opens and copies them. It knows no windows and no pages.

import { button, el, icon } from "./el.js";
import { colour, initial } from "./text.js";
import { nodes } from "./text.js";
import * as words from "./words.js";
import { L } from "./words.js";

/** @typedef {import("./types.js").Chat} Chat @typedef {import("./types.js").LineRow} LineRow @typedef {import("./types.js").FileInfo} FileInfo @typedef {import("./types.js").Place} Place */

/** Larger pictures are not shown inline: they would fill a phone's memory. */
const PIXELS = 40e6;
/** The longest side of a picture in the list, in px. */
const SIDE = 400;

/** The coloured circle. @param {string} nick */
export const face = (nick) => el("span", { class: `face c${colour(nick)}`, "aria-hidden": "true", text: initial(nick) });

/** @param {string} nick */
export const name = (nick) => el("bdi", { class: `by nick c${colour(nick)}`, text: nick });

/** @param {number} time @param {string} [kind] */
export const clock = (time, kind) => el("time", { class: kind, text: words.clock(time), title: words.full(time), dateTime: new Date(time).toISOString() });

/** Heard, not seen. */
const comma = () => el("span", { class: "quiet", text: ", " });

/** Name and time before a text; without `head` they are for the ear, and for paper. @param {string} nick @param {number} time @param {boolean} head @param {boolean} [notice] */
const who = (nick, time, head, notice) =>
  el(head ? "div" : "span", { class: "who" }, head ? name(nick) : el("span", { class: "quiet by", text: nick }), notice && el("small", { class: head ? "dim" : "quiet", text: ` ${L.notice}` }), comma(), clock(time, head ? "" : "side-time"), comma());

/** @param {string} kind @param {...import("./el.js").Child} inside */
const li = (kind, ...inside) => el("li", { class: kind, tabIndex: -1 }, ...inside);

/**
 * A line that was said. With `head` it begins with its author; else it follows one of theirs.
 * @param {Chat} chat @param {LineRow} row @param {boolean} head
 */
export function line(chat, row, head) {
  const kinds = ["line", head && "head", row.own && "own", row.forMe && "mention", row.me && "me", row.notice && "notice", row.deleted !== null && "gone", row.live && "fresh"];
  const text = row.deleted !== null ? L.deleted(row.deleted) : row.text;
  // Lines that are set in are code, or want to be seen as it.
  const said = el("div", { class: !text.includes("```") && /\n(?: {2}|\t)/.test(text) ? "text code" : "text", dir: "auto" });
  if (row.me && row.deleted === null) said.append(name(row.from), " ");
  said.append(...(row.deleted !== null ? [text] : nodes(text, chat.state.me)));
  if (row.me) said.append(clock(row.time));
  return li(
    kinds.filter(Boolean).join(" "),
    head && face(row.from),
    !row.me && who(row.from, row.time, head, row.notice),
    text !== "" && said,
    row.file && row.deleted === null && file(chat, row.file, row.own),
  );
}

/** A file as a picture, a player, or a card to save it. @param {Chat} chat @param {FileInfo} info @param {boolean} own */
function file(chat, info, own) {
  const { actions, state } = chat;
  const kind = info.mime.split("/")[0];
  const pixels = (info.width ?? 0) * (info.height ?? 0);
  const box = el("div", {});
  const card = (/** @type {string} */ why = "") =>
    box.replaceChildren(el("div", { class: "card" }, icon("file"), el("span", { class: "name" }, el("bdi", { text: info.name }), el("span", { class: "dim", text: ` ${words.size(info.size)}` }), why && el("small", { class: "dim", text: why })),
      button(L.save, save, { "aria-label": `${L.save} ${info.name}` })));
  const save = async () => {
    const link = el("a", { hidden: true });
    document.body.append(link);
    if (await actions.putFile(link, info)) link.click();
    else card(L.fileNot);
    link.remove();
  };
  const picture = () => {
    const [wide, high] = [info.width ?? 0, info.height ?? 0];
    // The box has its size before the picture is there, so nothing moves when it comes.
    const side = state.settings.beamer ? 2 * SIDE : SIDE;
    const scale = Math.min(1, side / wide, side / high);
    const image = el("img", { alt: L.picture(info.name), width: Math.round(wide * scale), height: Math.round(high * scale), decoding: "async" });
    // And it keeps it, if the picture is of another shape than the server was told.
    image.style.setProperty("aspect-ratio", `${wide} / ${high}`);
    const open = button("", () => panelPicture(chat, info), { class: "picture" });
    let tries = 0;
    open.replaceChildren(image);
    box.replaceChildren(open);
    image.addEventListener("error", async () => {
      if (tries++ > 0 || !(await actions.putFile(image, info, true))) {
        card(L.fileNot);
        box.firstElementChild?.append(button(L.again, picture));
      }
    });
    near(image, async () => {
      if (!(await actions.putFile(image, info))) card(L.fileNot);
    });
  };
  if (kind === "image" && pixels > 0 && pixels <= PIXELS) {
    if (state.settings.beamer && !own) box.append(el("div", { class: "card" }, icon("file"), el("span", { text: info.name }), button(L.showPicture, picture)));
    else picture();
  } else if (kind === "audio" || kind === "video" || info.mime === "application/ogg") {
    card();
    const play = el("audio", { controls: true, preload: "none", "aria-label": info.name });
    box.append(play);
    near(play, () => actions.putFile(play, info));
  } else card(kind === "image" && pixels ? L.tooManyPixels(info.width ?? 0, info.height ?? 0) : "");
  return box;
}

/** @type {(chat: Chat, info: FileInfo) => void} */
let panelPicture = () => {};
/** Says what a click on a picture does. @param {typeof panelPicture} act */
export function onPicture(act) {
  panelPicture = act;
}

const waiting = new WeakMap();
const watcher = typeof IntersectionObserver === "undefined" ? null : new IntersectionObserver((seen) => {
  for (const one of seen) {
    if (!one.isIntersecting) continue;
    watcher?.unobserve(one.target);
    waiting.get(one.target)?.();
  }
}, { rootMargin: "600px" });

/** Calls `act` once `node` comes near the view. @param {Element} node @param {() => void} act */
function near(node, act) {
  waiting.set(node, act);
  watcher?.observe(node);
}

/**
 * An own line without an answer. It is as high as it will be when it has one.
 * @param {Chat} chat @param {import("./types.js").Unsent} unsent @param {boolean} head @param {(tag: string) => void} edit
 */
export function unsent(chat, unsent, head, edit) {
  const { actions, state } = chat;
  const failed = unsent.state === "refused" || unsent.state === "retry" || unsent.state === "unkept";
  const wait = Math.ceil((state.link.waitUntil - Date.now()) / 1000);
  const clocked = !failed && el("span", { class: "state", title: L.onItsWay }, " ", icon("clock"), unsent.state === "waiting" && wait > 0 ? ` ${L.waits(wait, state.server.rate)}` : "", el("span", { class: "quiet", text: L.onItsWay }));
  const row = li(
    `line ${head ? "head " : ""}own ${failed ? "failed" : "wait"}`,
    head && face(state.me),
    who(state.me, unsent.time, head),
    el("div", { class: "text", dir: "auto", text: unsent.text }, clocked),
  );
  if (failed) {
    row.append(el("div", { class: "why" }, el("span", {}, icon("warn"), ` ${unsent.sentence}`),
      unsent.state === "retry" && el("span", { class: "dim", text: L.retries }),
      unsent.state === "refused" && button(L.again, () => actions.again(unsent.tag)),
      unsent.state !== "unkept" && button(L.edit, () => edit(unsent.tag)),
      button(unsent.state === "unkept" ? L.seen : L.discard, () => actions.discard(unsent.tag))));
  }
  return row;
}

/** @param {import("./types.js").FoldRow | import("./types.js").EventRow} row */
export const event = (row) => li("line event", el("bdi", { text: row.kind === "fold" ? words.fold(row.people) : row.text }), clock(row.time));

/** @param {Chat} chat @param {Place} place @param {import("./types.js").GapRow} row */
export const gap = (chat, place, row) => li("day", el("span", { text: L.gap(row.count) }), button(L.load, () => chat.actions.gap(place.key, row)));

/** @param {number} time */
export const day = (time) => li("day", words.day(time));
export const fence = () => li("fence", L.fence);

/** What stands where a place begins. @param {Place} place @param {boolean} any @param {Node | null} invite */
export function beginning(place, any, invite) {
  if (any) return li("day", L.begins(place.name, place.kind === "room" && place.made ? words.date(place.made) : ""));
  return li("empty", el("p", { text: place.kind === "room" ? L.empty(place.name) : L.emptyPrivate(place.name) }), place.kind === "room" && invite);
}

/** Above the first line of a room. @param {string} text */
export const motd = (text) => li("line event", el("div", { class: "text", dir: "auto", text }));

/** What stands there while one is nowhere. @param {() => void} join */
export const nowhere = (join) => li("empty", el("p", { text: L.nowhereWhat }), button(L.joinRoom, join, { class: "main" }));

/** Grey rows for what is coming. */
export const grey = () => el("li", { class: "grey", "aria-hidden": "true" });

/**
 * What one does with lines: walk by keys, open the menu, copy.
 * @param {ReturnType<typeof import("./list.js").list>} list
 * @param {(place: Place, row: import("./types.js").LineRow, at: HTMLElement) => void} menu
 */
export function walk({ toEnd, rowOf, place, scroller, ol }, menu) {
  /** One button for all lines: it goes to the one under the pointer. */
  const act = button(L.lineActions, () => open(act), { icon: "more", class: "act", tabIndex: -1, "aria-haspopup": "menu" });

  /** @param {EventTarget | null} node */
  function open(node) {
    const [found, here] = [rowOf(node), place()];
    if (found && here) menu(here, found.row, found.at);
    return !!found;
  }

  /** @param {1 | -1} by */
  function step(by) {
    const all = /** @type {HTMLElement[]} */ ([...ol.children].filter((row) => /** @type {HTMLElement} */ (row).tabIndex === -1));
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const bottom = scroller.getBoundingClientRect().bottom;
    const next = at < 0 ? all.findLast((row) => row.getBoundingClientRect().top < bottom - 8) : all[at + by];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  }

  ol.addEventListener("pointerover", (/** @type {PointerEvent} */ event) => {
    const found = rowOf(event.target);
    if (found && act.parentElement !== found.at) found.at.append(act);
  });
  ol.addEventListener("focusin", (/** @type {FocusEvent} */ event) => {
    const found = rowOf(event.target);
    if (found && act.parentElement !== found.at) found.at.append(act);
  });
  ol.addEventListener("contextmenu", (/** @type {MouseEvent} */ event) => {
    const plain = event.target instanceof Element && !event.target.closest("a, img") && !String(document.getSelection());
    if (plain && open(event.target)) event.preventDefault();
  });
  scroller.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const onRow = event.target === scroller || (event.target instanceof HTMLLIElement && ol.contains(event.target));
    if (!onRow || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowUp") step(-1);
    else if (event.key === "ArrowDown") step(1);
    else if (event.key === "End") toEnd();
    else if (event.key === "Home") scroller.scrollTop = 0;
    else if ((event.key === "Enter" || event.key === "ContextMenu") && open(event.target)) true;
    else return;
    event.preventDefault();
  });
  ol.addEventListener("copy", (/** @type {ClipboardEvent} */ event) => {
    const chosen = document.getSelection();
    const rows = chosen ? [...ol.children].filter((row) => chosen.containsNode(row, true)).map(rowOf).filter((found) => !!found) : [];
    if (rows.length < 2) return;
    event.clipboardData?.setData("text/plain", rows.map(({ row }) => words.copied(row)).join("\n"));
    event.preventDefault();
  });
}
