// @ts-check
// The panel (one dialog for all) and the menu; search, files, going somewhere, answers to typed commands. It knows no wire.

import { byId, button, el, fill, icon } from "./el.js";
import { compare, fold } from "./text.js";
import { order } from "./place.js";
import { clock, name } from "./rows.js";
import { L, day, size, until } from "./words.js";

/** @typedef {import("./types.js").Chat} Chat */

const [dialog, title, body, menuBox] = ["panel", "panel-title", "panel-body", "menu"].map(byId);
/** @type {(() => void) | null} */
let onClosed = null;

/** Opens the panel. @param {string} heading @param {Node[]} inside @param {"" | "right" | "left" | "wide"} [where] @param {() => void} [closed] */
export function open(heading, inside, where = "", closed) {
  if (dialog.open) close();
  title.textContent = heading;
  dialog.className = where;
  fill(body, ...inside);
  onClosed = closed ?? null;
  dialog.showModal();
  (body.querySelector("[autofocus], input, textarea, select") ?? title).focus();
}
export const isOpen = () => /** @type {boolean} */ (dialog.open);
export function close() {
  if (dialog.open) dialog.close();
  closed();
}
function closed() {
  const act = onClosed;
  onClosed = null;
  act?.();
  if (!dialog.open) fill(body);
}
dialog.addEventListener("close", closed);
dialog.addEventListener("click", (/** @type {MouseEvent} */ event) => event.target === dialog && close());
byId("panel-close").addEventListener("click", close);

/** @typedef {[string, () => void, string?]} Choice name, act, class */
/** Opens the menu beside an element. @param {Element} at @param {(Choice | string | false)[]} choices a string is a line that does nothing */
export function menu(at, choices) {
  const from = /** @type {HTMLElement | null} */ (document.activeElement);
  fill(menuBox, ...choices.map((one) => one && (typeof one === "string" ? el("p", { role: "none", text: one }) : button(one[0], () => {
    menuBox.hidePopover();
    one[1]();
  }, { role: "menuitem", class: one[2] ?? "" }))));
  // All that is outside of an open dialog is dead.
  (dialog.open ? dialog : byId("middle")).append(menuBox);
  menuBox.showPopover();
  const [place, own] = [at.getBoundingClientRect(), menuBox.getBoundingClientRect()];
  const left = Math.min(Math.max(8, at.tagName === "LI" ? place.right - own.width - 8 : place.left), innerWidth - own.width - 8);
  const below = at.tagName === "LI" ? place.top + 24 : place.bottom + 4;
  menuBox.style.setProperty("left", `${left}px`);
  menuBox.style.setProperty("top", `${Math.max(8, below + own.height > innerHeight - 8 ? Math.min(place.top, innerHeight) - own.height - 4 : below)}px`);
  menuBox.querySelector("button")?.focus();
  menuBox.addEventListener("toggle", (/** @type {ToggleEvent} */ event) => {
    if (event.newState === "closed" && (!document.activeElement || document.activeElement === document.body)) from?.focus({ preventScroll: true });
  }, { once: true });
}
menuBox.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const all = [...menuBox.querySelectorAll("button")];
  const by = { ArrowDown: 1, ArrowUp: -1, Home: -all.indexOf(document.activeElement), End: -1 - all.indexOf(document.activeElement) }[event.key];
  if (event.key === "Tab") menuBox.hidePopover();
  if (by === undefined) return;
  event.preventDefault();
  all[(all.indexOf(document.activeElement) + by + all.length) % all.length].focus();
});

/**
 * A form with a sentence for its refusal, or for what was done, if `done` returns one.
 * @param {import("./el.js").Child[]} fields @param {string} act @param {() => Promise<import("./types.js").Answer | null>} send
 * @param {(ok: any) => string | void} done @param {string} [kind] @param {string} [said] the sentence it begins with
 */
export function form(fields, act, send, done, kind = "main", said = "") {
  const why = el("p", { class: "why", role: "alert", text: said });
  const go = el("button", { class: kind, text: act });
  return el("form", { method: "dialog", on: { submit: async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    go.disabled = true;
    const answer = await send();
    go.disabled = false;
    const did = answer?.type === "ok" && done(answer);
    why.className = did ? "did" : "why";
    why.textContent = answer?.type === "error" ? answer.text : did || "";
  } } }, ...fields, why, el("div", { class: "row" }, go));
}

/**
 * Rows of bans and mutes, with a button to lift each. Without a room they are of the whole server.
 * @param {import("./types.js").BanInfo[]} all @param {string | undefined} room @param {(order: import("./types.js").Ask) => Promise<import("./types.js").Answer>} ask
 */
