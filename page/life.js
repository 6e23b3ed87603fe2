// @ts-check
// One's stay with the server: comes in, comes back after a lost connection or a reload, goes. It joins session, places and what this tab remembers; it knows no view.
import { Files } from "./files.js";
import { hears, join, joinAgain, renewed, settled } from "./follow.js";
import * as marks from "./marks.js";
import { order, placeOf } from "./place.js";
import { Session } from "./session.js";
import * as tabs from "./tabs.js";
import { fold, placeKey } from "./text.js";
import * as unsent from "./unsent.js";
import { Comeback } from "./wire.js";
import * as words from "./words.js";

/** @typedef {import("./types.js").Place} Place @typedef {import("./types.js").Entry} Entry @typedef {import("./types.js").Part} Part */

const PASSWORD = new Set(["login-failed", "login-too-often", "password-bad"]);
/** A time without connection that is not worth a word (ms). */
const SHORT = 1_000;

export class Life {
  store;
  tell;
  state;
  stored = 0;
  /** @type {Entry | null} */
  entry = null;
  beside = false;
  /** What was missed, while it comes. @type {{missed: number} | null} */
  missed = null;
  /** How long (ms) there was no connection before this one. */
  away = 0;
  /** The first room has not come yet. */
  arriving = false;
  /** A room that was asked for, to be shown when it is joined. @type {string | null} */
  wanted = null;
  pace = new marks.Pace();
  /** Drafts of places that are not open. @type {Map<string, string>} */
  drafts = new Map();

  /** @param {import("./store.js").Store} store @param {(happening: import("./types.js").Happening) => void} tell */
  constructor(store, tell) {
    this.store = store;
    this.tell = tell;
    this.state = store.state;
    this.tabs = new tabs.Tabs(() => (this.state.phase === "in" && this.state.link.is !== "over" ? tabs.memory.pass : null));
    this.comeback = new Comeback(
      { now: () => Date.now(), later: (act, ms) => setTimeout(act, ms), never: (timer) => clearTimeout(timer), hidden: () => document.hidden },
      () => this.attempt(),
    );
    this.session = new Session({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
      tag: tabs.tag,
      event: (event) => hears(this, event),
      up: (ok, known) => this.up(ok, known),
      refused: (error) => this.refused(error),
      end: (end) => this.ended(end),
      next: () => unsent.next(this.state.unsent, (entry) => !this.state.places.get(entry.place)?.asked),
      said: (entry) => {
        unsent.sent(entry);
        this.keep("list");
        return unsent.command(entry);
      },
      settled: (answer) => settled(this, answer),
      waits: (at) => {
        this.state.link.waitUntil = at;
        store.touch(["list"]);
      },
    });
    this.files = new Files(this.state, (command) => this.session.ask(command), () => store.touch(["uploads"]), tabs.tag);
  }

  /** Begins when the page does: goes on after a reload, or shows the gate. */
  async begin() {
    const memory = tabs.recall();
    const state = this.state;
    for (const { name, draft } of memory.places) this.drafts.set(placeKey(name), draft);
    const { pass } = memory;
    const other = await this.tabs.find(pass?.token ?? null);
    if (other && !other.account) {
      // Two tabs cannot be one guest.
      tabs.forget();
      state.gate.otherTab = other.nick;
      return this.store.touch(["gate"]);
    }
    if (other) tabs.remember({ pass: other, prefix: "", places: [], unsent: [] });
    const mine = other ?? pass;
    if (!mine) return;
    this.beside = other !== null;
    for (const stored of other ? [] : memory.places) {
      const place = placeOf(state, String(stored.name));
      Object.assign(place, { made: stored.made, read: stored.read, draft: String(stored.draft ?? ""), scroll: stored.scroll });
      place.joined = true;
      place.loading = "first";
    }
    state.place = memory.place && state.places.has(memory.place) ? memory.place : (order(state)[0]?.key ?? null);
    state.unsent = unsent.restored(memory.unsent);
    Object.assign(state, { phase: "in", me: mine.nick, account: mine.account });
    this.touchAll();
    this.comeback.now();
  }

