// The shapes that the page's modules share: its state, its actions, and the protocol's objects. For tsc and for readers, not served.

import type { Answer, Ask, FileInfo, Welcome } from "./protocol.js";
export * from "./protocol.js";

/** The folded name of a place: `#lobby`, `@boris`. Names are shown by `Place.name`. */
export type Key = string;

/** What views may ask to be told of. `list`, `unsent`, `people`, `head`, `box` and `typing` are of the place shown. */
export type Part =
  | "gate" // state.gate, state.welcome, state.phase
  | "phase" // state.phase alone: gate, in, ended
  | "bar" // state.link, state.notices
  | "side" // places, their order and unread numbers, invitations, state.me, state.account
  | "head" // name, topic, role, total, settings of the place shown
  | "people" // members of the place shown
  | "list" // rows of the place shown, its fence and pill, and state.unsent
  | "box" // place.curb, place.out, place.draft when another place is shown, server limits
  | "typing" // place.typing
  | "uploads" // state.uploads
  | "panel" // state.panel
  | "settings"; // state.settings

export interface Store {
  readonly state: State;
  /** Calls `draw` with the state: once soon, then after each change of one of these parts; once a frame at most, `list` and `people` ten times a second at most. Returns the way to stop it. */
  watch(parts: Part | Part[], draw: (state: State) => void): () => void;
  /** Changes the state by `change`, which returns the parts it touched. */
  change(change: (state: State) => Iterable<Part>): void;
}

/** Everything the page knows. Views read it and change nothing in it; Maps, never objects, have names as keys. */
export interface State {
  phase: "gate" | "in" | "ended";
  /** One's name as the server writes it; "" before there is one. */
  me: string;
  account: boolean;
  /** The place shown. */
  place: Key | null;
  places: Map<Key, Place>;
  invites: Map<Key, Invite>;
  /** People of whom something is known beyond one room. */
  people: Map<Key, Person>;
  /** Own lines without an answer, in the order in which they were typed. */
  unsent: Unsent[];
  link: Link;
  /** Banner rows: announcements and the like, the newest last, three at most. */
  notices: Notice[];
  uploads: Map<number, Upload>;
  /** The answer to what was typed with a slash, until it is closed. */
  panel: Panel | null;
  settings: Settings;
  /** A mention was missed in a hidden tab, and the browser has not been asked: the bar may offer notifications once. */
  offerNotices: boolean;
  server: Server;
  gate: Gate;
  welcome: Welcome | null;
  /** This page's tab is the one seen: visible and focused. */
  seen: boolean;
}

/** A room one is in or was in, or a conversation with one person. */
export interface Place {
  key: Key;
  name: string;
  kind: "room" | "person";
  /** Whether one is a member now. Conversations: always true. */
  joined: boolean;
  /** Why one is not, if the page was told: the card over the list. */
  out: Out | null;
  topic: string;
  /** Who set it, and when; "" and 0 if that is not known. */
  topicBy: string;
  topicTime: number;
  role: "" | "op" | "owner";
  /** May speak where only ops do, and while muted. */
  voice: boolean;
  settings: RoomSettings;
  members: Map<Key, Member>;
  /** How many members there are; `members` may come in pieces. */
  total: number;
  /** What the list shows, oldest first. A row that changes is a new object with the same key. */
  rows: readonly Row[];
  /** Numbers of the first and the last line in `rows`; 0 if there is none. */
  from: number;
  to: number;
  /** Whether `rows` go up to the newest line. */
  atEnd: boolean;
  /** Whether `rows` begin with the first line there is. */
  whole: boolean;
  /** What is being fetched. */
  loading: "" | "first" | "older" | "newer" | "newest";
  /** The number for the pill: lines that came since the reader left the end. */
  below: number;
  /** Whether the reader is at the end; the list tells that by `actions.following`. */
  following: boolean;
  last: number;
  read: number;
  unread: number;
  /** Unread lines that name this person; every unread line of a conversation. */
  forMe: number;
  /** The line "new" stands before the first row with a number above this; null: no such line. */
  fence: number | null;
  /** Why one may not speak here now. */
  curb: Curb | null;
  draft: string;
  /** Names, and until when each is shown as typing (by Date.now()). */
  typing: Map<string, number>;
  /** Left by the list for itself: which row is under the eye. */
  scroll: unknown;
  // For catching up; see docs/protocol.md.
  seen: number;
  made: number;
  run: number;
  asked: boolean;
  begun: boolean;
  /** The last number at the first join; 0 when it was taken. */
  base: number;
  /** Whether the first lines have come. */
  loaded: boolean;
  /** The next piece of the member list is its first. */
  fresh: boolean;
  /** Numbers of private lines that came by themselves while older ones are asked for. */
  during: Set<number>;
}

export type Row = LineRow | FoldRow | EventRow | GapRow;

