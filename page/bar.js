// @ts-check
// What the page tells of itself: bars over the list, the strip over the box, and the live regions of screen readers. It draws no messages.

import { byId, button, el, fill, icon, patch } from "./el.js";
import { L, bar, privateFrom, size, span } from "./words.js";

/** @typedef {import("./types.js").Chat} Chat @typedef {import("./types.js").Place} Place @typedef {{text: string, buttons: Node[]}} Own */
/** @typedef {{own: (what: Own | null) => void, place: (place: Place | null) => void}} Strip */

/** A bar appears only after its state has lasted this long (ms). */
const SOON = 300;

/** The bars over the list. @param {Chat} chat */
export function barsOver(chat) {
  const { store, state, actions } = chat;
  const bars = byId("bars");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again;
  let looks = "";

  const offer = () => el("div", { class: "bar", data: { offer: 1 } }, el("span", { text: L.offerNotices }),
    button(L.notifyOn, async () => {
      if (await actions.allowNotices()) actions.set("notify", true);
      actions.set("offered", true);
    }), button(L.no, () => actions.set("offered", true)));

  function draw() {
    clearTimeout(again);
    const now = Date.now();
    const link = state.phase === "gate" ? null : bar(state.link, now);
    const age = now - state.link.since;
    if (state.link.is !== "up" && age < SOON) again = setTimeout(draw, SOON - age);
    else if (state.link.retryAt !== null && !document.hidden) again = setTimeout(draw, 1000);
    const offers = state.offerNotices && !state.settings.offered;
    const look = JSON.stringify([link, offers, state.notices.map(({ id }) => id)]);
    if (look === looks) return;
    looks = look;
    // The words are changed in place, so that a focused button stays.
    const kind = `${link?.kind} ${link?.acts}`;
    const old = link && bars.querySelector(`[data-link="${kind}"]`);
    if (old) old.firstElementChild.textContent = link.text;
    const row = old || (link && el("div", { class: `bar ${link.kind}`, data: { link: kind } }, el("span", { text: link.text }), ...link.acts.map((act) => button(L.acts[act], () => actions[act === "useHere" ? "comeAgain" : act]()))));
    const rows = [row, offers && (bars.querySelector("[data-offer]") ?? offer()), ...state.notices.map(({ id, text }) => bars.querySelector(`[data-notice="${id}"]`) ?? el("div", { class: "bar", data: { notice: id } },
      icon("warn"), el("span", { dir: "auto", text }), button(L.close, () => actions.closeNotice(id), { icon: "close", class: "bare" })))];
    const kept = rows.filter((one) => one);
    if (kept.length !== bars.children.length || kept.some((one, at) => bars.children[at] !== one)) fill(bars, ...kept);
  }
  store.watch(["bar", "phase", "settings"], draw);
  document.addEventListener("visibilitychange", draw);
}

/** The strip over the box. @param {Chat} chat @returns {Strip} */
export function strip(chat) {
  const { store, state, actions } = chat;
  const node = byId("strip");
  /** @type {Own | null} */
  let own = null;
  let looks = "";
  /** @type {Place | null} */
  let here = null;

  function draw() {
    const out = here?.out ?? null;
    const what = out ? { text: out.text, buttons: leaving(/** @type {NonNullable<typeof here>} */ (here)) } : here?.curb ? { text: here.curb.text, buttons: [] } : own;
    const look = JSON.stringify([here?.key, out, what?.text]);
    if (look === looks) return;
    const focus = out && looks !== "" && !node.contains(document.activeElement);
    looks = look;
    node.hidden = !what;
    fill(node, what && icon("warn"), what && el("span", { text: what.text }), ...(what?.buttons ?? []));
    if (focus) node.querySelector("button, input")?.focus();
  }

  /** @param {Place} place */
  function leaving(place) {
    const buttons = [];
    const join = async (/** @type {string | undefined} */ key) => {
      const answer = await actions.join(place.name, key);
      const sentence = node.querySelector("span");
      if (answer.type === "error" && sentence) sentence.textContent = answer.text;
    };
    if (place.out?.code === "key-needed" || place.out?.code === "room-new") {
      const key = el("input", { "aria-label": L.key, autocapitalize: "off", spellcheck: false });
      const form = el("form", { class: "row", on: { submit: (event) => { event.preventDefault(); void join(key.value); } } }, key, el("button", { class: "main", text: L.join }));
      buttons.push(form);
    } else if (place.out?.again) buttons.push(button(L.joinAgain, () => void join(undefined), { class: "main" }));
    buttons.push(button(L.close, () => actions.close(place.key)));
    return buttons;
  }

  store.watch("typing", () => {
    const place = state.place === null ? undefined : state.places.get(state.place);
    const names = [...(place?.typing ?? [])].filter(([, until]) => until > Date.now()).map(([nick]) => nick);
    byId("typing").textContent = names.length ? L.typing(names) : "";
  });
  return {
    own(what) {
      own = what;
      draw();
    },
    place(place) {
      here = place;
      draw();
    },
  };
}

