// @ts-check
// One session with the server: the greeting, commands and their answers by tag, and its own copy of the server's bucket. It knows no DOM and no places.
import { Wire } from "./wire.js";
import { lostOnTheWay, noConnection } from "./words.js";

/** @typedef {import("./types.js").Ask} Ask @typedef {import("./types.js").Answer} Answer @typedef {import("./types.js").HelloCommand} HelloCommand
 * @typedef {import("./types.js").OkHello} OkHello @typedef {import("./types.js").Unsent} Unsent @typedef {import("./types.js").Event} Event */

/** What questions count as; all else is 1. @type {ReadonlyMap<string, number>} */
const COSTS = new Map([
  ...["rooms", "members", "whois", "history", "search", "chats", "files", "bans"].map((type) => /** @type {[string, number]} */ ([type, 3])),
  ["ping", 0.05],
  ["pong", 0.05],
  ...["quit", "read", "typing", "get"].map((type) => /** @type {[string, number]} */ ([type, 0])),
]);
/** What the page asks by itself, or while one scrolls: it leaves so much for speech, and for what a person asks for by a click. */
const BY_ITSELF = new Set(["history", "settings", "chats", "members", "join", "ping"]);
const SPEECH = 4;
/** Questions that may wait; more are refused. */
const MOST = 200;
/** A server that does not answer a ping by then is not there. */
const SILENCE = 3_000;
/** After so long without an answer it is asked. */
const DOUBT = 10_000;

/** The bucket that the server has for this session; counted here so that speech need not queue behind questions. */
export class Bucket {
  #level;
  #at;
  /** @param {number} rate @param {number} burst @param {number} now */
  constructor(rate, burst, now) {
    this.rate = rate;
    this.burst = burst;
    this.#level = burst;
    this.#at = now;
  }

  /** Milliseconds until `cost` may be spent with `rest` left over. @param {number} cost @param {number} rest @param {number} now */
  wait(cost, rest, now) {
    if (this.rate <= 0 || cost === 0) return 0;
    this.#level = Math.min(this.burst, this.#level + Math.max(0, ((now - this.#at) / 1000) * this.rate));
    this.#at = Math.max(this.#at, now);
    const lacks = Math.min(cost + rest, this.burst) - this.#level;
    return lacks <= 1e-9 ? this.#at - now : Math.ceil((lacks / this.rate) * 1000) + this.#at - now;
  }

  /** @param {number} cost */
  spend(cost) {
    this.#level -= cost;
  }

  /** The server says that it is empty for `ms` more. @param {number} ms @param {number} now */
  empty(ms, now) {
    this.#level = 1;
    this.#at = now + ms;
  }
}

/**
 * @typedef {object} Keeper what a session asks of the page
 * @property {string} url
 * @property {(event: Event) => void} event something came by itself
 * @property {(ok: OkHello, known: boolean) => void} up a name was taken
 * @property {(error: import("./types.js").ErrorEvent) => void} refused none was
 * @property {(end: import("./wire.js").End) => void} end
 * @property {() => string} tag
 * @property {() => Unsent | null} next the next own line to say
 * @property {(entry: Unsent) => Ask} said it is sent now: its command
 * @property {(answer: Answer) => boolean} settled an answer to an own line; false: it is none
 * @property {(at: number) => void} waits own lines wait until then; 0: none does
 */

export class Session {
  #keeper;
  /** @type {Wire | null} */
  #wire = null;
  /** @type {HelloCommand | null} */
  #hello = null;
  #up = false;
  /** @type {Map<string, {done: (answer: Answer) => void, at: number}>} */
  #asked = new Map();
  /** @type {{command: Ask, done: (answer: Answer) => void}[]} */
  #queue = [];
  #bucket = new Bucket(2, 10, 0);
  /** @type {any} */
  #timer = null;
  /** @type {any} */
  #check = null;
  #heard = 0;
  #waits = 0;

  /** @param {Keeper} keeper */
  constructor(keeper) {
    this.#keeper = keeper;
  }

  get up() {
    return this.#up;
  }

  /** Greets with `hello`; over the connection there is, if no name was taken on it. @param {HelloCommand} hello */
  begin(hello) {
    this.#hello = { ...hello, tag: this.#keeper.tag() };
    if (this.#wire?.open && !this.#up) return this.#wire.send(this.#hello);
    this.drop("again");
    this.#bucket = new Bucket(2, 10, Date.now());
    /** @type {Wire} */
    const wire = new Wire(this.#keeper.url, {
      open: () => this.#hello && wire.send(this.#hello),
      event: (event) => wire === this.#wire && this.#hears(event),
      end: (end) => wire === this.#wire && this.#ended(end),
    });
    this.#wire = wire;
  }

  /** Ends the connection from here. With "again" nobody is told. @param {string} why @param {string} [text] */
  drop(why, text) {
    const wire = this.#wire;
    if (why === "again") this.#forget();
    wire?.drop(why, text);
  }

  /** The bucket's size, as `hello` told. @param {number} rate @param {number} burst */
  rate(rate, burst) {
    this.#bucket = new Bucket(rate, burst, Date.now());
  }

