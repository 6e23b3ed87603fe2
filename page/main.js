// @ts-check
// Puts the parts together. It knows not how any of them works.

import { begin } from "./actions.js";
import { barsOver, say, strip, uploads } from "./bar.js";
import { box } from "./box.js";
import { cards } from "./cards.js";
import { byId, el, fill } from "./el.js";
import { gate } from "./gate.js";
import { keyHelp, keys } from "./keys.js";
import { list } from "./list.js";
import { placeKey } from "./text.js";
import { close, isOpen, open, panels } from "./panels.js";
import { onPicture, walk } from "./rows.js";
import { people, side } from "./side.js";
import { L } from "./words.js";

const chat = begin();
const { store, state, actions } = chat;
const root = document.documentElement;
const [chatNode, gateNode, sideNode, peopleNode, words] = ["chat", "gate", "side", "people", "words"].map(byId);
const mouse = !matchMedia("(pointer: coarse)").matches;

const gate_ = gate(chat);
// First of all views, so that the list can measure itself when it is drawn.
/** @type {string | null} */
let place = null;
store.watch("head", () => {
  if (place === state.place) return;
  const first = place === null;
  place = state.place;
  if (!first && mouse && !isOpen()) words.focus();
});

let phase = "";
store.watch("phase", () => {
  if (phase === state.phase) return;
  const was = phase;
  phase = state.phase;
  gateNode.hidden = phase !== "gate";
  chatNode.hidden = phase === "gate";
  if (phase === "gate") {
    if (isOpen()) close();
    if (was) gate_.again();
  } else if (was !== "in" && mouse && !state.settings.beamer) words.focus();
});

const show = {
  cards: cards(chat, { beamer, keys: () => open(L.keysTitle, [keyHelp()]), files: () => void show.panels.files() }),
  panels: panels(chat, (place, seq) => void goTo(place, seq)),
};
const box_ = box(chat, strip(chat));
const list_ = list(chat, { invite: show.cards.invite, edit: box_.edit, join: () => show.panels.go("#") });
walk(list_, show.cards.line);
side(chat, { join: () => show.panels.go("#"), joinNamed: (room) => void show.panels.join(room), write: () => show.panels.go("@"), me: show.cards.me, chosen: () => { if (isOpen()) close(); } });
people(chat, { person: (nick) => void show.cards.person(nick), topic: show.cards.topic, invite: show.cards.inviteCard, find: () => show.panels.go("@") });
barsOver(chat);
uploads(chat);
say(chat);
show.panels.watch((nick) => void show.cards.person(nick));

onPicture(({ actions: { putFile } }, info) => {
  const image = el("img", { alt: L.picture(info.name), width: info.width, height: info.height });
  void putFile(image, info);
  open(info.name, [image], "wide");
});

/** @param {string} place @param {number} seq */
async function goTo(place, seq) {
  if (await actions.goTo(placeKey(place), seq)) list_.reveal(seq);
}

function beamer() {
  const on = !state.settings.beamer;
  if (isOpen()) close();
  actions.set("beamer", on);
}

store.watch(["settings", "head"], () => {
  const { theme, size, beamer: on } = state.settings;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  root.dataset.size = String(size);
  root.toggleAttribute("data-beamer", on && state.phase !== "gate");
  byId("poster").hidden = !on;
  for (const id of ["attach", "to-search"]) byId(id).hidden = !state.server.kept;
  // Nothing private is shown to a class.
  const room = [...state.places.values()].find(({ kind }) => kind === "room");
  if (on && state.place?.startsWith("@") && room) actions.show(room.key);
  if (on) show.cards.poster();
  else fill(byId("poster"));
});

byId("to-side").addEventListener("click", () => open(L.roomful, [sideNode], "left", () => chatNode.prepend(sideNode)));
byId("to-people").addEventListener("click", () => {
  if (peopleNode.checkVisibility()) peopleNode.querySelector("button")?.focus();
  else open(peopleNode.querySelector("h2").textContent, [peopleNode], "right", () => byId("middle").after(peopleNode));
});
byId("to-search").addEventListener("click", () => show.panels.search());
byId("to-room").addEventListener("click", () => show.cards.place(byId("to-room")));

/** Goes round the four parts of the page. @param {1 | -1} by */
function part(by) {
  const parts = [sideNode.querySelector("[aria-current], button"), list_.scroller, words, peopleNode.querySelector("button")].filter((node) => node?.checkVisibility());
  const at = parts.findIndex((node) => node.closest("nav, aside, #scroller, #box")?.contains(document.activeElement));
  parts[(at + by + parts.length) % parts.length]?.focus();
}

// Some phones do not make the page lower when their keyboard comes; the box shall stand over it all the same.
const view = window.visualViewport;
function fit() {
  const low = view && view.scale === 1 && view.height < innerHeight - 1 && document.activeElement === words;
  if (low) chatNode.style.setProperty("height", `${view.height}px`);
  else chatNode.style.removeProperty("height");
}
view?.addEventListener("resize", fit);
words.addEventListener("blur", fit);

const inside = (/** @type {() => void} */ act) => () => {
  if (state.phase === "gate") return true;
  if (isOpen()) close();
  act();
};
keys({
  escape: () => {
    if (state.phase === "gate" || isOpen() || document.querySelector(":popover-open")) return true;
    list_.toEnd();
    words.focus();
  },
  placeUp: inside(() => actions.step(-1, false)),
  placeDown: inside(() => actions.step(1, false)),
  unreadUp: inside(() => actions.step(-1, true)),
  unreadDown: inside(() => actions.step(1, true)),
  go: inside(() => show.panels.go()),
  search: inside(() => show.panels.search()),
  help: () => open(L.keysTitle, [keyHelp()]),
  partNext: inside(() => part(1)),
  partBack: inside(() => part(-1)),
  beamer: inside(beamer),
}, box_.add);
