// @ts-check
// The page's own sentences, and how it writes times, sizes and lists. It knows no DOM; refusals are the server's sentences.

/** @typedef {import("./types.js").FoldPerson} FoldPerson @typedef {import("./types.js").Link} Link */

const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

/** `12:03`, in the reader's zone. @param {number} time */
export const clock = (time) => hour.format(time);
/** Day and second, for a title. @param {number} time */
export const full = (time) => whole.format(time);
/** `12 November`, with its year. @param {number} time */
export const date = (time) => dated.format(time);
/** A line as it is copied and printed. @param {import("./types.js").LineRow} row */
export const copied = (row) => `${clock(row.time)} ${row.me ? `* ${row.from}` : row.notice ? `-${row.from}-` : `${row.from}:`} ${row.text || row.file?.name || ""}`.trimEnd();
/** A number that is the same for all times of one day. @param {number} time */
export const dayNumber = (time) => new Date(time).setHours(0, 0, 0, 0);
/** `Thursday 19 November`; with its year if that is another one. @param {number} time @param {number} [now] */
export function day(time, now = Date.now()) {
  const same = new Date(time).getFullYear() === new Date(now).getFullYear();
  return (same ? weekday : dated).format(time).replace(",", "");
}
/** `14:06`, or with its day if that is not today. @param {number} time @param {number} [now] */
export const until = (time, now = Date.now()) =>
  dayNumber(time) === dayNumber(now) ? clock(time) : `${day(time, now)}, ${clock(time)}`;

/** @param {number} count @param {string} one @param {string} [many] */
export const count = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** `1.2 MB`. @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return count(bytes, "byte");
  const units = ["kB", "MB", "GB"];
  let [at, value] = [0, bytes / 1000];
  while (value >= 999.5 && at < 2) [at, value] = [at + 1, value / 1000];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

/** `4 s`, `2 min`. @param {number} ms */
export const span = (ms) => (ms < 90_000 ? `${Math.max(1, Math.ceil(ms / 1000))} s` : `${Math.round(ms / 60_000)} min`);

/** `anna, boris and 3 others`. @param {string[]} names */
export function list(names) {
  if (names.length < 2) return names.join();
  if (names.length <= 8) return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
  return `${names.slice(0, 8).join(", ")} and ${names.length - 8} others`;
}

/** Joins and leaves as one sentence, as the terminal client writes it. @param {readonly FoldPerson[]} people */
export function fold(people) {
  const who = (/** @type {FoldPerson["did"]} */ did, why = "") => people.filter((p) => p.did === did && p.why === why).map((p) => p.nick);
  const whys = [...new Set(people.filter((p) => p.did === "went").map((p) => p.why))];
  /** @type {[string[], string][]} */
  const parts = [
    [who("came"), "joined"],
    ...whys.map((why) => /** @type {[string[], string]} */ ([who("went", why), `left (${why})`])),
    [who("came-and-went"), "came and went"],
    [who("went-and-came"), "went and came back"],
  ];
  return parts.filter(([names]) => names.length).map(([names, did]) => `${list(names)} ${did}`).join("; ");
}

/** Why a person left, after the name. @type {ReadonlyMap<string, string>} */
const REASONS = new Map([
  ["quit", "quit"],
  ["lost", "connection lost"],
  ["closed", "closed the page"],
  ["timeout", "no sign of life"],
  ["login-timeout", "took no name in time"],
  ["login-lines", "sent too much before taking a name"],
  ["slow-consumer", "read too slowly"],
  ["kicked", "kicked"],
  ["replaced", "came back on a new connection"],
  ["logged-out", "logged out"],
  ["server-stopped", "server stopped"],
  ["full", "no room on the server"],
  ["failed", "a fault in the server"],
]);
/** @param {string} reason @param {string} [text] */
export const why = (reason, text) => (REASONS.get(reason) ?? reason) + (text ? `: ${text}` : "");
/** Why a person left a room. @param {string} [text] */
export const farewell = (text) => text || "the room";

export const because = (/** @type {string | undefined} */ text) => (text ? `: ${text}` : "");
const for_ = (/** @type {number | undefined} */ time) => (time ? ` until ${until(time)}` : "");

