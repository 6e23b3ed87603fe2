// @ts-check
// Cards: a person, a line's actions, a room's settings, the invitation, one's account, the page's settings. It knows no wire and no drawing of messages.

import { button, byId, el, fill } from "./el.js";
import { fold } from "./text.js";
import { bans, close, field, form, menu, open } from "./panels.js";

import { L, full, span, until } from "./words.js";

/** @typedef {import("./types.js").Chat} Chat @typedef {import("./types.js").Place} Place @typedef {import("./types.js").LineRow} LineRow */

/** For how long one is muted or banned, in seconds; 0: for good. */
const TIMES = [600, 3600, 86_400, 604_800, 0];

/** What is set in a room, or is not. */
const CHECKS = /** @type {const} */ (["invite_only", "announcements", "topic_by_ops", "outsiders", "hidden"]);

/** @param {import("./types.js").Answer} answer @param {string} title */
function tell(answer, title) {
  if (answer.type === "error") open(title, [el("p", { class: "why", role: "alert", text: answer.text })]);
}

/** @param {string} label @param {string} autocomplete */
const secret = (label, autocomplete) => field(label, { type: "password", autocomplete, required: true });

/** @param {string} label @param {boolean} checked */
function check(label, checked) {
  const input = el("input", { type: "checkbox", checked });
  return { input, row: el("label", { class: "check" }, input, label) };
}

/** @param {string} label @param {[string, string][]} all @param {string} value */
function choice(label, all, value) {
  const input = el("select", {}, ...all.map(([is, text]) => el("option", { value: is, text, selected: is === value })));
  return { input, row: el("label", {}, label, input) };
}

