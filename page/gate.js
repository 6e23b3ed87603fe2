// @ts-check
// The gate: name, room, password, and what to do when one of them is refused. It knows no chat.

import { aria, byId, button, el, fill } from "./el.js";
import { L } from "./words.js";

/** When "Connecting" is shown, and when why it may fail (ms). */
const SOON = 300;
const LONG = 8000;

/** @param {import("./types.js").Chat} chat */
export function gate(chat) {
  const { store, state, actions } = chat;
  const [form, nick, room, password] = ["form", "name", "room", "password"].map((id) => byId(`gate-${id}`));
  const [account, why, enter, have, note, tab, where, stay, rooms] = ["account", "why", "enter", "have", "note", "tab", "where", "stay", "rooms"].map((id) => byId(`gate-${id}`));
  let touched = false;
  let began = false;
  /** @type {unknown} */
  let told = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let ticking;

  where.textContent = location.host;
  nick.addEventListener("input", () => { touched = true; });

  /** @param {boolean} open */
  function withAccount(open) {
    account.hidden = !open;
    password.required = open;
    aria(have, "expanded", open);
    have.textContent = open ? L.noAccount : L.haveAccount;
    if (!open) password.value = "";
    draw();
  }
  have.addEventListener("click", () => {
    withAccount(account.hidden);
    (account.hidden || !nick.value ? nick : password).focus();
  });
  stay.addEventListener("change", () => actions.set("stay", stay.checked));

  function come() {
    if (state.gate.busy || enter.getAttribute("aria-disabled") === "true") return;
    if (room.value && !/^[#@]/.test(room.value)) room.value = `#${room.value}`;
    const open = !account.hidden;
    actions.connect({ nick: nick.value.trim(), room: room.value.trim(), ...(open ? { password: password.value, stay: stay.checked } : {}) });
  }
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    come();
  });
  form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    if (state.gate.busy) actions.stop();
    else if (why.contains(document.activeElement)) nick.focus();
  });

  /** @param {NonNullable<import("./types.js").Gate["error"]>} error */
  function refuse(error) {
    const field = error.field === "password" ? password : error.field === "room" ? room : error.field === "nick" ? nick : null;
    const buttons = [];
    if (error.offer) {
      buttons.push(button(L.take(error.offer), () => {
        nick.value = error.offer;
        withAccount(false);
        come();
      }));
    }
    if (error.code === "nick-registered") {
      buttons.push(button(L.itIsMine, () => {
        withAccount(true);
        password.focus();
      }));
    }
    fill(why, el("p", { id: "gate-sentence", text: error.text }), buttons.length > 0 && el("div", { class: "row" }, ...buttons));
    if (field) {
      aria(field, "invalid", true);
      aria(field, "describedby", "gate-sentence");
    }
    if (error.field === "password") withAccount(true);
    if (buttons.length) buttons[0].focus();
    else if (field) {
      field.focus();
      field.select();
    } else enter.focus();
  }

  function draw() {
    const { gate: at, welcome } = state;
    if (state.phase === "in") {
      password.value = "";
      return;
    }
    if (!touched && !nick.value && at.offer) {
      nick.value = at.offer;
      if (!began || document.activeElement === nick) nick.select();
    }
    if (!began) {
      began = true;
      stay.checked = state.settings.stay;
      if (!matchMedia("(pointer: coarse)").matches) {
        nick.focus();
        nick.select();
      }
    }
    if (!room.value) room.value = at.room;
    // A server that stores nothing has no accounts.
    have.hidden = welcome?.kept === false;
    fill(rooms, ...(welcome?.rooms ?? []).map((one) => el("option", { value: one.room, label: `${one.room} — ${L.here(one.members)}` })));
    const age = Date.now() - at.since;
    const wait = at.error?.until ? Math.ceil((at.error.until - Date.now()) / 1000) : 0;
    enter.textContent = at.busy && age >= SOON ? L.connecting : wait > 0 ? L.waitFor(wait) : L.comeIn;
    aria(enter, "disabled", at.busy || wait > 0 ? true : null);
    aria(enter, "busy", at.busy ? true : null);
    note.textContent = at.busy && age > LONG ? L.mayFail : welcome && !welcome.kept ? L.forgets : account.hidden ? L.yours : "";
    tab.hidden = !at.otherTab && !at.text;
    fill(tab, at.otherTab ? L.otherTab(at.otherTab) : at.text, at.otherTab !== "" && el("span", { class: "row" },
      button(L.goOn, () => actions.connect({ nick: at.otherTab, room: at.room, resume: true }), { class: "main" }),
      button(L.anotherName, () => nick.select())));
    if (at.error !== told) {
      told = at.error;
      fill(why);
      for (const field of [nick, room, password]) {
        aria(field, "invalid", null);
        aria(field, "describedby", null);
      }
      if (at.error) refuse(at.error);
    }
    const ticks = at.busy || wait > 0;
    if (ticks && !ticking) ticking = setInterval(draw, 300);
    else if (!ticks && ticking) ticking = void clearInterval(ticking);
  }
  store.watch(["gate", "phase"], draw);

  return {
    /** Shows the gate again, with what stood in it. */
    again() {
      password.value = "";
      withAccount(false);
      [began, touched] = [false, false];
      draw();
    },
  };
}