/** @param {string} by @param {string} [topic] */
export const topic = (by, topic) => (topic ? `${by} set the topic: ${topic}` : `${by} took the topic away`);
/** @param {{nick: string, by: string, text?: string}} e @param {boolean} me */
export const kick = (e, me) => (me ? `${e.by} put you out${because(e.text)}` : `${e.by} put ${e.nick} out${because(e.text)}`);
/** @param {{nick: string, mask?: string, by: string, text?: string, until?: number, restriction: string, lifted?: boolean}} e @param {boolean} me */
export function restriction(e, me) {
  const nick = me ? "you" : (e.mask ?? e.nick);
  const [on, off] = e.restriction === "mute" ? ["muted", "let"] : ["banned", "unbanned"];
  if (e.lifted) return e.restriction === "mute" ? `${e.by} ${off} ${nick} speak again` : `${e.by} ${off} ${nick}`;
  return `${e.by} ${on} ${nick}${for_(e.until)}${because(e.text)}`;
}
/** @param {{nick: string, by: string, role?: string}} e @param {boolean} me */
export const role = (e, me) =>
  `${e.by} made ${me ? "you" : e.nick} ${e.role ? (e.role === "owner" ? "the owner" : "an op") : "an ordinary member"}`;
/** @param {{nick: string, by: string, voice: boolean}} e @param {boolean} me */
export const voice = (e, me) => `${e.by} ${e.voice ? "gave a voice to" : "took the voice from"} ${me ? "you" : e.nick}`;
/** @param {{by: string} & Partial<import("./types.js").RoomSettings>} e */
export function settings(e) {
  const set = [
    ...[e.invite_only && "for invited people only", e.key && "with a key", e.limit && `${count(e.limit, "member")} at most`, e.announcements && "only ops and voices speak"],
    ...[e.topic_by_ops && "only ops set the topic", e.outsiders && "people outside may write", e.hidden && "hidden", e.registered && "registered"],
  ];
  return `${e.by} changed the room: ${list(/** @type {string[]} */ (set.filter(Boolean))) || "open to all"}`;
}
/** @param {string} old @param {string} now @param {boolean} me */
export const renamed = (old, now, me) => (me ? `you are ${now} now` : `${old} is ${now} now`);
/** How many a ban put out. @param {number} n @param {boolean} [more] */
export const putOut = (n, more) => `The ban put ${count(n, "person", "people")} out${more ? ", and fits more: give it again" : ""}.`;
export const nowCalled = (/** @type {string} */ nick) => `You are a guest now, and called ${nick}.`;
export const mayAgain = (/** @type {string} */ place) => `You may speak in ${place} again.`;
export const muted = (/** @type {number | undefined} */ time) => `You may not speak here${for_(time)}.`;
export const onlyOps = "Only ops speak here, and members with a voice. You can read.";
export const bannedHere = (/** @type {number | undefined} */ time) => `You are banned from this room${for_(time)}.`;

export const noConnection = "No connection. Nothing was done; try again when it is back.";
export const lostOnTheWay = "The connection broke before an answer came. It may have been done already.";
export const tooMany = (/** @type {number} */ most) => `${most} lines wait already. Wait until some are sent.`;
export const tooLong = (/** @type {number} */ have, /** @type {number} */ most) => `Too long: ${have} characters, and ${most} are allowed.`;
export const nothingToSend = "There is nothing to send in that.";
export const renamedOnReturn = (/** @type {string} */ old, /** @type {string} */ now) => `${old} was taken meanwhile; you are ${now} now.`;
export const newPerson = "The server does not know this page any more: you came in anew.";
export const inAnotherTab = (/** @type {string} */ nick) => `You are ${nick} in another tab.`;
export const fileTooLarge = (/** @type {string} */ name, /** @type {number} */ most) => `${name} is too large: files may have up to ${size(most)}.`;
export const noFiles = "This server takes no files.";
export const fileEmpty = (/** @type {string} */ name) => `${name} is empty.`;
export const uploadBroke = "The connection broke while it was sent.";
export const invited = (/** @type {string} */ by, /** @type {string} */ room) => `${by} invites you to ${room}`;
export const privateFrom = (/** @type {string} */ nick) => `Private line from ${nick}`;
export const notSent = (/** @type {string} */ sentence) => `Not sent: ${sentence}`;
export const missedLines = (/** @type {number} */ missed) => (missed ? `Back. ${missed} missed.` : "Back.");
export const allNow = "Too much came at once; you have it all now.";
export const connecting = "Connecting";
export const arrived = (/** @type {string} */ place, /** @type {number} */ here) => `${place}, ${here} here`;