/** @param {Chat} chat @param {{beamer: () => void, keys: () => void, files: () => void}} does */
export function cards(chat, does) {
  const { state, actions } = chat;
  const here = () => (state.place === null ? undefined : state.places.get(state.place));
  const isOp = (/** @type {Place | undefined} */ place) => place?.kind === "room" && place.role !== "";

  /** Without a place it is of the whole server. @param {"kick" | "mute" | "ban"} type @param {Place | null} place @param {string} nick */
  function moderate(type, place, nick) {
    const why = field(L.reason, { maxLength: 300 });
    const time = choice(L.forHowLong, TIMES.map((one) => [String(one), L.times(one)]), "600");
    open(L.moderate[type](nick, place?.name ?? L.theServer), [form([type === "kick" ? null : time.row, why.row], L.moderateDo[type], () => {
      const text = why.input.value.trim() || undefined;
      const seconds = (type !== "kick" && Number(time.input.value)) || undefined;
      return actions.ask({ type, room: place?.name, everywhere: place ? undefined : true, nick, seconds, text });
    }, close, "bad")]);
  }

  /** @param {Place} place @param {string} nick @returns {import("./panels.js").Choice[]} */
  function moderation(place, nick) {
    return /** @type {("mute" | "kick" | "ban")[]} */ (["mute", "kick", "ban"]).map((type) => [`${L.moderateDo[type]}…`, () => moderate(type, place, nick)]);
  }

  /** The actions of a line. @param {Place} place @param {LineRow} row @param {HTMLElement} at */
  function line(place, row, at) {
    const others = !row.own && !row.server;
    const may = row.deleted === null && (row.own || isOp(place));
    menu(at, [
      row.text !== "" && [L.copy, () => void actions.copy(row.text)],
      others && place.kind === "room" && [L.writePrivately(row.from), () => actions.write(row.from)],
      others && [L.about(row.from), () => void person(row.from)],
      may && others && [L.delete, () => {
        const why = field(L.reason, { maxLength: 300 });
        open(L.deleteSure, [form([why.row], L.deleteYes, () => actions.ask({ type: "delete", room: place.name, seq: row.seq, text: why.input.value.trim() || undefined }), close, "bad")]);
      }, "bad"],
      may && !others && [L.delete, () => menu(at, [L.deleteSure, [L.deleteYes, async () => tell(await actions.ask({ type: "delete", room: place.name, seq: row.seq }), L.delete), "bad"], [L.keep, () => at.focus()]]), "bad"],
      ...(others && isOp(place) ? moderation(place, row.from) : []),
      L.number(row.seq, full(row.time)),
    ]);
  }

  /** The card of a person: what is known stands there at once, and the server's facts when they come. @param {string} nick */
  async function person(nick) {
    const place = here();
    const member = place?.members.get(fold(nick));
    const me = fold(nick) === fold(state.me);
    const [facts, acts] = [el("div"), el("div", { class: "row" })];
    const show = (/** @type {boolean} */ everywhere) => {
      /** @type {[string, () => void, string?][]} */
      const all = me ? [] : [[L.writePrivately(nick), () => actions.write(nick), "main"]];
      if (place?.kind === "room" && (isOp(place) || everywhere) && member && !me) {
        const order = (/** @type {"op" | "deop" | "voice" | "devoice"} */ type) => async () => tell(await actions.ask({ type, room: place.name, nick }), nick);
        all.push(member.role ? [L.deop, order("deop")] : [L.op, order("op")], member.voice ? [L.devoice, order("devoice")] : [L.voice_, order("voice")], ...moderation(place, nick));
      }
      if (everywhere && !me) for (const type of /** @type {const} */ (["kick", "ban"])) all.push([L.everywhere[type], () => moderate(type, null, nick)]);
      if (acts.children.length !== all.length) fill(acts, ...all.map(([text, act, kind]) => button(text, () => { close(); act(); }, { class: kind ?? "" })));
    };
    show(false);
    open(nick, [facts, acts]);
    const answer = await actions.ask({ type: "whois", nick });
    if (answer.type === "error") return fill(facts, el("p", { class: "why", role: "alert", text: answer.text }));
    if (answer.for !== "whois") return;
    // Addresses are for ops of the server only.
    show(answer.address !== undefined);
    const rows = L.facts(answer, until(answer.since), span(answer.idle * 1000)).filter(([, text]) => text);
    fill(facts, el("table", {}, el("tbody", {}, ...rows.map(([head, text]) => el("tr", {}, el("th", { scope: "row", class: "dim", text: head }), el("td", { text }))))));
  }

  /** The card that brings others in. @param {Place | undefined} place */
  function invite(place) {
    const all = state.welcome?.addresses ?? [];
    const room = place?.kind === "room" ? place.name : "";
    const card = el("div", { class: "invite" });
    const draw = (/** @type {number} */ n) => {
      const host = all[n];
      const address = `${host}/${room}`;
      const image = el("img", { alt: L.qr(address), width: 192, height: 192 });
      image.addEventListener("error", () => image.remove());
      void actions.putQr(image, n, room.slice(1));
      const copied = button(L.copyAddress, async () => { copied.textContent = (await actions.copy(`${location.protocol}//${address}`)) ? L.copied_ : L.copyNot; });
      const pick = choice(L.address, all.map((one, at) => [String(at), one]), String(n));
      pick.input.addEventListener("change", () => draw(Number(pick.input.value)));
      fill(card, image, el("code", { text: address }), copied, all.length > 1 && pick.row,
        el("p", { class: "dim" }, L.otherWays, el("br"), el("code", { text: `chat-client --server ${host}` }), el("br"), el("code", { text: `nc ${host.replace(/:(\d+)$/, " $1")}` })));
    };
    if (all.length) draw(0);
    else {
      const line = `chat-server --listen 0.0.0.0:${location.port || 80}`;
      const copied = button(L.copyLine, async () => { copied.textContent = (await actions.copy(line)) ? L.copied_ : L.copyNot; });
      fill(card, el("p", { text: L.onlyHere }), el("code", { text: line }), copied);
    }
    return card;
  }

  function topic() {
    const place = here();
    if (place?.kind !== "room") return;
    const text = field(L.topic, { value: place.topic, maxLength: 390, spellcheck: true });
    open(`${L.topic} — ${place.name}`, [form([text.row], L.set, () => actions.ask({ type: "topic", room: place.name, topic: text.input.value }), close)]);
  }

  /** @param {Place} place */
  function room(place) {
    const { registered, ...now } = place.settings;
    const checks = CHECKS.map((name) => ({ name, ...check(L[name], now[name]) }));
    const [word, most] = [field(L.keyOf, { value: now.key }), field(L.limit, { type: "number", min: 0, max: 99_999, value: now.limit || "" })];
    const whom = field(L.inviteWhom, { required: true });
    const list = el("ul", { class: "bans" });
    const lasting = registered ? /** @type {const} */ ("drop-room") : /** @type {const} */ ("register-room");
    open(`${L.roomSettings} — ${place.name}`, [
      form([...checks.map(({ row }) => row), word.row, most.row], L.set, () => {
        // What is as it was is not sent: another op may have changed it meanwhile.
        const all = Object.entries({ ...Object.fromEntries(checks.map(({ name, input }) => [name, input.checked])), key: word.input.value, limit: Number(most.input.value) });
        const set = Object.fromEntries(all.filter(([name, value]) => value !== now[/** @type {keyof typeof now} */ (name)]));
        return actions.ask({ type: "settings", room: place.name, ...set });
      }, close),
      el("h3", { text: L.invite }), form([whom.row], L.invite, () => actions.ask({ type: "invite", room: place.name, nick: whom.input.value.trim() }), () => {
        const nick = whom.input.value.trim();
        whom.input.value = "";
        return L.isInvited(nick);
      }, ""),
      el("h3", { text: L.bans }), list, el("p", { class: "dim none", text: L.noBans }),
      el("h3", { text: L.lasting }), el("p", { class: "dim", text: registered ? L.isRegistered : L.isNotRegistered }),
      el("div", { class: "row" }, button(L[lasting], async () => {
        close();
        tell(await actions.ask({ type: lasting, room: place.name }), place.name);
      })),
    ]);
    void actions.ask({ type: "bans", room: place.name }).then((answer) => {
      if (answer.type === "ok" && answer.for === "bans") fill(list, ...bans(answer.bans, place.name, actions.ask));
    });
  }

  /** @param {Element} at */
  function place(at) {
    const now = here();
    if (!now) return;
    const is = now.kind === "room";
    menu(at, [
      is && [L.topicMenu, topic],
      is && [L.inviteMenu, inviteCard],
      [L.files, does.files],
      isOp(now) && [`${L.roomSettings}…`, () => room(now)],
      !is && [L.about(now.name.slice(1)), () => void person(now.name.slice(1))],
      is ? [L.leaveRoom, () => actions.leave(now.key)] : [L.endConversation, () => actions.close(now.key)],
    ]);
  }
  const inviteCard = () => open(L.inviteMenu, [invite(here())]);

  /** @param {Element} at */
  function me(at) {
    const away = state.people.get(fold(state.me))?.away ?? "";
    menu(at, [
      state.account ? [L.accountMenu, account] : state.server.kept && [L.keepName, account, "main"],
      away ? [L.back, () => void actions.ask({ type: "back" })] : [L.away, goAway],
      !state.account && [L.rename, rename],
      [L.aboutMe, () => void aboutMe()],
      [L.settings, settings],
      [L.inviteMenu, inviteCard],
      [L.beamer, does.beamer],
      !matchMedia("(pointer: coarse)").matches && [L.keysTitle, does.keys],
      [L.leave, () => actions.quit()],
      !state.server.kept && L.forgets,
    ]);
  }
  function goAway() {
    const text = field(L.awayText, { maxLength: 200, spellcheck: true });
    open(L.away, [form([text.row], L.away, () => actions.ask({ type: "away", text: text.input.value }), close)]);
  }
  async function aboutMe() {
    const now = await actions.ask({ type: "about" });
    if (now.type === "error") return tell(now, L.aboutMe);
    const text = field(L.aboutText, { value: now.for === "about" ? (now.text ?? "") : "", maxLength: 150, spellcheck: true });
    open(L.aboutMe, [form([text.row], L.set, () => actions.ask({ type: "about", text: text.input.value }), close)]);
  }
  function rename() {
    const nick = field(L.yourName, { value: state.me, required: true });
    open(L.rename, [form([nick.row], L.set, () => actions.ask({ type: "nick", nick: nick.input.value.trim() }), close)]);
  }

  function account() {
    const user = () => el("input", { hidden: true, autocomplete: "username", value: state.me });
    const [now, then, gone] = [secret(L.oldPassword, "current-password"), secret(L.newPassword, "new-password"), secret(L.password, "current-password")];
    if (!state.account) {
      const [nick, password] = [field(L.yourName, { value: state.me, autocomplete: "username", required: true }), secret(L.password, "current-password")];
      return open(L.keepName, [
        form([el("p", { text: L.keepWhy(state.me) }), user(), then.row], L.keepDo(state.me), () => actions.ask({ type: "register", password: then.input.value }), close),
        el("h3", { text: L.haveAccount }), form([nick.row, password.row], L.logIn, () => actions.ask({ type: "login", account: nick.input.value.trim(), password: password.input.value }), close, ""),
      ]);
    }
    const [said, stay] = [check(L.deleteSaid, false), check(L.stay, state.settings.stay)];
    stay.input.addEventListener("change", () => actions.set("stay", stay.input.checked));
    const [closed, list] = [el("div", { hidden: true }), el("ul", { class: "bans" })];
    closed.append(el("h3", { text: L.serverBans }), list, el("p", { class: "dim none", text: L.noBans }));
    open(L.accountOf(state.me), [
      stay.row, el("h3", { text: L.changePassword }), form([user(), now.row, then.row], L.set, () => actions.ask({ type: "password", old: now.input.value, new: then.input.value }), () => {
        now.input.value = then.input.value = "";
        return L.passwordSet;
      }),
      el("h3", { text: L.logOut }), el("p", { class: "dim", text: L.logOutWhat }), form([], L.logOut, () => actions.ask({ type: "logout" }), close, ""),
      el("h3", { text: L.deleteAccount }), form([user(), gone.row, said.row], L.deleteAccount, () => actions.ask({ type: "delete-account", password: gone.input.value, messages: said.input.checked }), close, "bad"), closed,
    ]);
    // Refused to all but ops of the server.
    void actions.ask({ type: "bans", everywhere: true }).then((answer) => {
      if (answer.type !== "ok" || answer.for !== "bans") return;
      closed.hidden = false;
      fill(list, ...bans(answer.bans, undefined, actions.ask));
    });
  }

  function settings() {
    const now = state.settings;
    const theme = choice(L.theme, [["system", L.themes.system], ["dark", L.themes.dark], ["light", L.themes.light]], now.theme);
    const letters = choice(L.letters, ["14", "16", "18", "20"].map((one) => [one, `${one} px`]), String(now.size));
    const speak = choice(L.speak, [["all", L.speaks.all], ["me", L.speaks.me], ["nothing", L.speaks.nothing]], now.speak);
    const tone = check(L.tone, now.tone);
    theme.input.addEventListener("change", () => actions.set("theme", /** @type {any} */ (theme.input.value)));
    letters.input.addEventListener("change", () => actions.set("size", Number(letters.input.value)));
    speak.input.addEventListener("change", () => actions.set("speak", /** @type {any} */ (speak.input.value)));
    tone.input.addEventListener("change", () => actions.set("tone", tone.input.checked));
    const told = button(now.notify ? L.notifyOff : L.notifyOn, async () => {
      if (now.notify) actions.set("notify", false);
      else if (await actions.allowNotices()) actions.set("notify", true);
      else return void (told.textContent = L.notifyNot);
      told.textContent = state.settings.notify ? L.notifyOff : L.notifyOn;
    });
    open(L.settings, [theme.row, letters.row, speak.row, tone.row, ...(isSecureContext && "Notification" in window ? [el("div", { class: "row" }, told)] : []),
      el("p", { class: "dim", text: state.server.server })]);
  }

  /** The card beside the beamer's list. */
  function poster() {
    const stop = button(L.beamerOff, does.beamer, { class: "plain" });
    fill(byId("poster"), invite(here()), el("div", { class: "invite" }, stop));
  }

  return { line, person, place, me, topic, invite, inviteCard, poster };
}
