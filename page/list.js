// @ts-check
// The message list: a window of at most 400 lines over the rows in memory, its own anchor, the pill. It knows no wire and no words.

import { byId, el } from "./el.js";
import * as rows from "./rows.js";
import { L, dayNumber } from "./words.js";

/** @typedef {import("./types.js").Place} Place @typedef {import("./types.js").Row} Row */
/** @typedef {{key: string, row: unknown, look: string, make: () => HTMLElement}} Item */

/** Rows on the screen at most, and how many come or go at once. */
const MOST = 400;
const PAGE = 100;
/** How near (px) to an edge the next page is fetched. */
const NEAR = 700;
/** Lines of one author within this time (ms) stand under one head. */
const GROUP = 5 * 60_000;

/** What stands there until the first rows come. @type {Item[]} */
const greys = ["g1", "g2", "g3"].map((key) => ({ key, row: null, look: "", make: rows.grey }));

/**
 * @param {import("./types.js").Chat} chat
 * @param {{invite: (place: Place) => Node, edit: (tag: string) => void, join: () => void}} does
 */
export function list(chat, does) {
  const { store, state, actions } = chat;
  const [scroller, ol, pill, pillText, older] = ["scroller", "list", "pill", "pill-text", "older"].map(byId);
  const end = el("div", { class: "end" });
  /** @type {Map<string, Item & {node: HTMLElement}>} */
  let shown = new Map();
  /** The place drawn, and its window: from row `first` up to, without, row `past`. @type {string | null} */
  let drawn = null;
  let firstKey = "";
  let pastKey = "";
  let [first, past] = [0, 0];
  let following = true;
  let last = { top: 0, height: 0, client: 0 };
  /** The row under the eye that is being fetched. @type {unknown} */
  let asked = null;
  scroller.append(end);

  const place = () => (state.place === null ? undefined : state.places.get(state.place));

  /** Finds the window again after rows came or went. @param {readonly Row[]} all */
  function settle(all) {
    const at = firstKey ? all.findIndex((row) => row.key === firstKey) : -1;
    const to = pastKey ? all.findIndex((row) => row.key === pastKey) : -1;
    first = at < 0 ? 0 : at;
    past = pastKey && to >= 0 ? to : all.length;
    if (following) {
      past = all.length;
      if (at < 0 || past - first > MOST) first = Math.max(0, past - MOST + PAGE);
    } else if (past - first > MOST) past = Math.min(all.length, first + MOST);
    remember(all);
  }

  /** @param {readonly Row[]} all */
  function remember(all) {
    firstKey = all[first]?.key ?? "";
    pastKey = all[past]?.key ?? "";
  }

  /** @param {Place} here @returns {Item[]} */
  function items(here) {
    /** @type {Item[]} */
    const made = [];
    const all = here.rows;
    const look = state.settings.beamer ? "beamer" : "";
    const waiting = past === all.length ? state.unsent.filter((one) => one.place === here.key && one.state !== "heard") : [];
    const { motd } = state.server;
    if (motd && here.kind === "room" && !first) made.push({ key: motd, row: null, look: "", make: () => rows.motd(motd) });
    if (here.loading === "first" && all.length === 0) made.push(...greys);
    else if (here.whole && first === 0) {
      const any = all.some((row) => row.kind === "line") || waiting.length > 0;
      made.push({ key: "begin", row: null, look: `${any}${here.made}`, make: () => rows.beginning(here, any, any ? null : does.invite(here)) });
    }
    let before = /** @type {Row | null} */ (null);
    let today = 0;
    // The line "new" stands where the reader stopped, not where a window behind that begins.
    const unread = here.fence === null ? -1 : all.findIndex((row) => row.kind === "line" && row.seq > (here.fence ?? 0));
    const fence = unread > 0 || (unread === 0 && (here.whole || here.from === (here.fence ?? 0) + 1)) ? unread : -1;
    for (let at = first; at < past; at++) {
      const row = all[at];
      let head = before?.kind !== "line" || row.kind !== "line" || before.from !== row.from || row.time - before.time > GROUP || row.me || before.me || row.notice !== before.notice;
      // A day has 23 hours at least, so most rows need no calendar.
      const other = row.time !== 0 && (row.time < today || row.time >= today + 23 * 3_600_000) ? dayNumber(row.time) : today;
      if (other !== today) {
        today = other;
        made.push({ key: `day ${row.key}`, row: null, look: String(today), make: () => rows.day(row.time) });
        head = true;
      }
      if (at === fence) {
        made.push({ key: "fence", row: null, look: "", make: rows.fence });
        head = true;
      }
      const make = row.kind === "line" ? () => rows.line(chat, row, head) : row.kind === "gap" ? () => rows.gap(chat, here, row) : () => rows.event(row);
      made.push({ key: row.key, row, look: `${head}${look}`, make });
      if (row.time) before = row;
    }
    for (const one of waiting) {
      const wait = one.state === "waiting" ? Math.ceil(Math.max(0, state.link.waitUntil - Date.now()) / 1000) : 0;
      const head = before?.kind !== "line" || !before.own || before.me || before.notice || one.time - before.time > GROUP;
      made.push({ key: `tag ${one.tag}`, row: null, look: `${head}${one.state}${one.sentence}${wait}`, make: () => rows.unsent(chat, one, head, does.edit) });
      before = /** @type {Row} */ ({ kind: "line", own: true, me: false, notice: false, from: state.me, time: one.time });
    }
    return made;
  }

  /** Makes the rows on the screen those of `made`, and touches only what differs. @param {Item[]} made */
  function patch(made) {
    /** @type {typeof shown} */
    const next = new Map();
    for (const item of made) {
      const had = shown.get(item.key);
      if (had && had.row === item.row && had.look === item.look) next.set(item.key, had);
      else {
        const node = item.make();
        node.dataset.key = item.key;
        if (had) {
          const focused = had.node.contains(document.activeElement);
          node.classList.remove("fresh");
          had.node.replaceWith(node);
          if (focused) node.focus({ preventScroll: true });
        }
        next.set(item.key, { ...item, node });
      }
    }
    for (const [key, { node }] of shown) if (!next.has(key)) node.remove();
    let at = ol.firstElementChild;
    for (const { node } of next.values()) {
      if (node === at) at = at.nextElementSibling;
      else ol.insertBefore(node, at);
    }
    shown = next;
  }

  /** The first rows in view, with their places on the screen. */
  function eye() {
    const top = scroller.getBoundingClientRect().top;
    const all = ol.children;
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle].getBoundingClientRect().bottom > top) high = middle;
      else low = middle + 1;
    }
    return [...all].slice(low, low + 20).map((node) => ({ key: node.dataset.key ?? "", top: node.getBoundingClientRect().top - top }));
  }

  /** Puts the first of these rows that is still there back to where it was. @param {{key: string, top: number}[]} marks */
  function hold(marks) {
    if (following) scroller.scrollTop = scroller.scrollHeight;
    else {
      const mark = marks.find(({ key }) => shown.has(key));
      const node = mark && shown.get(mark.key)?.node;
      if (node) scroller.scrollTop += node.getBoundingClientRect().top - scroller.getBoundingClientRect().top - mark.top;
    }
    last = { top: scroller.scrollTop, height: scroller.scrollHeight, client: scroller.clientHeight };
  }

  function draw() {
    const here = place();
    pill.hidden = !here || (here.below === 0 && following);
    ol.classList.toggle("out", !!here?.out || state.link.is === "over");
    if (!here) {
      drawn = null;
      return patch([{ key: "nowhere", row: null, look: "", make: () => rows.nowhere(does.join) }]);
    }
    pillText.textContent = here.below ? L.below(here.below) : L.toEnd;
    older.hidden = here.loading !== "older";
    let marks = drawn === here.key && !following ? eye() : [];
    if (drawn !== here.key) {
      const mark = /** @type {{key: string, top: number} | null} */ (here.scroll ?? null);
      const at = mark ? here.rows.findIndex((row) => row.key === mark.key) : -1;
      if (mark && at < 0 && fetches(here, mark)) return patch(greys);
      ol.replaceChildren();
      shown = new Map();
      drawn = here.key;
      following = at < 0 && here.atEnd;
      first = at < 0 ? Math.max(0, here.rows.length - PAGE) : Math.max(0, at - PAGE);
      past = at < 0 ? here.rows.length : Math.min(here.rows.length, at + PAGE);
      remember(here.rows);
      if (mark && at >= 0) marks = [mark];
      actions.following(here.key, following);
    } else settle(here.rows);
    patch(items(here));
    hold(marks);
    reach();
  }

  /** After a reload the row that was under the eye is asked for, once. @param {Place} here @param {{key: string}} mark */
  function fetches(here, mark) {
    const seq = Number(/^l(\d+)$/.exec(mark.key)?.[1] ?? 0);
    if (!seq || !here.joined) return false;
    if (here.loaded && asked !== mark) {
      asked = mark;
      void actions.goTo(here.key, seq).then(() => {
        asked = null;
        if (!here.rows.some(({ key }) => key === mark.key)) here.scroll = null;
        draw();
      });
    }
    return !here.loaded || asked === mark;
  }

  /** Brings the next page if an edge is near. */
  function reach() {
    const here = place();
    if (!here || here.loading) return;
    if (scroller.scrollTop < NEAR) {
      if (first > 0) return move(Math.max(0, first - PAGE), past);
      if (!here.whole && here.joined) actions.older(here.key);
    }
    if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR) {
      if (past < here.rows.length) return move(first, Math.min(here.rows.length, past + PAGE));
      if (!here.atEnd && here.joined) actions.newer(here.key);
    }
  }

  /** @param {number} from @param {number} to */
  function move(from, to) {
    const here = place();
    if (!here) return;
    const marks = eye();
    const up = from < first;
    [first, past] = to - from <= MOST ? [from, to] : up ? [from, from + MOST] : [to - MOST, to];
    remember(here.rows);
    patch(items(here));
    hold(marks);
  }

  /** @param {boolean} now */
  function follow(now) {
    const here = place();
    if (!here || now === following) return;
    // The end in view is the place's end only if all rows are drawn: some may be new.
    if (now && !(here.atEnd && past === here.rows.length)) return;
    following = now;
    actions.following(here.key, following);
    pill.hidden = here.below === 0 && following;
  }

  function toEnd() {
    const here = place();
    if (!here) return;
    [firstKey, pastKey, following] = ["", "", true];
    actions.following(here.key, true);
    actions.newest(here.key);
    draw();
  }

  scroller.addEventListener("scroll", () => {
    const up = scroller.scrollTop < last.top - 1 && scroller.scrollHeight === last.height && scroller.clientHeight === last.client;
    last = { top: scroller.scrollTop, height: scroller.scrollHeight, client: scroller.clientHeight };
    const here = place();
    if (here?.key !== drawn) return;
    if (up && last.height - last.top - last.client > 8) follow(false);
    if (here) here.scroll = following ? null : (eye()[0] ?? null);
    reach();
  }, { passive: true });
  new IntersectionObserver(([one]) => one.isIntersecting && follow(true), { root: scroller }).observe(end);
  const keep = new ResizeObserver(() => following && hold([]));
  keep.observe(scroller);
  keep.observe(ol);
  pill.addEventListener("click", () => {
    toEnd();
    byId("words").focus();
  });
  store.watch(["list", "settings"], draw);

  /** Shows a line and puts the focus on it. @param {number} seq */
  function reveal(seq) {
    const here = place();
    const at = here ? here.rows.findIndex((row) => row.kind === "line" && row.seq === seq) : -1;
    if (!here || at < 0) return;
    follow(false);
    [drawn, following] = [here.key, false];
    [first, past] = [Math.max(0, at - PAGE), Math.min(here.rows.length, at + PAGE)];
    remember(here.rows);
    patch(items(here));
    const node = shown.get(here.rows[at].key)?.node;
    node?.scrollIntoView({ block: "center" });
    node?.focus({ preventScroll: true });
    node?.classList.add("found");
    last = { top: scroller.scrollTop, height: scroller.scrollHeight, client: scroller.clientHeight };
  }

  /** The line that a node belongs to. @param {EventTarget | null} node */
  function rowOf(node) {
    const at = node instanceof Element ? node.closest("li") : null;
    const row = at && place()?.rows.find((one) => one.key === at.dataset.key);
    return row && row.kind === "line" ? { row, at } : null;
  }
  return { toEnd, reveal, rowOf, place, scroller, ol };
}
