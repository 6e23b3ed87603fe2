// @ts-check
// Both sides and the head: rooms, conversations, invitations, one's own name; the member list; name and topic of the place. It knows no messages.

import { aria, byId, button, el, fill, icon, patch } from "./el.js";
import { L, invited, until } from "./words.js";
import { compare, fold } from "./text.js";
import { order } from "./place.js";
import { face } from "./rows.js";

/** @typedef {import("./types.js").Place} Place */

/**
 * @param {import("./types.js").Chat} chat
 * @param {{join: () => void, joinNamed: (room: string) => void, write: () => void, me: (at: HTMLElement) => void, chosen: () => void}} does
 */
export function side(chat, does) {
  const { store, state, actions } = chat;
  const [lists, me, count] = ["side-lists", "me", "to-side-count"].map(byId);
  const [rooms, people, asked] = [el("ul"), el("ul"), el("ul")];
  fill(lists, el("h2", { text: L.rooms }), rooms, button(L.joinRoom, does.join, { class: "item off" }), el("h2", { text: L.private }), people, button(L.writeTo, does.write, { class: "item off" }), asked);
  me.addEventListener("click", () => does.me(me));

  /** @param {Place} place */
  function row(place) {
    const current = place.key === state.place;
    const shut = place.kind === "room" && (place.settings.invite_only || place.settings.key);
    const act = button("", () => {
      actions.show(place.key);
      does.chosen();
    }, { class: `item${place.unread && !current ? " new" : ""}${place.joined ? "" : " off"}`, "aria-current": current ? "page" : undefined });
    act.append(
      ...(place.kind === "person" ? [face(place.name.slice(1))] : []),
      el("span", { class: "name" }, el("bdi", { text: place.kind === "person" ? place.name.slice(1) : place.name })),
    );
    if (shut) act.append(icon("lock"));
    if (!current && place.forMe) act.append(el("span", { class: "badge", text: String(Math.min(place.forMe, 999)) }), el("span", { class: "quiet", text: L.forYou }));
    else if (!current && place.unread) act.append(el("span", { class: "some" }), el("span", { class: "quiet", text: L.unread(place.unread) }));
    return el("li", {}, act);
  }

  /** @param {Place} place */
  const look = (place) => [place.key === state.place, place.name, place.unread, place.forMe, place.joined, place.settings.invite_only, place.settings.key].join();

  store.watch("side", () => {
    const all = order(state);
    patch(rooms, all.filter(({ kind }) => kind === "room"), ({ key }) => key, look, row);
    patch(people, all.filter(({ kind }) => kind === "person"), ({ key }) => key, look, row);
    patch(asked, [...state.invites], ([key]) => key, ([, { by, room }]) => by + room, ([key, { by, room }]) => el("li", { class: "card" },
      el("span", { text: invited(by, room) }),
      button(L.join, () => {
        does.chosen();
        does.joinNamed(room);
      }, { class: "main" }), button(L.no, () => actions.refuseInvite(key))));
    const forMe = all.reduce((sum, place) => sum + (place.key === state.place ? 0 : place.forMe), state.invites.size);
    count.hidden = forMe === 0;
    count.textContent = String(forMe);
    const away = state.people.get(fold(state.me))?.away;
    fill(me, face(state.me || "?"), el("span", { class: "name" }, el("bdi", { text: state.me }), el("small", { text: away ? L.awayNow(away) : state.account ? L.account : L.guest })));
  });
}

/** Members shown at most: more would make the page slow. The others are found by their names. */
const MOST = 200;

/**
 * @param {import("./types.js").Chat} chat
 * @param {{person: (nick: string) => void, topic: () => void, invite: () => void, find: () => void}} does
 */
export function people(chat, does) {
  const { store, state } = chat;
  const [aside, place, topic, here, open] = ["people", "place", "topic", "here", "to-people"].map(byId);
  const [title, list, rest] = [el("h2"), el("ul"), button("", does.find, { class: "item off" })];
  fill(aside, title, list, rest, button(L.inviteMenu, does.invite, { class: "item off" }));
  topic.addEventListener("click", does.topic);

  const now = () => (state.place === null ? undefined : state.places.get(state.place));
  const rank = { owner: 0, op: 1, "": 2 };

  store.watch("people", () => {
    const at = now();
    const room = at?.kind === "room";
    const all = !at ? [] : room
      ? [...at.members.values()].sort((a, b) => rank[a.role] - rank[b.role] || +b.voice - +a.voice || compare(a.nick, b.nick))
      : [at.name.slice(1), state.me].map((nick) => /** @type {import("./types.js").Member} */ ({ nick, role: "", voice: false }));
    title.hidden = !at;
    title.textContent = room ? `${L.hereTitle} — ${at.total}` : at ? L.private : "";
    rest.hidden = all.length <= MOST;
    rest.textContent = L.andMore(all.length - MOST);
    const away = (/** @type {string} */ nick) => state.people.get(fold(nick))?.away ?? "";
    patch(list, all.slice(0, MOST), ({ nick }) => fold(nick), ({ nick, role, voice }) => [nick, role, voice, away(nick)].join("\n"), ({ nick, role, voice }) => {
      const act = button("", () => does.person(nick), { class: `item${away(nick) ? " off" : ""}` });
      act.append(face(nick), el("span", { class: "name" }, el("bdi", { text: nick }), away(nick) && el("small", { text: L.awayNow(away(nick)) })));
      if (role || voice) act.append(icon(role ? "star" : "voice"), el("span", { class: "quiet", text: role || L.voice }));
      return el("li", {}, act);
    });
  });

  store.watch("head", () => {
    const at = now();
    const room = at?.kind === "room";
    place.textContent = at?.name ?? L.nowhere;
    topic.hidden = !at?.topic;
    topic.textContent = at?.topic ?? "";
    topic.title = at ? at.topic + L.topicBy(at.topicBy, until(at.topicTime)) : "";
    here.textContent = room ? L.here(at.total) : "";
    aria(open, "label", room ? L.peopleHere(at.total) : L.private);
    open.hidden = !room;
    byId("to-room").hidden = !at;
  });
}