  /** Comes in by the gate. @param {Entry} entry */
  async connect(entry) {
    const state = this.state;
    Object.assign(state.gate, { busy: true, since: Date.now(), error: null, room: entry.room });
    this.store.touch(["gate"]);
    this.tell({ type: "status", text: words.connecting });
    this.entry = entry;
    const other = entry.resume ? await this.tabs.find(null) : null;
    if (other) tabs.remember({ pass: other });
    for (const name of other?.places ?? []) placeOf(state, String(name)).joined = true;
    const pass = entry.resume ? tabs.memory.pass : null;
    if (!pass) tabs.newPrefix();
    const { password } = entry;
    const rooms = password ? {} : { rooms: pass ? [] : [entry.room || state.server.lobby] };
    const who = pass ? { nick: pass.nick, resume: pass.token } : { ...(entry.nick ? { nick: entry.nick } : {}), ...(password ? { password } : {}) };
    this.session.begin({ type: "hello", version: 1, ...who, ...rooms, wants: ["typing"] });
  }

  /** Tries to come back. */
  attempt() {
    const { pass } = tabs.memory;
    if (!pass) return this.gate("");
    const state = this.state;
    Object.assign(state.link, { is: "opening", since: state.link.is === "down" ? state.link.since : Date.now(), retryAt: null });
    this.store.touch(["bar"]);
    const beside = this.beside ? { beside: true } : {};
    this.session.begin({ type: "hello", version: 1, nick: state.me || pass.nick, resume: pass.token, rooms: [], ...beside, wants: ["typing"] });
  }

  /** @param {import("./types.js").OkHello} ok @param {boolean} known */
  up(ok, known) {
    const state = this.state;
    const [back, slow] = [state.phase === "in", state.link.why === "slow-consumer"];
    this.away = Date.now() - state.link.since;
    this.comeback.up();
    if (back && ok.nick && fold(ok.nick) !== fold(state.me)) this.notice(words.renamedOnReturn(state.me, ok.nick));
    else if (back && !known) this.notice(words.newPerson);
    Object.assign(state, { me: ok.nick ?? "", account: ok.registered === true, phase: "in" });
    Object.assign(state.link, { is: "up", since: Date.now(), why: "", text: "", retryAt: null });
    Object.assign(state.gate, { busy: false, error: null, text: "", otherTab: "" });
    if (!back && !this.entry?.resume) state.unsent = [];
    Object.assign(this, { arriving: !back, beside: false, pace: new marks.Pace() });
    if (ok.resume) this.pass(ok.resume);
    if (back || this.entry?.resume) this.rejoin(known, slow ? words.allNow : "");
    else if (this.entry?.password && this.entry.room) void join(this, this.entry.room);
    if (back) this.files.cameBack();
    this.entry = null;
    this.touchAll();
  }

  /** @param {string} token */
  pass(token) {
    const { me: nick, account, settings } = this.state;
    tabs.rememberPass({ token, nick, account }, account && settings.stay);
  }

  /** Asks for every place again: what was missed there comes. @param {boolean} known @param {string} told what is said when it is there */
  rejoin(known, told) {
    const state = this.state;
    const first = (/** @type {Place} */ place) => (place.key === state.place ? 0 : place.unread ? 1 : 2);
    const all = order(state).sort((a, b) => first(a) - first(b));
    const seen = { missed: 0 };
    this.missed = seen;
    for (const place of all) {
      if (place.kind === "person") {
        if (!known && !state.account) place.seen = 0;
        else if (place.seen || place.loading) renewed(this, place);
      } else if (place.joined) joinAgain(this, place);
    }
    if (!state.places.size) void join(this, state.server.lobby);
    // Its answer comes when all that was asked for has come.
    void this.session.ask({ type: "ping" }).then((answer) => {
      if (answer.type === "error" || this.missed !== seen) return;
      this.missed = null;
      // A reload is no loss.
      if (!told && !seen.missed && this.away < SHORT) return;
      Object.assign(state.link, { missed: seen.missed, text: told });
      if (all.some((place) => place.loaded && place.kind === "room")) this.tell({ type: "status", text: told || words.missedLines(seen.missed) });
      this.store.touch(["bar"]);
      setTimeout(() => {
        state.link.missed = null;
        this.store.touch(["bar"]);
      }, 2_000);
    });
  }

