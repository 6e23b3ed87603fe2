// @ts-check
// How the page calls a person who looks elsewhere: title, a dot on the icon, a tone, notifications. It knows nothing of the chat's views.
import { setIcon } from "./files.js";
import { forMe } from "./marks.js";
import * as words from "./words.js";

/** @typedef {import("./types.js").State} State @typedef {import("./types.js").Happening} Happening */

export class Notifier {
  #state;
  #tabs;
  #show;
  #icon = /** @type {HTMLLinkElement | null} */ (document.getElementById("icon"));
  #plain = this.#icon?.href ?? "";
  #dot = false;
  /** @type {AudioContext | null} */
  #audio = null;

  /** @param {State} state @param {import("./tabs.js").Tabs} tabs @param {(key: string) => void} show */
  constructor(state, tabs, show) {
    this.#state = state;
    this.#tabs = tabs;
    this.#show = show;
  }

  /** Title and icon, as they should be now. */
  draw() {
    const state = this.#state;
    const count = state.phase === "in" ? forMe(state) : 0;
    const place = state.phase === "in" && state.place !== null ? state.places.get(state.place)?.name : "";
    // A class sees no name of a conversation.
    const name = state.settings.beamer && place?.startsWith("@") ? "" : place;
    const title = `${count ? `(${count}) ` : ""}${name || "Roomful"}`;
    if (document.title !== title) document.title = title;
    if (this.#icon && this.#dot !== count > 0) setIcon(this.#icon, this.#plain, (this.#dot = count > 0));
  }

  /** @param {Happening} happening */
  hears(happening) {
    if (happening.type !== "line" || happening.row.own || happening.row.notice) return;
    const { place, row } = happening;
    const { settings, seen } = this.#state;
    if (seen || this.#tabs.watched || settings.beamer || !(row.forMe || place.kind === "person")) return;
    if (settings.tone) this.#tone();
    if (this.possible && Notification.permission === "default" && !settings.notify) this.#state.offerNotices = true;
    if (settings.notify && this.possible && Notification.permission === "granted") this.#notify(place, row);
  }

  /** Whether this browser has notifications here: not without a secure context. */
  get possible() {
    return isSecureContext && "Notification" in window;
  }

  /** @param {import("./types.js").Place} place @param {import("./types.js").LineRow} row */
  #notify(place, row) {
    const [title, body] = place.kind === "person" ? [words.privateFrom(row.from), ""] : [`${row.from} in ${place.name}`, row.text];
    try {
      const shown = new Notification(title, { body, tag: place.key });
      shown.onclick = () => {
        window.focus();
        this.#show(place.key);
        shown.close();
      };
    } catch {
      // Some phones have the name and not the thing.
    }
  }

  /** Asks the browser; from a click only. */
  async allow() {
    this.#state.offerNotices = false;
    return this.possible && (await Notification.requestPermission()) === "granted";
  }

  #tone() {
    try {
      const audio = (this.#audio ??= new AudioContext());
      const [tone, volume] = [audio.createOscillator(), audio.createGain()];
      volume.gain.setValueAtTime(0.08, audio.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.25);
      tone.frequency.value = 660;
      tone.connect(volume).connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.25);
    } catch {
      // No sound here.
    }
  }
}