export interface LineRow {
  kind: "line";
  key: string;
  seq: number;
  from: string;
  text: string;
  time: number;
  me: boolean;
  /** Nothing answers it by itself, and it does not ring. */
  notice: boolean;
  /** Said by this person, in whatever session. */
  own: boolean;
  /** Names this person. */
  forMe: boolean;
  /** The server says it: a roll of dice. */
  server: boolean;
  file: FileInfo | null;
  /** null: not deleted; "": deleted, not known by whom; else by whom, and why. */
  deleted: string | null;
  /** Whether it came live, and not as history. */
  live: boolean;
}

/** Joins and leaves as one row; `words.fold(row.people)` is its sentence. */
export interface FoldRow {
  kind: "fold";
  key: string;
  time: number;
  people: readonly FoldPerson[];
}
export interface FoldPerson {
  nick: string;
  did: "came" | "went" | "came-and-went" | "went-and-came";
  /** Why they went, in words. */
  why: string;
}

/** A topic, a role, a kick and so on, as one sentence of the page. */
export interface EventRow {
  kind: "event";
  key: string;
  time: number;
  text: string;
  live: boolean;
}

/** Lines that are not shown: [load] is `actions.gap(place, row)`. */
export interface GapRow {
  kind: "gap";
  key: string;
  time: number;
  after: number;
  count: number;
}

export interface Member {
  nick: string;
  role: "" | "op" | "owner";
  voice: boolean;
}
export interface Person {
  nick: string;
  /** "" when here. */
  away: string;
}
export interface Invite {
  room: string;
  by: string;
  time: number;
}
export interface RoomSettings {
  invite_only: boolean;
  key: string;
  announcements: boolean;
  topic_by_ops: boolean;
  hidden: boolean;
  outsiders: boolean;
  /** 0: none. */
  limit: number;
  registered: boolean;
}

export interface Out {
  why: "kicked" | "banned" | "left" | "refused";
  /** The sentence: the page's, or the server's refusal. */
  text: string;
  /** The `code` of the refusal: `key-needed`, `invite-only`, `banned` ...; "" if there was none. */
  code: string;
  /** Whether [Join again] makes sense now, or from when on (by Date.now()). */
  again: boolean;
  until: number | null;
}

export interface Curb {
  code: "muted" | "announcements-only";
  text: string;
  until: number | null;
}

export interface Unsent {
  tag: string;
  place: Key;
  /** The place's name, as it is sent. */
  name: string;
  /** `say` for rooms, `msg` for conversations, `typed` for a line with a slash. */
  kind: "say" | "msg" | "typed";
  text: string;
  time: number;
  /**
   * waiting: not sent in this connection yet · sent: no answer yet · heard: it stands in the list, the answer is
   * missing (not shown) · refused: [again] [edit] [delete] · retry: the server could not take it, sent again by itself ·
   * unkept: everybody has it, not stored yet: no [again].
   */
  state: "waiting" | "sent" | "heard" | "refused" | "retry" | "unkept";
  /** The server's sentence for the last three. */
  sentence: string;
  code: string;
  /** It was heard, but the connection ended before the answer: it is sent again. */
  lost: boolean;
}

/** The connection. The bar is made of it: `words.bar(link, now)`. */
export interface Link {
  is: "none" | "opening" | "up" | "down" | "over";
  /** Since when (Date.now()); a bar appears after 300 ms. */
  since: number;
  /** The close reason (docs/protocol.md), or `lost`, `no-answer`, `no-fit`, `other-tab`. "" while all is well. */
  why: string;
  /** The server's sentence, if there was one. */
  text: string;
  /** When the next try begins (Date.now()); null: by hand only. */
  retryAt: number | null;
  /** How many lines were missed; a number for 2 s after coming back, else null. */
  missed: number | null;
  /** What own lines wait for (Date.now()): the bucket or the server's `waiting`; 0: nothing. */
  waitUntil: number;
  /** The server serves a newer page. */
  newer: boolean;
}

export interface Notice {
  id: number;
  text: string;
  time: number;
}

export interface Upload {
  id: number;
  place: Key;
  name: string;
  size: number;
  /** ready: shown before sending, with `choices` · queued · offered · sending · saying · done · refused · failed */
  state: "ready" | "queued" | "offered" | "sending" | "saying" | "done" | "refused" | "failed";
  sent: number;
  /** Milliseconds left, or null. */
  left: number | null;
  /** The sentence of a refusal. */
  text: string;
  /** Whether "smaller, without place and camera data" may be offered. */
  picture: boolean;
  smaller: boolean;
  caption: string;
  /** A `blob:` URL for a preview, or null. */
  preview: string | null;
}

/** What came of a typed command; views choose how to show each `ok.for`. */
export interface Panel {
  line: string;
  place: Key;
  answer: Answer;
}

