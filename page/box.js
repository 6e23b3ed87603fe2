// @ts-check
// The box: what is typed, its draft by place, Enter and line breaks, suggestions, files by button, paste and drop. It knows no messages.

import { aria, byId, button, el, fill } from "./el.js";
import { L } from "./words.js";
import { fold } from "./text.js";

/** Lines of one message, at most; the server's limit is the same. */
const LINES = 40;

/** Whether Enter is a person's, and not the end of a composition. Safari ends the composition first, so the code counts too. @param {KeyboardEvent} event */
export const isOurs = (event) => !event.isComposing && event.keyCode !== 229;

/** @param {import("./types.js").Chat} chat @param {import("./bar.js").Strip} strip */
export function box(chat, strip) {
  const { store, state, actions } = chat;
  const [form, field, send, counter, pick] = ["box", "words", "send", "counter", "pick"].map(byId);
  const suggestions = hints(chat, field, () => changed());
  /** The place whose draft stands in the box: what is sent goes there. @type {string | null} */
  let here = null;
  /** Files that were chosen before there was a place. @type {File[]} */
  const early = [];
  /** Own earlier lines, the newest last, and which of them stands in the box. @type {string[]} */
  const earlier = [];
  let back = 0;

  const text = () => /** @type {string} */ (field.value);

  /** @param {string} words */
  function put(words) {
    field.value = words;
    field.setSelectionRange(words.length, words.length);
    changed();
  }

  function size() {
    if (CSS.supports("field-sizing", "content")) return;
    // The form stays as high meanwhile: a list that is higher for a moment scrolls, and is not at its end after that.
    form.style.setProperty("min-height", `${form.offsetHeight}px`);
    field.style.setProperty("height", "auto");
    field.style.setProperty("height", `${field.scrollHeight + 2}px`);
    form.style.removeProperty("min-height");
  }

  function changed() {
    if (here !== null) actions.draft(here, text());
    const [letters, lines] = [[...text()].length, text().trim().split("\n").length];
    const long = letters > state.server.text || lines > LINES;
    counter.hidden = letters < state.server.text * 0.8 && lines <= LINES;
    counter.className = long ? "bad" : "dim";
    counter.textContent = lines > LINES ? L.linesOf(lines, LINES) : `${letters} / ${state.server.text}`;
    strip.own(long ? tooLong(lines) : null);
    size();
  }

  /** @param {number} lines */
  function tooLong(lines) {
    return { text: L.tooLong(lines, LINES, state.server.text), buttons: [button(L.asFile(lines), () => {
      if (here === null) return;
      const why = actions.attach(here, [new File([text()], "text.txt", { type: "text/plain" })]);
      if (why) return strip.own({ text: why, buttons: [] });
      put("");
      field.focus();
    })] };
  }

  function say() {
    const words = text();
    if (here === null || send.getAttribute("aria-disabled") === "true" || !words.trim()) return;
    const refused = actions.send(here, words);
    if (refused !== null) return strip.own({ text: refused, buttons: [] });
    if (earlier.at(-1) !== words) earlier.push(words);
    if (earlier.length > 50) earlier.shift();
    back = earlier.length;
    suggestions.close();
    put("");
  }

  /** @param {-1 | 1} by */
  function walk(by) {
    back = Math.min(earlier.length, Math.max(0, back + by));
    put(earlier[back] ?? "");
  }

  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (!isOurs(event) || event.altKey || suggestions.key(event)) return;
    const bare = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      say();
    } else if (bare && event.key === "ArrowUp" && earlier.length && (text() === "" || text() === earlier[back])) {
      event.preventDefault();
      walk(-1);
    } else if (bare && event.key === "ArrowDown" && back < earlier.length && text() === earlier[back]) {
      event.preventDefault();
      walk(1);
    }
  });
  field.addEventListener("input", () => {
    changed();
    if (here !== null) actions.typing(here);
    suggestions.look();
  });
  field.addEventListener("blur", () => suggestions.close());
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    say();
    field.focus();
  });

  /** @param {Iterable<File>} files */
  function attach(files) {
    // Before the first place is here, files wait for it, as words do.
    if (here === null) return void early.push(...files);
    const why = actions.attach(here, files);
    if (why) strip.own({ text: why, buttons: [] });
  }
  byId("attach").addEventListener("click", () => pick.click());
  pick.addEventListener("change", () => {
    attach([...pick.files]);
    pick.value = "";
    field.focus();
  });
  // Paste with text in it is text: spreadsheets put a picture of the cells beside it.
  document.addEventListener("paste", (event) => {
    const data = event.clipboardData;
    const elsewhere = event.target instanceof HTMLInputElement || byId("panel").open;
    if (!data || elsewhere || state.phase !== "in" || data.types.includes("text/plain") || !data.files.length) return;
    event.preventDefault();
    attach(named([...data.files]));
  });
  // A drop that nobody takes would open the file in place of the chat.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    if (state.phase === "in" && event.dataTransfer?.files.length) attach([...event.dataTransfer.files]);
  });

  let coming = false;
  store.watch("box", () => {
    const place = state.place === null ? undefined : state.places.get(state.place);
    // From the gate on the box can be used, so that the focus is in it; without any place it is not there.
    coming = state.phase === "gate" || (coming && !place);
    form.hidden = place ? !!place.out : !coming;
    strip.place(place ?? null);
    if (!place) return void (here = null);
    if (here !== place.key) {
      // The box can be used a moment before the first place is here; what was typed by then stays.
      const words = here === null ? text() : "";
      here = place.key;
      suggestions.close();
      put(words || place.draft);
      if (early.length) attach(early.splice(0));
      back = earlier.length;
    } else if (place.draft !== text() && document.activeElement !== field) put(place.draft);
    field.placeholder = L.write(place.name);
    aria(field, "label", L.write(place.name));
    aria(send, "disabled", place.curb ? true : null);
  });

  return {
    focus: () => field.focus(),
    /** Brings a refused line back, if nothing would be lost by that. @param {string} tag */
    edit(tag) {
      if (text().trim()) return strip.own({ text: L.boxFull, buttons: [] });
      put(actions.edit(tag));
      field.focus();
    },
    /** Types a key that was pressed elsewhere. @param {string} words */
    add(words) {
      field.focus();
      put(text() + words);
    },
    attach,
  };
}

