// @ts-check
// What the views may do, and the page's own clockwork: visibility, waking, fragments of the URL. It knows no view.
import { putQr } from "./files.js";
import { again, join, show, soon, welcome } from "./follow.js";
import { Life } from "./life.js";
import { Notifier } from "./notice.js";
import * as rows from "./place.js";
import { forget, Out } from "./places.js";
import { emptyState, Store } from "./store.js";
import * as tabs from "./tabs.js";
import { placeKey } from "./text.js";
import * as unsent from "./unsent.js";
import * as words from "./words.js";

/** @typedef {import("./types.js").Actions} Actions @typedef {import("./types.js").Place} Place @typedef {import("./types.js").HistoryCommand} History */

const PAGE = 100;
/** Somebody is told as typing once in so long. */
const TYPING = 3_200;
const SPARE = 300;

/** Puts the logic together. @returns {import("./types.js").Chat} */
export function begin() {
  const state = emptyState();
  const store = new Store(state, (draw) => requestAnimationFrame(draw), Date.now);
  /** @type {((happening: import("./types.js").Happening) => void)[]} */
  const ears = [];
  const life = new Life(store, (happening) => ears.forEach((hear) => hear(happening)));
  const notifier = new Notifier(state, life.tabs, (key) => show(life, key));
  ears.push((happening) => {
    notifier.hears(happening);
    if (state.offerNotices) store.touch(["bar"]);
  });
  Object.assign(state.settings, settings(tabs.storedSettings()));
  const actions = acts(life, notifier);
  watch(life, notifier);
  void life.begin();
  void welcome(life);
  return { store, state, actions, on: (hear) => void ears.push(hear) };
}

/** Settings that were stored, as far as they fit. @param {Record<string, unknown>} stored */
function settings(stored) {
  const known = /** @type {Record<string, unknown>} */ ({ ...emptyState().settings });
  for (const name of Object.keys(known)) if (typeof stored?.[name] === typeof known[name]) known[name] = stored[name];
  return { ...known, beamer: false };
}