export interface Settings {
  theme: "system" | "light" | "dark";
  /** Root font size in px, 14 to 20. */
  size: number;
  /** What the live region reads. */
  speak: "all" | "me" | "nothing";
  tone: boolean;
  notify: boolean;
  /** Notifications were offered, and answered: they are not offered again. */
  offered: boolean;
  beamer: boolean;
  stay: boolean;
}

/** What the server's `hello` told; defaults until then. */
export interface Server {
  server: string;
  lobby: string;
  text: number;
  lineBytes: number;
  rate: number;
  burst: number;
  fileBytes: number;
  kept: boolean;
  page: string;
  /** The message of the day, if there is one. */
  motd?: string;
}

export interface Gate {
  /** The name to offer: welcome.json's, or the last refusal's. */
  offer: string;
  room: string;
  busy: boolean;
  since: number;
  /** The refusal in words, and which field it is about. */
  error: { code: string; text: string; field: "nick" | "password" | "room" | ""; offer: string; until: number | null } | null;
  /** Said at the top of the gate: why one is here again. */
  text: string;
  /** Another tab of this browser has this guest: [Go on here] is `connect({resume: true})`, [Another name] is the usual form. */
  otherTab: string;
}

/** What the gate's form holds. */
export interface Entry {
  nick: string;
  room: string;
  password?: string;
  stay?: boolean;
  /** Goes on as the session that this browser's tab had. */
  resume?: boolean;
}

export interface Actions {
  // The gate.
  /** Comes in. What comes of it is in state.gate and state.phase. */
  connect(entry: Entry): void;
  /** Stops a try. */
  stop(): void;

  // Lines. The box is emptied when `send` returns null; else it returns the sentence that says why not.
  send(place: Key, text: string): string | null;
  again(tag: string): void;
  /** Takes the line out of the unsent ones and returns its text. */
  edit(tag: string): string;
  discard(tag: string): void;
  draft(place: Key, text: string): void;
  /** At each key; how often the others are told is decided here. */
  typing(place: Key): void;

  // Places.
  show(place: Key): void;
  /** The next or earlier place in the side list; with `unread` only those with something unread. */
  step(by: 1 | -1, unread: boolean): void;
  join(room: string, key?: string): Promise<Answer>;
  leave(place: Key): void;
  /** Opens the conversation with a person and shows it. */
  write(nick: string): void;
  /** Ends a conversation or takes away the card of a room one is out of. */
  close(place: Key): void;
  refuseInvite(room: Key): void;

  // The list.
  older(place: Key): void;
  newer(place: Key): void;
  /** Goes to the newest line and takes the pill away. */
  newest(place: Key): void;
  gap(place: Key, row: GapRow): void;
  /** Shows a line wherever it is, as the hit of a search. True if it is there now. */
  goTo(place: Key, seq: number): Promise<boolean>;
  /** Whether the end of the list is in view. */
  following(place: Key, at: boolean): void;

  // Questions. The promise is always fulfilled: with `ok` or with `error`; without a connection with the code `no-connection`.
  ask(command: Ask): Promise<Answer>;
  closePanel(): void;
  closeNotice(id: number): void;

  // Files.
  /** Puts files on cards, not sent yet. Returns the sentence if one cannot be. */
  attach(place: Key, files: Iterable<File>): string | null;
  /** Sends what is on the card. */
  upload(id: number, how: { smaller: boolean; caption: string }): void;
  cancelUpload(id: number): void;
  retryUpload(id: number): void;
  /** The URL of a file for this session; null if it may not be had. `fresh` asks anew. */
  url(file: number, fresh?: boolean): Promise<string | null>;
  /** Puts a file's URL on an image, a player or a link that saves it. False if it may not be had. */
  /** Puts the code of an address and a room on an image; false if there is none. */
  putQr(image: HTMLImageElement, address: number, room: string): Promise<boolean>;
  /** Puts a picture that is not sent yet on its card. */
  putPreview(image: HTMLImageElement, upload: number): void;
  putFile(element: HTMLElement, file: FileInfo, fresh?: boolean): Promise<boolean>;

  // This page.
  set<K extends keyof Settings>(name: K, value: Settings[K]): void;
  /** Asks the browser for notifications; call it from a click only. */
  allowNotices(): Promise<boolean>;
  /** Puts a text on the clipboard; false: select it by hand. */
  copy(text: string): Promise<boolean>;
  tryNow(): void;
  /** [Use it here], [Come in again]. */
  comeAgain(): void;
  loadAgain(): void;
  /** Says farewell and goes to the gate. */
  quit(text?: string): void;
}

/** What `begin()` of actions.js gives to main.js. */
export interface Chat {
  store: Store;
  state: State;
  actions: Actions;
  /** Calls `hear` for what say.js and notice.js may want to tell. */
  on(hear: (happening: Happening) => void): void;
}

/** `line`: a line came live; `shown`: in the place shown, in a tab that is seen. */
export type Happening =
  | { type: "line"; place: Place; row: LineRow; shown: boolean }
  | { type: "status"; text: string }
  | { type: "alert"; text: string };