/** Cards of files that are chosen, sent or refused. @param {Chat} chat */
export function uploads(chat) {
  const { store, state, actions } = chat;
  const all = byId("uploads");

  /** @param {import("./types.js").Upload} one */
  function card(one) {
    const { id } = one;
    const title = el("span", { class: "name" }, el("bdi", { text: one.name }), el("span", { class: "dim", text: ` ${size(one.size)}` }));
    const stop = button(L.cancel, () => actions.cancelUpload(id), { icon: "close", class: "bare" });
    const row = el("div", { class: "card", role: "group", "aria-label": one.name }, icon("file"), title);
    if (one.state === "ready") {
      const caption = el("input", { placeholder: L.caption, "aria-label": L.caption, dir: "auto" });
      const smaller = el("input", { type: "checkbox", checked: one.smaller });
      const less = el("label", { class: "check" }, smaller, L.smaller);
      const go = () => actions.upload(id, { smaller: smaller.checked, caption: caption.value.trim() });
      caption.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && event.keyCode !== 229 && go());
      if (one.picture) {
        const image = el("img", { alt: "" });
        const shown = el("span", { class: "picture" }, image);
        row.firstElementChild?.replaceWith(shown);
        // A file may be called a picture, and be none. Nothing moves then: a finger may be on its way to a button.
        image.addEventListener("error", () => {
          shown.replaceChildren(icon("file"));
          less.style.setProperty("visibility", "hidden");
          smaller.checked = false;
        });
        actions.putPreview(image, id);
      }
      row.append(stop, caption, button(L.sendFile, go, { class: "main" }), ...(one.picture ? [less] : []));
    } else if (one.state === "refused" || one.state === "failed") {
      row.append(el("span", { class: "why", role: "alert", text: one.text }), one.state === "failed" ? button(L.again, () => actions.retryUpload(id)) : "", stop);
    } else row.append(el("progress", { max: 100, "aria-label": one.name }), el("span", { class: "dim left" }), stop);
    return row;
  }

  store.watch(["uploads", "list"], () => {
    const here = [...state.uploads.values()].filter(({ place, state: at }) => place === state.place && at !== "done");
    patch(all, here, ({ id }) => String(id), ({ state: at, text }) => (at === "ready" || at === "refused" || at === "failed" ? at + text : "moving"), card);
    for (const one of here) {
      const row = all.querySelector(`[data-key="${one.id}"]`);
      const progress = row.querySelector("progress");
      if (!progress) continue;
      const percent = Math.floor((one.sent / Math.max(1, one.size)) * 100);
      if (one.state === "queued" || one.state === "offered") progress.removeAttribute("value");
      else progress.value = percent;
      row.querySelector(".left").textContent = one.state === "queued" ? L.queued : one.state === "saying" ? L.saving : `${percent} %${one.left ? `, ${span(one.left)}` : ""}`;
    }
  });
}

/** Not more than one node in this time (ms), and each goes after that time. */
const PACE = 500;
const STAYS = 5000;
/** More lines than these at once become their number. */
const MANY = 5;

/** @param {Chat} chat */
export function say(chat) {
  const { state } = chat;
  /** @type {{place: string, text: string}[]} */
  let waiting = [];
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;

  function next() {
    timer = null;
    if (!waiting.length) return;
    const { place } = waiting[0];
    const many = waiting.length > MANY;
    const text = many ? L.newLines(waiting.length, place) : waiting[0].text;
    waiting = many ? [] : waiting.slice(1);
    const node = el("div", { text });
    byId("said").append(node);
    setTimeout(() => node.remove(), STAYS);
    timer = setTimeout(next, PACE);
  }

  chat.on((what) => {
    if (what.type !== "line") {
      const region = byId(what.type);
      // The same sentence twice is said twice only if the region was empty in between.
      region.textContent = "";
      requestAnimationFrame(() => { region.textContent = what.text; });
      return;
    }
    const { row, place, shown } = what;
    const forMe = row.forMe || (place.kind === "person" && !row.notice);
    // Nothing private is said aloud before a class.
    if (state.settings.beamer && place.kind === "person") return;
    if (row.own || document.hidden || state.settings.speak === "nothing" || (state.settings.speak === "me" && !forMe)) return;
    if (shown) waiting.push({ place: place.name, text: `${row.from}${row.notice ? `, ${L.notice}` : ""}: ${row.text || row.file?.name || ""}` });
    else if (place.kind === "person") waiting.push({ place: place.name, text: privateFrom(row.from) });
    else if (row.forMe) waiting.push({ place: place.name, text: `${place.name}, ${row.from}: ${row.text}` });
    else return;
    timer ??= setTimeout(next, 0);
  });
}
