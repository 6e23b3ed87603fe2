// @ts-check
// The state, and the views that look at it: each is told of what it looks at, once a frame. It knows no wire and no chat.

/** @typedef {import("./types.js").State} State @typedef {import("./types.js").Part} Part */

/** Between two redraws of these at least so long passes: it leaves the time between for keys. */
const SLOW = 100;
/** @type {ReadonlySet<Part>} */
const SLOWLY = new Set(["list", "people"]);

/** @returns {State} */
export function emptyState() {
  return {
    phase: "gate",
    me: "",
    account: false,
    place: null,
    places: new Map(),
    invites: new Map(),
    people: new Map(),
    unsent: [],
    link: { is: "none", since: 0, why: "", text: "", retryAt: null, missed: null, waitUntil: 0, newer: false },
    notices: [],
    uploads: new Map(),
    panel: null,
    settings: { theme: "system", size: 16, speak: "all", tone: false, notify: false, offered: false, beamer: false, stay: false },
    server: { server: "", lobby: "#lobby", text: 4000, lineBytes: 16384, rate: 2, burst: 10, fileBytes: 10485760, kept: true, page: "" },
    gate: { offer: "", room: "", busy: false, since: 0, error: null, text: "", otherTab: "" },
    welcome: null,
    offerNotices: false,
    seen: true,
  };
}

/** Runs `draw` before the next frame. @typedef {(draw: () => void) => void} Frame */

export class Store {
  /** @type {Set<{parts: Set<Part>, draw: (state: State) => void}>} */
  #views = new Set();
  /** @type {Set<Part>} */
  #touched = new Set();
  #asked = false;
  #soon = false;
  #always = () => {};
  #slow = 0;
  #frame;
  #now;

  /** @param {State} state @param {Frame} frame @param {() => number} now */
  constructor(state, frame, now) {
    this.state = state;
    this.#frame = frame;
    this.#now = now;
  }

  /** @param {Part | Part[]} parts @param {(state: State) => void} draw */
  watch(parts, draw) {
    const view = { parts: new Set([parts].flat()), draw };
    this.#views.add(view);
    this.touch(view.parts);
    return () => void this.#views.delete(view);
  }

  /** @param {(state: State) => Iterable<Part>} change */
  change(change) {
    this.touch(change(this.state));
  }

  /** @param {Iterable<Part>} parts */
  touch(parts) {
    for (const part of parts) this.#touched.add(part);
    if (this.#touched.size && !this.#soon) {
      this.#soon = true;
      queueMicrotask(() => {
        this.#soon = false;
        this.#always();
      });
    }
    this.#ask();
  }

  /** Calls `act` after each change, also while nothing is drawn. @param {() => void} act */
  always(act) {
    this.#always = act;
  }

  #ask() {
    if (this.#asked || !this.#touched.size) return;
    this.#asked = true;
    this.#frame(() => this.draw());
  }

  /** Redraws what was touched. The page calls it by itself; a test may. */
  draw() {
    this.#asked = false;
    const now = this.#now();
    const slow = now - this.#slow >= SLOW;
    /** @type {Set<Part>} */
    const parts = new Set();
    for (const part of this.#touched) if (slow || !SLOWLY.has(part)) parts.add(part);
    for (const part of parts) this.#touched.delete(part);
    const views = [...this.#views].filter((view) => [...view.parts].some((part) => parts.has(part)));
    for (const view of views) view.draw(this.state);
    if (slow && [...parts].some((part) => SLOWLY.has(part))) this.#slow = this.#now();
    this.#ask();
  }
}