  /** The answer to a command; without a connection a refusal. @param {Ask} command @returns {Promise<Answer>} */
  ask(command) {
    return new Promise((done) => {
      if (!this.#up || this.#queue.length >= MOST) return done(refusal(noConnection));
      const behind = BY_ITSELF.has(command.type) ? -1 : this.#queue.findIndex((other) => BY_ITSELF.has(other.command.type));
      this.#queue.splice(behind < 0 ? this.#queue.length : behind, 0, { command, done });
      this.pump();
    });
  }

  /** Sends what may be sent now: own lines first. */
  pump() {
    clearTimeout(this.#timer);
    const wire = this.#wire;
    if (!this.#up || !wire) return;
    const now = Date.now();
    let line = this.#keeper.next();
    let wait = line ? this.#bucket.wait(1, 0, now) : 0;
    while (line && !wait) {
      this.#bucket.spend(1);
      wire.send(this.#keeper.said(line));
      this.#asked.set(line.tag, { done: () => {}, at: now });
      line = this.#keeper.next();
      wait = line ? this.#bucket.wait(1, 0, now) : 0;
    }
    this.#tellWait(line ? now + wait : 0);
    const least = line ? [wait] : [];
    while (this.#queue.length) {
      const { command, done } = this.#queue[0];
      const cost = COSTS.get(command.type) ?? 1;
      const rest = BY_ITSELF.has(command.type) && (command.type !== "join" || line) ? SPEECH : 0;
      const later = this.#bucket.wait(cost, rest, now);
      if (later) {
        least.push(later);
        break;
      }
      this.#queue.shift();
      this.#bucket.spend(cost);
      this.#send(command, done);
    }
    if (least.length) this.#timer = setTimeout(() => this.pump(), Math.max(20, Math.min(...least)));
    else if (this.#asked.size) this.#timer = setTimeout(() => this.#doubt(), DOUBT);
  }

  /** Asks whether the server is there; without any sign in three seconds the connection counts as lost. */
  check() {
    if (!this.#wire?.open || this.#check !== null) return;
    const heard = this.#heard;
    this.#wire.send({ type: "ping", tag: this.#keeper.tag() });
    this.#check = setTimeout(() => {
      this.#check = null;
      if (this.#heard === heard) this.drop("no-answer");
    }, SILENCE);
  }

  /** Says farewell. @param {string} text */
  quit(text) {
    this.#wire?.send({ type: "quit", tag: this.#keeper.tag(), ...(text ? { text } : {}) });
  }

  /** @param {Ask} command @param {(answer: Answer) => void} done */
  #send(command, done) {
    const tag = command.tag ?? this.#keeper.tag();
    this.#asked.set(tag, { done, at: Date.now() });
    this.#wire?.send({ ...command, tag });
  }

  /** Something has had no answer for long. */
  #doubt() {
    const oldest = Math.min(...[...this.#asked.values()].map(({ at }) => at));
    if (Date.now() - oldest >= DOUBT) this.check();
    if (this.#asked.size) this.#timer = setTimeout(() => this.#doubt(), DOUBT);
  }

  /** @param {number} at */
  #tellWait(at) {
    if (at === this.#waits) return;
    this.#waits = at;
    this.#keeper.waits(at);
  }

  /** @param {any} event */
  #hears(event) {
    this.#heard += 1;
    if (event.type === "ping") return this.#wire?.send({ type: "pong", token: event.token });
    if (event.type === "waiting") this.#bucket.empty(event.ms, Date.now());
    if (event.type !== "ok" && event.type !== "error") return this.#keeper.event(event);
    if (this.#hello && event.tag === this.#hello.tag) return this.#greeted(event);
    const asked = this.#asked.get(event.tag);
    this.#asked.delete(event.tag);
    if (!this.#keeper.settled(event)) asked?.done(event);
    // A refusal without a tag is of a room that `hello` asked for.
    if (event.type === "error" && event.tag === undefined) this.#keeper.event(event);
    this.pump();
  }

  /** @param {Answer} answer */
  #greeted(answer) {
    const hello = this.#hello;
    this.#hello = null;
    if (answer.type === "error") return this.#keeper.refused(answer);
    this.#up = true;
    const ok = /** @type {OkHello} */ (answer);
    this.#keeper.up(ok, hello?.resume !== undefined && (ok.resume === hello.resume || hello.beside === true));
    this.pump();
  }

  #forget() {
    clearTimeout(this.#timer);
    clearTimeout(this.#check);
    this.#check = null;
    this.#up = false;
    this.#wire = null;
    this.#tellWait(0);
    const open = [...this.#asked.values(), ...this.#queue];
    this.#asked.clear();
    this.#queue = [];
    for (const { done } of open) done(refusal(lostOnTheWay));
  }

  /** @param {import("./wire.js").End} end */
  #ended(end) {
    this.#forget();
    this.#keeper.end(end);
  }
}

/** @param {string} text @returns {Answer} */
const refusal = (text) => ({ type: "error", code: "no-connection", value: "", text });
