// @ts-check
// What this tab remembers over a reload, what this browser remembers if asked to, and what its other tabs say. It knows no messages.

/** @typedef {{token: string, nick: string, account: boolean, places?: string[]}} Pass who one is for the server, and what another tab has open; the token is as good as a password */
/**
 * @typedef {object} Memory
 * @property {Pass | null} pass
 * @property {string} prefix of the tags
 * @property {number} tags how many were used
 * @property {string | null} place
 * @property {{name: string, made: number, read: number, seen: number, draft: string, scroll: unknown}[]} places
 * @property {unknown} unsent
 * @property {string} loaded the page that was loaded anew by itself, so that it is not done twice
 */

const TAB = "roomful.tab";
const UNSENT = "roomful.unsent";
const SETTINGS = "roomful.settings";
const STAY = "roomful.stay";
const CHANNEL = "roomful";
/** Another tab answers within this, or there is none. */
const ANSWER = 150;

/** @param {"sessionStorage" | "localStorage"} where @param {string} key @param {unknown} value */
function put(where, key, value) {
  try {
    if (value === null) window[where].removeItem(key);
    else window[where].setItem(key, JSON.stringify(value));
  } catch {
    // Storage is off or full: then a reload forgets.
  }
}
/** @param {"sessionStorage" | "localStorage"} where @param {string} key @returns {any} */
function got(where, key) {
  try {
    return JSON.parse(window[where].getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @returns {Memory} */
const nothing = () => ({ pass: null, prefix: "", tags: 0, place: null, places: [], unsent: [], loaded: "" });

/** @type {Memory} */
export let memory = nothing();

/** Reads what this tab knew before a reload, or what the browser keeps for "stay logged in". */
export function recall() {
  const stored = got("sessionStorage", TAB);
  memory = { ...nothing(), ...(typeof stored === "object" ? stored : {}), unsent: got("sessionStorage", UNSENT) };
  if (!Array.isArray(memory.places)) memory.places = [];
  memory.pass = pass(memory.pass) ?? pass(got("localStorage", STAY));
  return memory;
}
/** @param {any} stored @returns {Pass | null} */
const pass = (stored) => (typeof stored?.token === "string" && typeof stored.nick === "string" ? stored : null);

/** @param {Partial<Memory>} what */
export function remember(what) {
  Object.assign(memory, what);
  if ("unsent" in what) put("sessionStorage", UNSENT, what.unsent);
  if (Object.keys(what).some((key) => key !== "unsent")) put("sessionStorage", TAB, { ...memory, unsent: undefined });
}

/** @param {Pass | null} now @param {boolean} stay whether the browser keeps it when the tab is closed */
export function rememberPass(now, stay) {
  remember({ pass: now });
  put("localStorage", STAY, stay ? now : null);
}

/** Forgets the person: at the end, and when another one comes. */
export function forget() {
  const { loaded } = memory;
  memory = nothing();
  remember({ loaded, unsent: [] });
  put("localStorage", STAY, null);
}

/** A new tag: letters of this tab, and a number that never comes again. */
export function tag() {
  if (!memory.prefix) newPrefix();
  remember({ tags: memory.tags + 1 });
  return `${memory.prefix}-${memory.tags}`;
}
/** A new person has new letters. */
export function newPrefix() {
  const letters = crypto.getRandomValues(new Uint8Array(8));
  remember({ prefix: [...letters].map((byte) => String.fromCharCode(97 + (byte % 26))).join(""), tags: 0 });
}

/** @returns {Record<string, unknown>} */
export const storedSettings = () => got("localStorage", SETTINGS) ?? {};
/** @param {object} settings */
export const storeSettings = (settings) => put("localStorage", SETTINGS, settings);

/** The other tabs of this browser. */
export class Tabs {
  #id = Math.random();
  #channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
  #mine;
  /** Tabs that are seen now. @type {Set<number>} */
  #seen = new Set();
  /** @type {Map<number, (pass: Pass) => void>} */
  #asked = new Map();

  /** @param {() => Pass | null} mine who this tab is, if it is connected or comes back by itself */
  constructor(mine) {
    this.#mine = mine;
    if (this.#channel) this.#channel.onmessage = (message) => this.#hears(message.data);
  }

  /** Another tab that is this person; with null, that is anybody. @param {string | null} token @returns {Promise<Pass | null>} */
  find(token) {
    return new Promise((found) => {
      const id = Math.random();
      const done = (/** @type {Pass | null} */ one) => {
        this.#asked.delete(id);
        found(one);
      };
      if (!this.#channel) return done(null);
      this.#asked.set(id, done);
      this.#channel.postMessage({ who: id, token });
      setTimeout(() => done(null), ANSWER);
    });
  }

  /** This tab is seen, or not any more. @param {boolean} seen */
  seen(seen) {
    this.#channel?.postMessage({ tab: this.#id, seen });
  }

  /** Whether another tab is seen. */
  get watched() {
    return this.#seen.size > 0;
  }

  /** @param {any} said */
  #hears(said) {
    if (typeof said?.seen === "boolean") {
      if (said.seen) this.#seen.add(said.tab);
      else this.#seen.delete(said.tab);
    }
    const mine = said?.who ? this.#mine() : null;
    if (mine && (said.token === null || said.token === mine.token)) {
      this.#channel?.postMessage({ to: said.who, pass: { ...mine, places: memory.places.map(({ name }) => name) } });
    }
    const one = said?.to ? pass(said.pass) : null;
    if (one) this.#asked.get(said.to)?.(one);
  }
}
