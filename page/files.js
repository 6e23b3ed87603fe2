// @ts-check
// Files: uploads by PUT to a ticket's URL, two at once, and the URLs of pictures, sounds and downloads. It knows no messages.
// Besides text.js the only file that sets `href`, `src` and `download`.
import { el } from "./el.js";
import { fileEmpty, fileTooLarge, noFiles, uploadBroke } from "./words.js";

/** @typedef {import("./types.js").Upload} Upload @typedef {import("./types.js").State} State @typedef {import("./types.js").Answer} Answer
 * @typedef {import("./types.js").Ask} Ask @typedef {import("./types.js").FileInfo} FileInfo @typedef {import("./types.js").Place} Place */
/** @typedef {{file: File, body: Blob, name: string, url: string, upload: number, tag: string, xhr: XMLHttpRequest | null, offered: number}} Work */

const AT_ONCE = 2;
const CARDS = 20;
/** The longer side of a picture that is made smaller. */
const SIDE = 1_600;
/** A finished card is shown for so long. */
const SHOWN = 1_500;

export class Files {
  #state;
  #ask;
  #changed;
  #tag;
  #next = 0;
  /** @type {Map<number, Work>} */
  #work = new Map();
  /** @type {Map<number, Promise<string | null>>} */
  #urls = new Map();

  /** @param {State} state @param {(command: Ask) => Promise<Answer>} ask @param {() => void} changed @param {() => string} tag */
  constructor(state, ask, changed, tag) {
    this.#state = state;
    this.#ask = ask;
    this.#changed = changed;
    this.#tag = tag;
  }