export const bans = (all, room, ask) => all.map((one) => {
  const row = el("li", { class: "card" }, el("span", { class: "name", text: L.banRow(one, one.until ? until(one.until) : "") }), button(L.lift, async () => {
    const answer = await ask({ type: one.restriction === "mute" ? "unmute" : "unban", nick: one.mask ?? one.nick, ...(room ? { room } : { everywhere: true }) });
    if (answer.type === "error") row.append(el("span", { class: "why", role: "alert", text: answer.text }));
    else row.remove();
  }));
  return row;
});

/** @param {string} label @param {import("./el.js").Parts} [parts] */
export function field(label, parts = {}) {
  const input = el("input", { autocapitalize: "off", spellcheck: false, dir: "auto", ...parts });
  return { input, row: el("label", {}, label, input) };
}

/** @param {Chat} chat @param {(place: string, seq: number) => void} goTo */
export function panels(chat, goTo) {
  const { state, actions, store } = chat;
  const here = () => (state.place === null ? undefined : state.places.get(state.place));

  /** @param {import("./types.js").MessageInfo} hit */
  const hit = (hit) => {
    const act = button("", () => {
      close();
      goTo(hit.room, hit.seq);
    }, { class: "item" });
    act.append(el("span", {}, el("span", { class: "dim", text: `${hit.room} · ${day(hit.time)} ` }), name(hit.from), " ", clock(hit.time), el("br"), el("bdi", { text: hit.text || hit.file?.name || "" })));
    return el("li", {}, act);
  };

  function search(words = "") {
    const place = here();
    const ask = field(L.searchFor, { value: words, enterkeyhint: "search" });
    const only = el("input", { type: "checkbox" });
    const hits = el("ul", { "aria-live": "polite" });
    const rest = el("div", {});
    /** @param {string} [next] */
    const run = async (next) => {
      const answer = await actions.ask({ type: "search", text: ask.input.value, ...(only.checked && place ? { room: place.name } : {}), ...(next ? { next } : {}) });
      if (answer.type !== "ok" || answer.for !== "search") return answer;
      if (!next) fill(hits);
      hits.append(...answer.messages.map(hit));
      if (!hits.children.length) fill(hits, el("li", { class: "dim", text: L.noHits }));
      fill(rest, answer.more && button(L.more, () => void run(answer.next)));
      return answer;
    };
    open(L.search, [form([ask.row, place ? el("label", { class: "check" }, only, L.onlyIn(place.name)) : null], L.search, () => run(), () => {}), hits, rest, el("p", { class: "dim", text: L.searchRule })], "right");
  }

  /** @param {import("./types.js").Place} place @param {import("./types.js").FileRow} row */
  const fileRow = (place, row) => el("li", { class: "card" }, icon("file"),
    el("span", { class: "name" }, el("bdi", { text: row.name }), el("span", { class: "dim", text: ` ${size(row.size)}, ${row.from}, ${day(row.time)}` })),
    el("span", { class: "row" }, button(L.goThere, () => {
      close();
      goTo(place.name, row.seq);
    }), button(L.save, async () => {
      const link = el("a", { hidden: true });
      document.body.append(link);
      if (await actions.putFile(link, row)) link.click();
      link.remove();
    })));

  async function files() {
    const place = here();
    if (!place) return;
    const [list, rest] = [el("ul"), el("div")];
    open(`${L.files} — ${place.name}`, [list, rest], "right");
    const run = async (/** @type {number | undefined} */ before) => {
      const answer = await actions.ask({ type: "files", room: place.name, ...(before ? { before } : {}) });
      if (answer.type === "ok" && answer.for === "files") {
        list.append(...answer.files.map((row) => fileRow(place, row)));
        if (!list.children.length) fill(list, el("li", { class: "dim", text: L.noFiles(size(state.server.fileBytes)) }));
        fill(rest, answer.more && button(L.more, () => void run(answer.files.at(-1)?.seq)));
      } else if (answer.type === "error") fill(rest, el("p", { class: "why", text: answer.text }));
    };
    await run(undefined);
  }

  /** Joins a room. What stands in the way is shown, with a field for the key if there is one. @param {string} room */
  async function join(room) {
    const answer = await actions.join(room);
    if (answer.type !== "error") return;
    const key = field(L.key);
    open(L.joinNamed(room), answer.code === "key-needed"
      ? [form([key.row], L.join, () => actions.join(room, key.input.value), close, "main", answer.text)]
      : [el("p", { class: "why", role: "alert", text: answer.text })]);
  }

  /** Goes to a place or a person by the beginning of a name. */
  function go(start = "") {
    const ask = field(L.goWhere, { value: start, autocomplete: "off" });
    const list = el("ul");
    const draw = () => {
      const word = fold(ask.input.value.trim());
      const bare = word.replace(/^[#@]/, "");
      /** @type {Map<string, () => void>} */
      const found = new Map();
      for (const place of order(state)) found.set(place.name, () => actions.show(place.key));
      for (const { room } of state.welcome?.rooms ?? []) if (!found.has(room)) found.set(room, () => void join(room));
      for (const place of state.places.values()) for (const { nick } of place.members.values()) if (nick !== state.me && !found.has(`@${nick}`)) found.set(`@${nick}`, () => actions.write(nick));
      const names = [...found.keys()].filter((one) => fold(one).slice(1).startsWith(bare) && (word === bare || fold(one)[0] === word[0])).sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0) || compare(a, b));
      const typed = ask.input.value.trim();
      if (bare && !names.some((one) => fold(one).slice(1) === bare)) {
        if (word[0] !== "@") found.set(L.joinNamed(typed.replace(/^#?/, "#")), () => void join(typed));
        if (word[0] !== "#") found.set(L.writeNamed(typed.replace(/^@/, "")), () => actions.write(typed.replace(/^@/, "")));
        names.push(...[...found.keys()].slice(-(word[0] === "@" || word[0] === "#" ? 1 : 2)));
      }
      fill(list, ...names.slice(0, 12).map((one) => el("li", {}, button(one, () => {
        close();
        found.get(one)?.();
      }, { class: "item" }))));
    };
    ask.input.addEventListener("input", draw);
    ask.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && !event.isComposing && event.keyCode !== 229) {
        event.preventDefault();
        list.querySelector("button")?.click();
      } else if (event.key === "ArrowDown") list.querySelector("button")?.focus();
    });
    draw();
    open(L.go, [ask.row, list]);
  }

  /** Shows the answer to a typed command. @param {import("./types.js").Panel} panel @param {(nick: string) => void} person */
  function answer({ line, answer: got, place }, person) {
    if (got.type === "error") return open(line, [el("p", { class: "why", text: got.text })], "", actions.closePanel);
    /** @param {string} text @param {string} more @param {() => void} act */
    const item = (text, more, act) => {
      const one = button("", () => { close(); act(); }, { class: "item" });
      one.append(el("span", { class: "name" }, el("bdi", { text }), el("small", { text: more })));
      return el("li", {}, one);
    };
    /** @type {Node[]} */
    let rows = [];
    if (got.for === "rooms") rows = got.rooms.map((one) => item(one.room, `${L.here(one.members)}${one.topic ? ` — ${one.topic}` : ""}`, () => void join(one.room)));
    else if (got.for === "members") rows = got.members.map((one) => item(one.nick, [one.role, one.voice && L.voice, one.away && L.awayNow(one.away)].filter(Boolean).join(", "), () => person(one.nick)));
    else if (got.for === "who") rows = got.people.map((one) => item(one.nick, [one.role, one.voice && L.voice, one.about, one.away && L.awayNow(one.away)].filter(Boolean).join(", "), () => person(one.nick)));
    else if (got.for === "whowas") rows = got.people.map((one) => el("li", { dir: "auto", text: L.gone(one, until(one.time)) }));
    else if (got.for === "help")
      return open(line, [el("table", {}, el("tbody", {}, ...got.commands.map((one) => el("tr", {}, el("th", { scope: "row" }, el("code", { text: `/${one.usage}` })), el("td", { text: one.text })))))], "", actions.closePanel);
    else if (got.for === "search" || got.for === "history") rows = got.messages.map(hit);
    else if (got.for === "bans") rows = bans(got.bans, got.room, (order) => actions.ask(order));
    else if (got.for === "whois") return person(got.nick);
    else if (got.for === "files") {
      const at = state.places.get(place);
      rows = at ? got.files.map((row) => fileRow(at, row)) : [];
    } else rows = Object.entries(got).filter(([key]) => !["type", "tag", "for"].includes(key)).map(([key, value]) => el("li", { text: `${key.replaceAll("_", " ")}: ${/time$|since/.test(key) ? until(value) : value}` }));
    open(line, [rows.length ? el("ul", {}, ...rows) : el("p", { class: "dim", text: L.nothing })], "", actions.closePanel);
  }

  return { search, files, go, join, watch: (/** @type {(nick: string) => void} */ person) => store.watch("panel", () => state.panel && answer(state.panel, person)) };
}