/** Why there is no connection, in a sentence. @type {ReadonlyMap<string, string>} */
const DOWN = new Map([
  ["server-stopped", "The server has stopped. Your lines are kept. Looking for it again."],
  ["slow-consumer", "Too much came at once. Your lines are kept."],
  ["replaced", "This chat goes on in another tab."],
  ["kicked", "You were put out of the server."],
  ["failed", "The server failed. Your lines are kept."],
  ["no-fit", "This page does not fit the server."],
  ["version", "This page does not fit the server."],
  ["logged-out", "You were logged out."],
  ["login-timeout", "No name was taken in time."],
]);

/** @param {string} why */
export const down = (why) => DOWN.get(why) ?? "No connection. Your lines are kept.";
export const unreachable = "The server does not answer. Is it there, and in this network? Guest Wi-Fi often keeps devices apart.";

/**
 * The bar over the list, or null. Its countdown changes with `now`.
 * @param {Link} link @param {number} now
 * @returns {{kind: "warn" | "good" | "bad", text: string, acts: ("tryNow" | "comeAgain" | "useHere" | "loadAgain")[]} | null}
 */
export function bar(link, now) {
  if (link.is === "up") {
    if (link.missed !== null) return { kind: "good", text: link.text || missedLines(link.missed), acts: [] };
    return link.newer ? { kind: "warn", text: "A new version is here.", acts: ["loadAgain"] } : null;
  }
  if (link.is === "none" || now - link.since < 300) return null;
  const own = DOWN.get(link.why);
  const told = ["kicked", "full", "logged-out"].includes(link.why) && link.text;
  if (link.is === "over") {
    const act = link.why === "no-fit" || link.why === "version" ? "loadAgain" : link.why === "replaced" ? "useHere" : "comeAgain";
    return { kind: link.why === "replaced" ? "warn" : "bad", text: told || own || "No connection.", acts: [act] };
  }
  if (link.why === "server-stopped" && now - link.since < 5000) return { kind: "warn", text: own ?? "", acts: ["tryNow"] };
  const begin = told || own?.replace(" Looking for it again.", "") || "No connection.";
  const left = link.retryAt === null ? 0 : link.retryAt - now;
  const then = link.is === "opening" || left <= 0 ? "Trying…" : `Trying again in ${span(left)}.`;
  return { kind: "warn", text: `${begin} ${then}`, acts: link.is === "opening" ? [] : ["tryNow"] };
}

// --- labels of the views ---

/** What a person comes in by. @type {ReadonlyMap<string, string>} */
const FRONTS = new Map([["websocket", "the page"], ["line", "nc or telnet"], ["json", "a program"]]);