  /** Puts files on cards. Returns why one is not. @param {Place} place @param {Iterable<File>} files */
  attach(place, files) {
    const most = this.#state.server.fileBytes;
    let why = null;
    for (const file of files) {
      if (!most || !this.#state.server.kept) why = noFiles;
      else if (!file.size) why = fileEmpty(file.name);
      else if (file.size > most && !isPicture(file)) why = fileTooLarge(file.name, most);
      else if (this.#state.uploads.size < CARDS) this.#card(place, file);
    }
    this.#changed();
    return why;
  }

  /** @param {Place} place @param {File} file */
  #card(place, file) {
    const id = ++this.#next;
    const picture = isPicture(file);
    const preview = picture ? URL.createObjectURL(file) : null;
    const facts = { id, place: place.key, name: file.name, size: file.size, picture, preview };
    this.#state.uploads.set(id, { ...facts, state: "ready", sent: 0, left: null, text: "", smaller: false, caption: "" });
    this.#work.set(id, { file, body: file, name: file.name, url: "", upload: 0, tag: "", xhr: null, offered: 0 });
  }

  /** Sends what is on the card. @param {number} id @param {{smaller: boolean, caption: string}} how */
  async send(id, { smaller, caption }) {
    const [card, work] = [this.#state.uploads.get(id), this.#work.get(id)];
    if (!card || !work || card.state !== "ready") return;
    Object.assign(card, { state: "queued", smaller, caption });
    this.#changed();
    const made = smaller ? await redrawn(work.file) : null;
    if (made) Object.assign(work, { body: made, name: work.file.name.replace(/\.[^.]*$/, "") + ".jpg" });
    Object.assign(card, { size: work.body.size, name: work.name });
    const most = this.#state.server.fileBytes;
    if (card.size > most) return this.#set(card, "refused", fileTooLarge(card.name, most));
    this.#start();
  }

  /** Starts what waits, two at once. */
  #start() {
    const cards = [...this.#state.uploads.values()];
    let busy = cards.filter((card) => ["offered", "sending", "saying"].includes(card.state)).length;
    for (const card of cards) {
      if (busy >= AT_ONCE || card.state !== "queued") continue;
      busy += 1;
      card.state = "offered";
      void this.#offer(card);
    }
    this.#changed();
  }

  /** @param {Upload} card */
  async #offer(card) {
    const [work, place] = [this.#work.get(card.id), this.#state.places.get(card.place)];
    if (!work) return;
    work.offered += 1;
    const answer = await this.#ask({ type: "offer", room: place?.name ?? card.place, name: work.name, size: work.body.size });
    if (card.state !== "offered") {
      // It was cancelled meanwhile.
      if (answer.type === "ok" && answer.for === "offer") void this.#ask({ type: "cancel", upload: answer.upload });
      return;
    }
    if (answer.type === "error") return this.#set(card, answer.code === "no-connection" ? "failed" : "refused", answer.text);
    if (answer.for !== "offer") return;
    Object.assign(work, { url: answer.url, upload: answer.upload, tag: this.#tag() });
    this.#put(card, work);
  }

  /** @param {Upload} card @param {Work} work */
  #put(card, work) {
    const xhr = new XMLHttpRequest();
    const began = Date.now();
    work.xhr = xhr;
    card.state = "sending";
    xhr.upload.onprogress = (progress) => {
      card.sent = progress.loaded;
      const passed = Date.now() - began;
      card.left = passed > 1_000 && card.sent ? (passed / card.sent) * (card.size - card.sent) : null;
      this.#changed();
    };
    xhr.onload = () => {
      if (xhr.status === 201 || xhr.status === 410) return void this.#say(card, work);
      try {
        const { text } = JSON.parse(xhr.responseText);
        this.#set(card, xhr.status === 404 || xhr.status === 408 ? "failed" : "refused", text ?? uploadBroke);
      } catch {
        // An answer without the server's sentence is none: Firefox may tell so of a connection that broke.
        this.#set(card, "failed", uploadBroke);
      }
    };
    xhr.onerror = () => this.#set(card, "failed", uploadBroke);
    xhr.open("PUT", work.url);
    // If not told so, Firefox reads the nothing of a broken connection as XML, and warns of it.
    xhr.responseType = "text";
    xhr.send(work.body);
    this.#changed();
  }

  /** @param {Upload} card @param {Work} work */
  async #say(card, work) {
    Object.assign(card, { state: "saying", sent: card.size, left: null });
    this.#changed();
    const answer = await this.#ask({ type: "finish", tag: work.tag, upload: work.upload, ...(card.caption ? { text: card.caption } : {}) });
    if (answer.type === "error") return this.#set(card, ["no-connection", "not-taken"].includes(answer.code) ? "failed" : "refused", answer.text);
    this.#set(card, "done", "");
    setTimeout(() => this.#drop(card), SHOWN);
  }

  /** @param {Upload} card @param {Upload["state"]} state @param {string} text */
  #set(card, state, text) {
    if (!this.#state.uploads.has(card.id)) return;
    Object.assign(card, { state, text, left: null });
    this.#start();
  }

  /** @param {Upload} card */
  #drop(card) {
    if (card.preview) URL.revokeObjectURL(card.preview);
    this.#state.uploads.delete(card.id);
    this.#work.delete(card.id);
    this.#start();
  }

  /** @param {number} id */
  cancel(id) {
    const [card, work] = [this.#state.uploads.get(id), this.#work.get(id)];
    if (!card || !work || card.state === "saying") return;
    work.xhr?.abort();
    if (card.state === "sending" || card.state === "failed") void this.#ask({ type: "cancel", upload: work.upload });
    card.state = "failed";
    this.#drop(card);
  }

  /** Tries again: what was sent whole is said first, so that it is not said twice. @param {number} id */
  retry(id) {
    const [card, work] = [this.#state.uploads.get(id), this.#work.get(id)];
    if (!card || !work || !["failed", "refused"].includes(card.state)) return;
    Object.assign(card, { state: "queued", sent: 0, text: "" });
    this.#start();
  }

  /** A new session: its URLs are others, and what broke is offered again by itself, once. */
  cameBack() {
    this.#urls.clear();
    for (const card of this.#state.uploads.values()) {
      const work = this.#work.get(card.id);
      if (!work) continue;
      if (card.state === "offered" || card.state === "sending") Object.assign(card, { state: "failed", text: uploadBroke });
      work.xhr?.abort();
      if (card.state !== "failed" || work.offered > 1) continue;
      if (card.sent === card.size) void this.#saidBefore(card, work);
      else this.retry(card.id);
    }
  }

  /** The answer to `finish` was lost: its tag tells whether it was said. @param {Upload} card @param {Work} work */
  async #saidBefore(card, work) {
    card.state = "saying";
    const answer = await this.#ask({ type: "finish", tag: work.tag, upload: work.upload, ...(card.caption ? { text: card.caption } : {}) });
    this.#set(card, answer.type === "ok" ? "done" : "failed", answer.type === "ok" ? "" : uploadBroke);
    if (answer.type === "ok") setTimeout(() => this.#drop(card), SHOWN);
    else if (answer.code !== "no-connection") this.retry(card.id);
  }

  /** The URL of a file in this session, or null. @param {number} file @param {boolean} [fresh] @returns {Promise<string | null>} */
  url(file, fresh = false) {
    let url = fresh ? undefined : this.#urls.get(file);
    if (!url) {
      url = this.#ask({ type: "get", file }).then((answer) => {
        if (answer.type === "ok" && answer.for === "get" && answer.url?.startsWith("/")) return answer.url;
        this.#urls.delete(file);
        return null;
      });
      this.#urls.set(file, url);
    }
    return url;
  }

  /** Puts it on an image, a player or a link. @param {HTMLElement} element @param {FileInfo} file @param {boolean} [fresh] */
  async put(element, file, fresh) {
    const url = await this.url(file.file, fresh);
    if (!url) return false;
    if (element instanceof HTMLAnchorElement) {
      element.href = url;
      element.download = file.name;
    } else if (element instanceof HTMLImageElement || element instanceof HTMLMediaElement) element.src = url;
    return true;
  }

  /** The picture on a card. @param {HTMLImageElement} image @param {number} id */
  preview(image, id) {
    const url = this.#state.uploads.get(id)?.preview;
    if (url) image.src = url;
  }
}

/** @param {File} file */
const isPicture = (file) => /^image\/(jpeg|png|gif|webp)$/.test(file.type);

/** The picture with at most so many points a side, and nothing else of the file: no place, no camera. @param {File} file @returns {Promise<Blob | null>} */
async function redrawn(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = el("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  } catch {
    return null;
  }
}

/** The code of an address of the server with a room in it. @param {HTMLImageElement} image @param {number} address @param {string} room @returns {Promise<boolean>} */
export function putQr(image, address, room) {
  const query = new URLSearchParams({ to: String(address), ...(room ? { room: room.replace(/^#/, "") } : {}) });
  return new Promise((done) => {
    image.onload = () => done(true);
    image.onerror = () => done(false);
    image.src = `/qr.svg?${query}`;
  });
}

/** The page's icon, with a dot or without. @param {HTMLLinkElement} icon @param {string} plain @param {boolean} dot */
export function setIcon(icon, plain, dot) {
  if (icon.href.startsWith("blob:")) URL.revokeObjectURL(icon.href);
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect x="2" y="4" width="18" height="16" rx="3" fill="#0a559f"/><circle cx="18" cy="6" r="6" fill="#e0402f"/></svg>`;
  icon.href = dot ? URL.createObjectURL(new Blob([picture], { type: "image/svg+xml" })) : plain;
}