  /** The connection ended, or could not be made. @param {import("./wire.js").End} end */
  ended(end) {
    const { state } = this;
    unsent.broken(state.unsent);
    for (const place of state.places.values()) place.typing.clear();
    if (state.phase === "gate") {
      // A connection that ends after a refusal is nobody's loss.
      if (!state.gate.busy) return;
      const text = end.text || words.unreachable;
      Object.assign(state.gate, { busy: false, error: { code: end.why, text, field: "", offer: "", until: null } });
      this.tell({ type: "alert", text });
      return this.store.touch(["gate"]);
    }
    this.keep("list");
    const plan = this.comeback.lost(end.why);
    if (plan.next === "gate") return this.gate(end.why === "quit" ? "" : end.text || words.down(end.why));
    if (end.why === "no-fit" && this.loadOnce("no-fit")) return;
    const [was, news] = [state.link.is === "up", state.link.is === "up" || plan.next === "stop"];
    const since = was ? Date.now() : state.link.since;
    Object.assign(state.link, { is: plan.next === "stop" ? "over" : "down", since, why: end.why, text: end.text, retryAt: plan.at, missed: null });
    if (news) this.tell({ type: end.why === "kicked" || end.why === "no-fit" ? "alert" : "status", text: end.text || words.down(end.why) });
    this.store.touch(["bar", "list", "typing", "side"]);
  }

  /** No name was taken: the gate says why, or one comes in under the name offered. @param {import("./types.js").ErrorEvent} error */
  refused(error) {
    const { state } = this;
    const { code, text, offer = "" } = error;
    const { pass } = tabs.memory;
    if (code === "version-unsupported") return this.session.drop("no-fit", text);
    if (state.phase === "in" && pass && offer && !state.account && code.startsWith("nick-")) {
      // A guest's name was taken meanwhile; another with the same token does.
      if (this.beside) return this.gate(text);
      return this.session.begin({ type: "hello", version: 1, nick: offer, resume: pass.token, rooms: [], wants: ["typing"] });
    }
    if (state.phase === "in") this.gate("");
    const field = PASSWORD.has(code) ? "password" : code.startsWith("nick-") ? "nick" : code.startsWith("room-") ? "room" : "";
    const until = code === "login-too-often" || code === "register-too-often" ? Date.now() + 1000 * Number(error.value || 0) : null;
    Object.assign(state.gate, { busy: false, error: { code, text, field, offer, until } });
    this.tell({ type: "alert", text });
    this.store.touch(["gate"]);
  }

  /** Shows the gate; what waited becomes drafts, so that nobody else says it. @param {string} text */
  gate(text) {
    const { state } = this;
    for (const entry of state.unsent) {
      const place = state.places.get(entry.place);
      if (place) place.draft = [place.draft, unsent.typed(entry)].filter(Boolean).join("\n");
    }
    for (const place of state.places.values()) if (place.draft) this.drafts.set(place.key, place.draft);
    this.comeback.cancel();
    state.places.clear();
    state.invites.clear();
    state.people.clear();
    Object.assign(state, { phase: "gate", place: null, unsent: [], panel: null, notices: [], account: false });
    Object.assign(state.link, { is: "none", why: "", text: "", retryAt: null, missed: null });
    Object.assign(state.gate, { busy: false, text, offer: state.me || state.gate.offer, error: null });
    tabs.forget();
    this.touchAll();
  }

  /** Goes, and tells the server so. @param {string} text */
  quit(text) {
    this.session.quit(text);
    this.drafts.clear();
    this.state.unsent = [];
    for (const place of this.state.places.values()) place.draft = "";
    // The answer may not come any more.
    setTimeout(() => this.session.drop("quit"), this.session.up ? 1_000 : 0);
    if (!this.session.up) this.gate("");
  }

  /** Loads the page anew, by itself: once for each reason. @param {string} reason */
  loadOnce(reason) {
    if (tabs.memory.loaded === reason) return false;
    this.remember();
    tabs.remember({ loaded: reason });
    location.reload();
    return true;
  }

  /** @param {string} text */
  notice(text) {
    const { state } = this;
    state.notices = [...state.notices, { id: Date.now() + Math.random(), text, time: Date.now() }].slice(-3);
    this.tell({ type: "status", text });
    this.store.touch(["bar"]);
  }

  /** Own lines changed: they are stored before anything else happens. @param {...Part} parts */
  keep(...parts) {
    tabs.remember({ unsent: this.state.unsent });
    this.store.touch(parts);
  }

  /** Stores what a reload needs. */
  remember() {
    if (this.state.phase !== "in") return;
    const kept = [...this.state.places.values()].filter((place) => place.joined);
    const places = kept.map(({ name, made, read, seen, draft, scroll }) => ({ name, made, read, seen, draft, scroll }));
    tabs.remember({ place: this.state.place, places });
  }

  touchAll() {
    this.store.touch(["phase", "gate", "bar", "side", "head", "people", "list", "box", "typing", "uploads", "settings"]);
  }
}