/** @param {Life} life @param {Notifier} notifier @returns {Actions} */
function acts(life, notifier) {
  const { state, store, session, files } = life;
  const place = (/** @type {string} */ key) => state.places.get(key) ?? null;
  let typed = 0;
  /** @type {any} */
  let later = null;
  const asked = /** @type {WeakMap<Place, object>} */ (new WeakMap());
  /** Asks for lines, once at a time for each place; the newest do not wait. An answer to an earlier question is not taken: it could leave a hole. @param {Place} at @param {Place["loading"]} what @param {Omit<History, "type">} which @param {(page: import("./types.js").LineRow[], more: boolean) => void} take */
  async function fetchPage(at, what, which, take) {
    if (at.loading && (what !== "newest" || at.loading === "newest" || at.loading === "first")) return;
    at.loading = what;
    asked.set(at, which);
    store.touch(["list"]);
    const answer = await session.ask({ type: "history", room: at.name, limit: PAGE, ...which });
    if (asked.get(at) !== which) return;
    at.loading = "";
    if (answer.type === "ok" && answer.for === "history") take(answer.messages.map((one) => rows.lineRow(one, state.me, false)), answer.more === true);
    else if (answer.type === "error" && answer.code === "nothing-kept") at.whole = true;
    store.touch(["list"]);
  }

  return {
    connect: (entry) => void life.connect(entry),
    stop() {
      state.gate.busy = false;
      session.drop("again");
      store.touch(["gate"]);
    },
    send(key, text) {
      const at = place(key);
      if (!at || !text.trim()) return words.nothingToSend;
      if (/^\s*({quit}|\/quit)\s*$/.test(text)) return life.quit(""), null;
      if (state.unsent.length >= unsent.MOST) return words.tooMany(unsent.MOST);
      const { text: most, lineBytes } = state.server;
      const entry = unsent.line(tabs.tag(), at, text, Date.now());
      const length = [...entry.text].length;
      if (length > most) return words.tooLong(length, most);
      if (new TextEncoder().encode(JSON.stringify(entry.text)).length + SPARE > lineBytes) return words.tooLong(length, most);
      state.unsent.push(entry);
      at.draft = "";
      life.keep("list");
      life.remember();
      if (at.kind === "person" || at.following) at.fence = null;
      session.pump();
      return null;
    },
    again: (tag) => again(life, tag),
    edit(tag) {
      const entry = unsent.take(state.unsent, tag);
      life.keep("list");
      return entry ? unsent.typed(entry) : "";
    },
    discard(tag) {
      unsent.take(state.unsent, tag);
      life.keep("list");
    },
    draft(key, text) {
      const at = place(key);
      if (!at) return;
      at.draft = text;
      clearTimeout(later);
      later = setTimeout(() => life.remember(), SPARE);
    },
    typing(key) {
      const [at, now] = [place(key), Date.now()];
      if (!at || (at.kind === "person" && !at.seen) || !at.draft.trim() || /^\s*\//.test(at.draft) || now - typed < TYPING || !session.up) return;
      typed = now;
      void session.ask({ type: "typing", room: at.name }).then((answer) => {
        // A server that does not know of typing is not told again.
        if (answer.type === "error" && answer.code === "unknown-command") typed = Infinity;
      });
    },

    show: (key) => show(life, key),
    step(by, unread) {
      const all = rows.order(state);
      const at = all.findIndex((one) => one.key === state.place);
      const turned = by > 0 ? [...all.slice(at + 1), ...all.slice(0, at)] : [...all.slice(0, Math.max(at, 0)).reverse(), ...all.slice(at + 1).reverse()];
      const next = turned.find((one) => !unread || one.unread);
      if (next) show(life, next.key);
    },
    join: (room, key) => join(life, room, key),
    async leave(key) {
      const at = place(key);
      const answer = at?.joined && at.kind === "room" ? await session.ask({ type: "leave", room: at.name }) : null;
      if (at && (answer?.type ?? "error") === "error" && !(answer?.type === "error" && answer.code === "no-connection")) this.close(key);
    },
    write(nick) {
      const at = rows.placeOf(state, `@${nick}`);
      show(life, at.key);
      life.remember();
      store.touch(["side"]);
    },
    close(key) {
      const at = place(key);
      if (!at) return;
      if (at.kind === "person" && state.account) void session.ask({ type: "close", nick: at.name.slice(1) });
      const out = new Out();
      forget(state, at, out);
      life.remember();
      store.touch(out.parts);
    },
    refuseInvite(room) {
      state.invites.delete(placeKey(room));
      store.touch(["side"]);
    },

    older(key) {
      const at = place(key);
      if (!at || at.whole || !session.up) return;
      void fetchPage(at, "older", at.from ? { before: at.from } : {}, (page, more) => rows.prepend(at, page, more));
    },
    newer(key) {
      const at = place(key);
      if (!at || at.atEnd || !session.up) return;
      void fetchPage(at, "newer", { after: at.to }, (page, more) => rows.extend(at, page, more));
    },
    newest(key) {
      const at = place(key);
      if (!at) return;
      at.below = 0;
      at.following = true;
      if (at.atEnd) return store.touch(["list"]);
      void fetchPage(at, "newest", {}, (page, more) => {
        rows.replace(at, page, { whole: !more, atEnd: true });
        at.seen = Math.max(at.seen, at.to);
      });
    },
    gap(key, row) {
      const at = place(key);
      if (at) void fetchPage(at, "older", { after: row.after, limit: Math.min(PAGE, row.count) }, (page) => rows.fill(at, row.key, page));
    },
    async goTo(key, seq) {
      const at = place(key);
      if (!at) return false;
      show(life, key);
      const there = () => at.rows.some((row) => row.kind === "line" && row.seq === seq);
      if (there()) return true;
      at.loading = "";
      await fetchPage(at, "older", { after: Math.max(0, seq - PAGE / 2) }, (page, more) => {
        rows.replace(at, page, { whole: (page[0]?.seq ?? 0) <= 1, atEnd: !more && (page[page.length - 1]?.seq ?? 0) >= at.seen });
        at.following = false;
      });
      return there();
    },
    following(key, is) {
      const at = place(key);
      if (!at || at.following === is) return;
      at.following = is;
      if (is && at.atEnd) at.below = 0;
      store.touch(["list"]);
      if (is) soon(life);
    },

    ask: (command) => session.ask(command),
    closePanel() {
      state.panel = null;
      store.touch(["panel"]);
    },
    closeNotice(id) {
      state.notices = state.notices.filter((one) => one.id !== id);
      store.touch(["bar"]);
    },

    attach(key, list) {
      const at = place(key);
      return at ? files.attach(at, list) : null;
    },
    upload: (id, how) => void files.send(id, how),
    cancelUpload: (id) => files.cancel(id),
    retryUpload: (id) => files.retry(id),
    url: (file, fresh) => files.url(file, fresh),
    putFile: (element, file, fresh) => files.put(element, file, fresh),
    putPreview: (image, id) => files.preview(image, id),
    putQr,

    set(name, value) {
      state.settings[name] = value;
      tabs.storeSettings({ ...state.settings, beamer: undefined });
      const { pass } = tabs.memory;
      if (name === "stay" && pass) tabs.rememberPass(pass, state.account && value === true);
      store.touch(["settings"]);
    },
    allowNotices: () => notifier.allow(),
    copy,
    tryNow: () => life.comeback.now(),
    comeAgain() {
      if (state.link.why === "kicked") life.gate("");
      else life.comeback.now();
    },
    loadAgain() {
      life.remember();
      location.reload();
    },
    quit: (text = "") => life.quit(text),
  };
}

/** @param {string} text */
async function copy(text) {
  try {
    if (navigator.clipboard) return await navigator.clipboard.writeText(text), true;
  } catch {
    // Then the old way, which works without a secure context.
  }
  let done = false;
  const put = (/** @type {ClipboardEvent} */ event) => {
    event.preventDefault();
    event.clipboardData?.setData("text/plain", text);
    done = true;
  };
  document.addEventListener("copy", put);
  document.execCommand("copy");
  document.removeEventListener("copy", put);
  return done;
}

/** What happens around the page. @param {Life} life @param {Notifier} notifier */
function watch(life, notifier) {
  const { state, store } = life;
  const looks = () => {
    state.seen = !document.hidden && document.hasFocus();
    life.tabs.seen(state.seen);
    if (state.seen) soon(life);
    store.touch(["list"]);
  };
  const wake = () => {
    if (document.hidden || state.phase !== "in") return;
    if (life.session.up) life.session.check();
    else life.comeback.wake();
  };
  document.addEventListener("visibilitychange", () => {
    looks();
    wake();
    const idle = document.hidden && !state.unsent.length && !state.uploads.size && [...state.places.values()].every((at) => !at.draft);
    if (idle && state.link.newer) life.loadOnce(state.server.page);
  });
  for (const name of ["focus", "blur"]) addEventListener(name, looks);
  for (const name of ["focus", "online", "offline"]) addEventListener(name, wake);
  addEventListener("pageshow", (event) => event.persisted && wake());
  addEventListener("pagehide", () => {
    life.remember();
    life.tabs.seen(false);
  });
  // Title and reading go on without frames.
  store.always(() => {
    notifier.draw();
    soon(life);
  });
  looks();
}
