// @ts-check
// Makes elements, and finds those of the shell. The only file that calls createElement and setAttribute. It knows no chat.

/** @typedef {Node | string | null | undefined | false} Child */
/**
 * `class`, `text`, `on` and `data` as they say; `aria-*`, `role` and the like become attributes, the rest properties.
 * @typedef {{class?: string, text?: string, on?: Record<string, (event: any) => void>, data?: Record<string, string | number>} & Record<string, any>} Parts
 */

const SVG = "http://www.w3.org/2000/svg";
const ATTRIBUTE = /^(aria-[a-z]+|role|for|list|popover|inputmode|enterkeyhint|autocapitalize|capture|accept)$/;
// What could load or run something is set elsewhere, in the files that check it.
const NEVER = /^(on|href$|src|download$|action$|formaction$|style$|innerhtml$|outerhtml$)/i;

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Parts} [parts]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(name, parts = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(parts)) {
    if (value === undefined || value === null) continue;
    if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key === "on") for (const [what, act] of Object.entries(value)) node.addEventListener(what, /** @type {any} */ (act));
    else if (key === "data") for (const [field, is] of Object.entries(value)) node.dataset[field] = String(is);
    else if (NEVER.test(key)) throw new Error(key);
    else if (ATTRIBUTE.test(key)) node.setAttribute(key, String(value));
    else /** @type {any} */ (node)[key] = value;
  }
  for (const child of children) if (child || child === "") node.append(child);
  return node;
}

/** Sets an `aria-` attribute, or takes it away. @param {Element} node @param {string} name @param {string | number | boolean | null} value */
export function aria(node, name, value) {
  if (value === null) node.removeAttribute(`aria-${name}`);
  else node.setAttribute(`aria-${name}`, String(value));
}

/** One of the symbols of index.html. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button; with an icon alone it still has its name. @param {string} name @param {() => void} act @param {Parts & {icon?: string}} [parts] */
export function button(name, act, parts = {}) {
  const { icon: symbol, ...rest } = parts;
  const node = el("button", { type: "button", ...rest, on: { click: act } });
  if (symbol) {
    node.setAttribute("aria-label", name);
    node.title = name;
    node.append(icon(symbol));
  } else node.append(name);
  return node;
}

/** An element of index.html. @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/** What stands inside `node` from now on. @param {Element} node @param {...Child} children */
export function fill(node, ...children) {
  node.replaceChildren(...children.filter((child) => child || child === "").map((child) => /** @type {Node | string} */ (child)));
}

/**
 * Makes the children of `parent` those of `items`, and touches only what differs: a row is made anew if its `look` changed.
 * @template T
 * @param {Element} parent @param {T[]} items @param {(item: T) => string} key @param {(item: T) => string} look @param {(item: T) => HTMLElement} make
 */
export function patch(parent, items, key, look, make) {
  const old = new Map([...parent.children].map((row) => [/** @type {HTMLElement} */ (row).dataset.key, /** @type {HTMLElement} */ (row)]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const [id, looks] = [key(item), look(item)];
    let row = old.get(id);
    old.delete(id);
    if (row && row.dataset.look !== looks) {
      const fresh = make(item);
      const focused = row.contains(document.activeElement);
      if (row === at) at = fresh;
      row.replaceWith(fresh);
      if (focused) (fresh.matches("button") ? fresh : /** @type {HTMLElement | null} */ (fresh.querySelector("button")))?.focus();
      row = fresh;
    }
    row ??= make(item);
    row.dataset.key = id;
    row.dataset.look = looks;
    if (row === at) at = row.nextElementSibling;
    else parent.insertBefore(row, at);
  }
  for (const row of old.values()) row.remove();
}
