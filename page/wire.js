// @ts-check
// One WebSocket: JSON objects in and out, and one end with one reason; and when to try again after it. It knows no chat and no DOM.

/** @typedef {{why: string, text: string, opened: boolean}} End */
/** @typedef {{open: () => void, event: (event: any) => void, end: (end: End) => void}} Hearing */

/** A server that has not taken the connection by then is not there. */
const PATIENCE = 5_000;

/** Reasons that the close code tells, if the server said none. @type {ReadonlyMap<number, string>} */
const CODES = new Map([
  [1000, "quit"],
  [1001, "server-stopped"],
  [1002, "no-fit"],
  [1003, "no-fit"],
  [1007, "no-fit"],
  [1009, "no-fit"],
  [1011, "failed"],
  [1013, "full"],
  [4001, "timeout"],
  [4002, "login-timeout"],
  [4003, "login-lines"],
  [4004, "slow-consumer"],
  [4005, "kicked"],
  [4006, "replaced"],
]);

export class Wire {
  #socket;
  #hearing;
  #opened = false;
  #ended = false;
  /** @type {{why: string, text: string} | null} */
  #told = null;
  /** @type {any} */
  #patience;

  /** @param {string} url @param {Hearing} hearing */
  constructor(url, hearing) {
    this.#hearing = hearing;
    this.#socket = new WebSocket(url, "roomful.1");
    this.#patience = setTimeout(() => this.drop("unreachable"), PATIENCE);
    this.#socket.onopen = () => {
      clearTimeout(this.#patience);
      if (this.#ended) return;
      this.#opened = true;
      hearing.open();
    };
    this.#socket.onmessage = (message) => this.#heard(message.data);
    this.#socket.onclose = (close) => {
      const known = this.#told ?? { why: CODES.get(close.code) ?? "lost", text: "" };
      this.#end(close.code === 1000 && !this.#told && !this.#opened ? { why: "lost", text: "" } : known);
    };
  }

  /** Whether what is sent now may arrive. */
  get open() {
    return this.#opened && !this.#ended && this.#socket.readyState === WebSocket.OPEN;
  }

  /** @param {object} command */
  send(command) {
    if (this.open) this.#socket.send(JSON.stringify(command));
  }

  /** Ends it from this side, now: nothing of this connection is heard any more. @param {string} why @param {string} [text] */
  drop(why, text = "") {
    this.#end({ why, text });
    this.#socket.close();
  }

  /** @param {unknown} data */
  #heard(data) {
    if (this.#ended || typeof data !== "string") return;
    let event;
    try {
      event = JSON.parse(data);
    } catch {
      event = null;
    }
    if (typeof event?.type !== "string") return this.drop("no-fit");
    if (event.type === "closing") this.#told = { why: String(event.reason), text: String(event.text ?? "") };
    this.#hearing.event(event);
  }

  /** @param {{why: string, text: string}} end */
  #end(end) {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#patience);
    this.#hearing.end({ ...end, opened: this.#opened });
  }
}

// --- coming back ---

/** @typedef {{next: "again", after: number} | {next: "stop"} | {next: "gate"}} Plan */

/** A connection that lasted so long was a good one: what comes after it begins with the first wait again. */
const GOOD = 10_000;
/** Between two tries at least so long passes, whatever asks for one. */
const LEAST = 1_000;
/** Tries while nobody looks at the page; then it waits to be shown. */
const UNSEEN = 10;

/**
 * What to do after an end with this reason, the `tries`-th one without a good connection in between.
 * @param {string} why @param {number} tries from 0 @param {() => number} [random] @returns {Plan}
 */
export function plan(why, tries, random = Math.random) {
  const wait = Math.min(30_000, 1_000 * 2 ** Math.min(tries, 5));
  const backoff = Math.round(wait * (0.7 + 0.6 * random()));
  const again = (/** @type {number} */ first) => /** @type {Plan} */ ({ next: "again", after: tries ? Math.max(first, backoff) : first });
  switch (why) {
    case "quit":
    case "login-timeout":
    case "login-lines":
    case "logged-out":
      return { next: "gate" };
    case "kicked":
    case "replaced":
    case "no-fit":
    case "version":
      return { next: "stop" };
    case "failed":
      return tries < 3 ? again(backoff) : { next: "stop" };
    case "full":
      return { next: "again", after: Math.round(15_000 + 30_000 * random()) };
    case "timeout":
    case "no-answer":
      return again(0);
    case "slow-consumer":
      return again(Math.round(1_000 + 2_000 * random()));
    case "server-stopped":
      return again(2_000);
    default:
      return again(backoff);
  }
}

/**
 * @typedef {object} World
 * @property {() => number} now
 * @property {(act: () => void, ms: number) => any} later
 * @property {(timer: any) => void} never
 * @property {() => boolean} hidden
 * @property {() => number} [random]
 */

export class Comeback {
  #world;
  #attempt;
  #tries = 0;
  #unseen = 0;
  /** @type {number | null} */
  #upAt = null;
  #lastTry = -LEAST;
  /** @type {any} */
  #timer = null;
  #waits = false;

  /** @param {World} world @param {() => void} attempt what makes a connection */
  constructor(world, attempt) {
    this.#world = world;
    this.#attempt = attempt;
  }

  /** A connection stands. */
  up() {
    this.cancel();
    this.#upAt = this.#world.now();
    this.#unseen = 0;
  }

  /** It ended, or a try failed. Returns what comes; `at` is when, if a time is set. @param {string} why @returns {Plan & {at: number | null}} */
  lost(why) {
    this.cancel();
    const now = this.#world.now();
    if (this.#upAt !== null && now - this.#upAt >= GOOD) this.#tries = 0;
    this.#upAt = null;
    const next = plan(why, this.#tries, this.#world.random);
    if (next.next !== "again") return { ...next, at: null };
    this.#tries += 1;
    this.#waits = true;
    let wait = Math.max(next.after, this.#lastTry + LEAST - now);
    if (this.#world.hidden()) {
      this.#unseen += 1;
      if (this.#unseen > UNSEEN) return { ...next, at: null };
      wait = Math.max(wait, this.#unseen > 3 ? 30_000 : 0);
    }
    this.#timer = this.#world.later(() => this.now(), wait);
    return { ...next, at: now + wait };
  }

  /** The page is seen again, the network is back, or a person asks: tries at once if a try is due at all. @returns {boolean} */
  wake() {
    if (!this.#waits || this.#world.now() - this.#lastTry < LEAST) return false;
    this.now();
    return true;
  }

  /** Tries now, also if nothing was planned. */
  now() {
    this.cancel();
    this.#lastTry = this.#world.now();
    this.#attempt();
  }

  /** Nothing is tried any more until `lost` or `now`. */
  cancel() {
    if (this.#timer !== null) this.#world.never(this.#timer);
    this.#timer = null;
    this.#waits = false;
  }
}