/** What stands on buttons, over fields, and in empty places. @type {import("./labels.js").Labels} */
export const L = {
  // The gate.
  comeIn: "Come in", connecting: "Connecting…", haveAccount: "I have an account", noAccount: "I have no account",
  yours: "Your name is yours while you are here.", forgets: "This server forgets everything when it stops.",
  mayFail: "No answer yet. Some Wi-Fi networks keep devices apart: then use another network, or a hotspot.",
  take: (nick) => `Take ${nick}`, itIsMine: "It is mine", goOn: "Go on here", anotherName: "Another name",
  otherTab: inAnotherTab, waitFor: (s) => `Wait ${s} s`,

  // The list.
  deleted: (by) => (by ? `deleted by ${by}` : "deleted"),
  fence: "new", gap: (n) => `${count(n, "line")} not shown`, load: "Load",
  begins: (place, date) => (place[0] === "@" ? `Your conversation with ${place.slice(1)} begins here` : `${place} begins here${date && `, ${date}`}`),
  empty: (place) => `Nobody has written in ${place} yet.`, emptyPrivate: (place) => `Nothing yet between you and ${place.slice(1)}. Only the two of you read this.`,
  notice: "notice", below: (n) => `${n} new`, toEnd: "newest", lineActions: "Actions for this line",
  onItsWay: "not stored yet", waits: (s, rate) => `in ${s} s, ${count(rate, "line")} a second`, retries: "It is sent again by itself.",
  again: "Again", edit: "Edit", discard: "Delete", seen: "Close",
  picture: (name) => `Picture ${name}`, tooManyPixels: (w, h) => `${w} × ${h} points: too large to be shown here`, showPicture: "Show the picture", save: "Save", fileNot: "This file cannot be had any more.",
  typing: (names) => (names.length > 3 ? "Several people are typing…" : `${list(names)} ${names.length > 1 ? "are" : "is"} typing…`),
  newLines: (n, place) => `${n} new lines in ${place}`,

  // The box.
  write: (place) => `Message ${place}`, boxFull: "Send or delete what is in the box first; then the line can come back into it.",
  linesOf: (n, most) => `${n} of ${most} lines`,
  tooLong: (n, most, letters) => (n > most ? `That is ${n} lines, and a message has ${most} at most.` : `A message has ${letters} characters at most.`),
  asFile: (n) => `Send as text.txt (${count(n, "line")})`,
  caption: "Words with it", smaller: "smaller, without place and camera data", sendFile: "Send", cancel: "Do not send", queued: "waits for the others", saving: "is being stored",

  // The sides.
  rooms: "Rooms", private: "Private", roomful: "Roomful", joinRoom: "Join a room", writeTo: "Write to somebody", join: "Join", no: "No",
  nowhere: "No room", nowhereWhat: "You are in no room now.", forYou: " for you", unread: (n) => ` ${n} unread`,
  account: "account", guest: "guest", here: (n) => `${n} here`, hereTitle: "Here", peopleHere: (n) => `${n} here: show the people`,
  voice: "voice", topicBy: (by, when) => (by ? ` (set by ${by}, ${when})` : ""), andMore: (n) => `and ${count(n, "other")}: find one…`, awayNow: (text) => (text === "away" ? "away" : `away: ${text}`),

  // Bars.
  acts: { tryNow: "Try now", comeAgain: "Come in again", useHere: "Use it here", loadAgain: "Load it" }, close: "Close", key: "Key of the room", joinAgain: "Join again",

  // Panels.
  search: "Search", searchFor: "Words to look for", onlyIn: (place) => `only in ${place}`, more: "More", noHits: "Nothing found.",
  searchRule: "All the words must be in the line. \"two words\" looks for them as they stand, wor* for all that begins so.",
  files: "Files", noFiles: (size) => `No files yet. Drop one here, up to ${size}.`, goThere: "Show", go: "Go to", goWhere: "A room or a person",
  joinNamed: (room) => `Join ${room}`, writeNamed: (nick) => `Write to ${nick}`, nothing: "There is nothing of that kind.", keysTitle: "Keys",
  banRow: (one, until) => `${one.restriction === "mute" ? "mute" : "ban"} of ${one.mask ?? one.nick} by ${one.by}${until ? ` until ${until}` : ", for good"}${because(one.text)}`,

  // A line and its author.
  copy: "Copy the text", writePrivately: (nick) => `Write to ${nick}`, about: (nick) => `About ${nick}`,
  delete: "Delete for all", deleteSure: "Delete it for everybody here?", deleteYes: "Delete", keep: "Keep",
  number: (seq, time) => `Number ${seq}, ${time}`,
  moderate: {
    kick: (nick, room) => `Put ${nick} out of ${room}`, mute: (nick, room) => `Mute ${nick} in ${room}`,
    ban: (nick, room) => `Ban ${nick} from ${room}`,
  },
  theServer: "the server", everywhere: { kick: "Kick from the server…", ban: "Ban from the server…" }, moderateDo: { kick: "Kick", mute: "Mute", ban: "Ban" }, reason: "Why (the others see it)", forHowLong: "For how long",
  times: (s) => (s === 0 ? "for good" : s < 3600 ? `${s / 60} minutes` : s < 86_400 ? count(s / 3600, "hour") : count(s / 86_400, "day")),
  op: "Make an op", deop: "No op any more", voice_: "Give a voice", devoice: "Take the voice",
  facts: (p, since, idle) =>
    ([["Who", `${p.registered ? L.account : L.guest}${p.op ? ", op of the server" : ""}`], ["About", p.about ?? ""], ["Away", p.away ?? ""], ["Rooms", p.rooms.join(" ")], ["Here since", since], ["Last sign", `${idle} ago`], ["Comes by", p.fronts.map((one) => FRONTS.get(one) ?? one).join(", ")], ["Host", `${p.user}@${p.host}`], ["Address", p.address ?? ""]]),
  gone: (p, when) => `${p.nick}, ${p.user}@${p.host}, left ${when}${because(p.about)}`,

  // A room.
  topic: "Topic", topicMenu: "Topic…", set: "Set", roomSettings: "Settings of the room", invite_only: "Only invited people come in", announcements: "Only ops speak, and members with a voice",
  topic_by_ops: "Only ops set the topic", hidden: "No list shows the room to others", outsiders: "People outside may write here", limit: "Members at most (empty: any number)",
  keyOf: "Key (empty: none)", invite: "Invite", inviteWhom: "Whom (a name)", isInvited: (nick) => `${nick} is invited.`, bans: "Bans and mutes", serverBans: "Bans from the server", noBans: "None.", lift: "Lift", lasting: "Lasting",
  isRegistered: "This room is registered: it stays when it is empty.", isNotRegistered: "This room ends some time after the last has left. With an account you can register it.",
  "register-room": "Register the room", "drop-room": "Give the room up", leaveRoom: "Leave the room", endConversation: "End the conversation",
  inviteMenu: "Invite others", qr: (address) => `QR code of ${address}`, copyAddress: "Copy the address", copyLine: "Copy the line", copied_: "Copied", copyNot: "Copy it by hand, please",
  address: "Address", otherWays: "From a terminal:", onlyHere: "This server listens on this machine only. So that others can come in, start it with:",

  // Oneself.
  accountMenu: "Account…", keepName: "Keep this name…", away: "Away", awayText: "Words for the others", aboutMe: "About me…", aboutText: "Words about you (others see them)", back: "I am back", rename: "Another name…", yourName: "Your name",
  settings: "Settings of the page", beamer: "Beamer mode", beamerOff: "End beamer mode", leave: "Leave the chat",
  keepWhy: (nick) => `With a password the name ${nick} becomes yours: you have it everywhere, with your rooms and conversations.`, keepDo: (nick) => `Keep ${nick}`,
  logIn: "Log in", password: "Password", oldPassword: "Password now", newPassword: "New password (8 characters or more)", accountOf: (nick) => `Account ${nick}`,
  stay: "Stay logged in on this device", changePassword: "Change the password", passwordSet: "The password is changed.", logOut: "Log out", logOutWhat: "You go on as a guest, in the lobby.", deleteAccount: "Delete the account",
  deleteSaid: "Delete all it has said and sent, too",
  theme: "Colours", themes: { system: "as the system", dark: "dark", light: "light" }, letters: "Size of letters",
  speak: "Read new lines aloud (screen reader)", speaks: { all: "all", me: "those for me", nothing: "none" }, tone: "A tone for lines for me",
  offerNotices: "You were named while you were away. Shall the browser show such lines?", notifyOn: "Show notifications", notifyOff: "No notifications", notifyNot: "The browser does not allow it",
  keys: {
    send: "in the box: send", lineBreak: "in the box: line break", earlier: "in the empty box: own earlier lines", hints: "in the box: people, rooms, commands; Tab takes one",
    escape: "close what is open; else go to the newest line", placeUp: "the place above", placeDown: "the place below", unreadUp: "the unread place above", unreadDown: "the unread place below",
    go: "go to a room or a person", search: "search", help: "this list", partNext: "next part of the page", partBack: "part before", walk: "in the messages: walk through the lines",
    lineMenu: "on a line: what one can do with it", letters: "in the messages: go to the box and write", beamer: "beamer mode on and off",
  },
};