/** Screenshots come as "image.png": they are named by their time. @param {File[]} files */
function named(files) {
  const now = new Date();
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const time = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}`;
  return files.map((file) => (/^image\.\w+$/.test(file.name) ? new File([file], `screenshot ${time}.${file.name.split(".")[1]}`, { type: file.type }) : file));
}

/** @typedef {{put: string, shown: string, more: string}} Hint */

/** Suggestions at most. */
const SHOWN = 8;

/**
 * @param {import("./types.js").Chat} chat @param {HTMLTextAreaElement} field @param {() => void} changed
 */
function hints(chat, field, changed) {
  const { state, actions } = chat;
  const list = byId("hints");
  /** @type {Hint[]} */
  let found = [];
  let chosen = 0;
  let from = 0;
  /** @type {Hint[] | null} */
  let commands = null;

  async function fetchCommands() {
    commands = [];
    const answer = await actions.ask({ type: "help" });
    if (answer.type === "ok" && answer.for === "help") {
      commands = answer.commands.map(({ usage, text }) => ({ put: `/${usage.split(" ")[0]} `, shown: `/${usage}`, more: text }));
      look();
    } else commands = null;
  }

  /** @param {string} sign @param {string} word @returns {Hint[]} */
  function search(sign, word) {
    const here = state.place === null ? undefined : state.places.get(state.place);
    if (sign === "/") {
      if (!commands) void fetchCommands();
      return (commands ?? []).filter(({ put }) => put.startsWith(`/${word.toLowerCase()}`));
    }
    if (sign === "#") {
      const rooms = new Map((state.welcome?.rooms ?? []).map(({ room, members }) => [room, L.here(members)]));
      for (const place of state.places.values()) if (place.kind === "room") rooms.set(place.name, L.here(place.total));
      return [...rooms].filter(([room]) => fold(room).startsWith(fold(`#${word}`))).map(([room, more]) => ({ put: `${room} `, shown: room, more }));
    }
    const people = [...(here?.members.values() ?? [])].filter(({ nick }) => nick !== state.me && fold(nick).startsWith(fold(word)));
    return people.map(({ nick }) => ({ put: from === 0 ? `${nick}, ` : `${nick} `, shown: nick, more: state.people.get(fold(nick))?.away ?? "" }));
  }

  function look() {
    const before = field.value.slice(0, field.selectionStart);
    const match = /^(\/)(\S*)$|(?:^|\s)([@#])([^\s@#]*)$/u.exec(before);
    if (!match || document.activeElement !== field) return close();
    const [sign, word] = match[1] ? [match[1], match[2]] : [match[3], match[4]];
    from = before.length - word.length - 1;
    found = search(sign, word).slice(0, SHOWN);
    chosen = 0;
    draw();
  }

  function draw() {
    list.hidden = found.length === 0;
    aria(field, "activedescendant", found.length ? `hint-${chosen}` : null);
    fill(list, ...found.map((hint, at) => el("li", {
      id: `hint-${at}`, role: "option", "aria-selected": String(at === chosen),
      on: { pointerdown: (event) => { event.preventDefault(); take(at); } },
    }, el("bdi", { text: hint.shown }), el("span", { text: hint.more }))));
  }

  /** @param {number} at */
  function take(at) {
    const { put } = found[at];
    field.setRangeText(put, from, field.selectionStart, "end");
    close();
    changed();
  }

  function close() {
    if (!found.length) return;
    found = [];
    draw();
  }

  return {
    look,
    close,
    /** Takes the key if the list is open and the key is for it. @param {KeyboardEvent} event */
    key(event) {
      if (!found.length) return false;
      const whole = field.value.slice(from, field.selectionStart);
      if (event.key === "ArrowDown") chosen = (chosen + 1) % found.length;
      else if (event.key === "ArrowUp") chosen = (chosen + found.length - 1) % found.length;
      else if (event.key === "Escape") close();
      else if (event.key === "Enter" && whole.trim() === found[chosen].put.trim()) return false;
      else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && !event.ctrlKey)) take(chosen);
      else return false;
      if (found.length) draw();
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
}
