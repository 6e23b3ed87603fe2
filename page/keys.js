// @ts-check
// The table of keys: which key calls which action, and the help made of it. It knows not what actions do.

import { el } from "./el.js";
import { isOurs } from "./box.js";
import { L } from "./words.js";

/**
 * Letters go by `code`, the place of the key: with a Russian layout Ctrl+K has the letter л.
 * A row without `act` only stands in the help: the part it belongs to hears the key itself.
 * @type {{key: string, does: keyof typeof L.keys, code?: string, ctrl?: boolean, alt?: boolean, shift?: boolean, act?: string}[]}
 */
const TABLE = [
  { key: "Enter, Ctrl+Enter", does: "send" },
  { key: "Shift+Enter", does: "lineBreak" },
  { key: "↑ ↓", does: "earlier" },
  { key: "@ # /", does: "hints" },
  { key: "Esc", does: "escape", code: "Escape", act: "escape" },
  { key: "Alt+↑", does: "placeUp", code: "ArrowUp", alt: true, act: "placeUp" },
  { key: "Alt+↓", does: "placeDown", code: "ArrowDown", alt: true, act: "placeDown" },
  { key: "Alt+Shift+↑", does: "unreadUp", code: "ArrowUp", alt: true, shift: true, act: "unreadUp" },
  { key: "Alt+Shift+↓", does: "unreadDown", code: "ArrowDown", alt: true, shift: true, act: "unreadDown" },
  { key: "Ctrl+K", does: "go", code: "KeyK", ctrl: true, act: "go" },
  { key: "Ctrl+Shift+F", does: "search", code: "KeyF", ctrl: true, shift: true, act: "search" },
  { key: "Ctrl+/", does: "help", code: "Slash", ctrl: true, act: "help" },
  { key: "F6", does: "partNext", code: "F6", act: "partNext" },
  { key: "Shift+F6", does: "partBack", code: "F6", shift: true, act: "partBack" },
  { key: "↑ ↓ PgUp PgDn Home End", does: "walk" },
  { key: "Enter, Menu", does: "lineMenu" },
  { key: "a, b, c …", does: "letters" },
  { key: "F9", does: "beamer", code: "F9", act: "beamer" },
];

/** @param {Record<string, () => boolean | void>} acts what each `act` does; true: the key was not for us @param {(letter: string) => void} letter a letter typed outside any field */
export function keys(acts, letter) {
  document.addEventListener("keydown", (event) => {
    if (!isOurs(event) || event.defaultPrevented) return;
    const ctrl = event.ctrlKey || event.metaKey;
    const row = TABLE.find((one) => one.act && one.code === event.code && !!one.ctrl === ctrl && !!one.alt === event.altKey && !!one.shift === event.shiftKey);
    if (row?.act) {
      if (acts[row.act]?.() !== true) event.preventDefault();
      return;
    }
    const at = event.target instanceof Element ? event.target : null;
    const plain = [...event.key].length === 1 && event.key !== " " && !ctrl && !event.altKey;
    if (plain && at && (at.closest("#scroller") || at === document.body) && !at.closest("input, textarea, button, audio, a")) {
      event.preventDefault();
      letter(event.key);
    }
  });
}

export const keyHelp = () =>
  el("table", {}, el("tbody", {}, ...TABLE.map(({ key, does }) => el("tr", {}, el("th", { scope: "row" }, el("code", { text: key })), el("td", { text: L.keys[does] })))));
