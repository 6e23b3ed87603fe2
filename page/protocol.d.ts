// The protocol's objects (docs/protocol.md), for tsc, not served. A test holds every field here to that document.

export type Role = "owner" | "op";

export interface HelloCommand { type: "hello"; tag?: string; version: number; nick?: string; password?: string; resume?: string; rooms?: string[]; beside?: boolean; wants?: string[]; own?: boolean; about?: string; }
export interface NickCommand { type: "nick"; tag?: string; nick?: string; rooms?: string[]; }
export interface JoinCommand { type: "join"; tag?: string; room: string; after?: number; made?: number; run?: number; key?: string; }
export interface LeaveCommand { type: "leave"; tag?: string; room?: string; text?: string; }
export interface RoomsCommand { type: "rooms"; tag?: string; past?: string; only?: string[]; not?: string[]; over?: number; under?: number; made_since?: number; made_until?: number; topic_since?: number; topic_until?: number; }
export interface FactsCommand { type: "facts"; tag?: string; }
export interface MembersCommand { type: "members"; tag?: string; room?: string; past?: string; }
export interface WhoCommand { type: "who"; tag?: string; room?: string; mask?: string; nicks?: string[]; past?: string; }
export interface WhowasCommand { type: "whowas"; tag?: string; nick: string; limit?: number; }
export interface SayCommand { type: "say"; tag?: string; room?: string; text: string; }
export interface MeCommand { type: "me"; tag?: string; room?: string; text: string; }
export interface NoticeCommand { type: "notice"; tag?: string; room?: string; text: string; }
export interface RollCommand { type: "roll"; tag?: string; room?: string; dice?: string; }
export interface MsgCommand { type: "msg"; tag?: string; to: string; text: string; }
export interface ReplyCommand { type: "reply"; tag?: string; text: string; }
export interface TopicCommand { type: "topic"; tag?: string; room?: string; topic?: string; }
export interface WhoisCommand { type: "whois"; tag?: string; nick: string; }
export interface AwayCommand { type: "away"; tag?: string; text?: string; }
export interface BackCommand { type: "back"; tag?: string; }
export interface AboutCommand { type: "about"; tag?: string; text?: string; }
export interface HistoryCommand { type: "history"; tag?: string; room?: string; before?: number; after?: number; until?: number; since?: number; around?: number; around_time?: number; newest?: boolean; limit?: number; }
export interface SearchCommand { type: "search"; tag?: string; room?: string; text: string; until?: number; next?: string; limit?: number; }
export interface DeleteCommand { type: "delete"; tag?: string; room?: string; seq?: number; said?: number; text?: string; }
export interface CloseCommand { type: "close"; tag?: string; nick: string; }
export interface RegisterCommand { type: "register"; tag?: string; password: string; }
export interface LoginCommand { type: "login"; tag?: string; account?: string; password: string; }
export interface AuthenticateCommand { type: "authenticate"; tag?: string; account: string; password: string; }
export interface LogoutCommand { type: "logout"; tag?: string; }
export interface PasswordCommand { type: "password"; tag?: string; old: string; new: string; }
export interface DeleteAccountCommand { type: "delete-account"; tag?: string; password: string; messages?: boolean; }
export interface ChatsCommand { type: "chats"; tag?: string; past?: string; since?: number; until?: number; newest?: boolean; limit?: number; }
export interface ReadCommand { type: "read"; tag?: string; room?: string; seq?: number; }
export interface RegisterRoomCommand { type: "register-room"; tag?: string; room?: string; }
export interface DropRoomCommand { type: "drop-room"; tag?: string; room?: string; }
export interface SettingsCommand { type: "settings"; tag?: string; room?: string; invite_only?: boolean; key?: string; announcements?: boolean; topic_by_ops?: boolean; hidden?: boolean; outsiders?: boolean; limit?: number; }
export interface InviteCommand { type: "invite"; tag?: string; room?: string; nick: string; }
export interface KickCommand { type: "kick"; tag?: string; room?: string; nick: string; everywhere?: boolean; text?: string; }
export interface BanCommand { type: "ban"; tag?: string; room?: string; nick: string; everywhere?: boolean; seconds?: number; text?: string; }
export interface UnbanCommand { type: "unban"; tag?: string; room?: string; nick: string; everywhere?: boolean; }
export interface MuteCommand { type: "mute"; tag?: string; room?: string; nick: string; seconds?: number; text?: string; }
export interface UnmuteCommand { type: "unmute"; tag?: string; room?: string; nick: string; }
export interface OpCommand { type: "op"; tag?: string; room?: string; nick: string; }
export interface DeopCommand { type: "deop"; tag?: string; room?: string; nick: string; }
export interface VoiceCommand { type: "voice"; tag?: string; room?: string; nick: string; }
export interface DevoiceCommand { type: "devoice"; tag?: string; room?: string; nick: string; }
export interface BansCommand { type: "bans"; tag?: string; room?: string; everywhere?: boolean; skip?: number; }
export interface AnnounceCommand { type: "announce"; tag?: string; text: string; }
export interface OperCommand { type: "oper"; tag?: string; account: string; password: string; }
export interface DeoperCommand { type: "deoper"; tag?: string; }
export interface ClaimCommand { type: "claim"; tag?: string; code: string; }
export interface OfferCommand { type: "offer"; tag?: string; room?: string; name: string; size: number; }
export interface TypedCommand { type: "typed"; tag?: string; place?: string; line: string; }
export interface TypingCommand { type: "typing"; tag?: string; room?: string; }
export interface FinishCommand { type: "finish"; tag?: string; upload: number; sha256?: string; text?: string; }
export interface CancelCommand { type: "cancel"; tag?: string; upload: number; }
export interface FilesCommand { type: "files"; tag?: string; room?: string; before?: number; }
export interface GetCommand { type: "get"; tag?: string; file: number; }
export interface PingCommand { type: "ping"; tag?: string; token?: string; }
export interface PongCommand { type: "pong"; tag?: string; token?: string; }
export interface QuitCommand { type: "quit"; tag?: string; text?: string; }
export interface HelpCommand { type: "help"; tag?: string; word?: string; }
export interface OkBack { type: "ok"; tag?: string; for: "back"; }
export interface OkPassword { type: "ok"; tag?: string; for: "password"; }
export interface OkOper { type: "ok"; tag?: string; for: "oper"; }
export interface OkDeoper { type: "ok"; tag?: string; for: "deoper"; }
export interface OkClaim { type: "ok"; tag?: string; for: "claim"; }
export interface OkAnnounce { type: "ok"; tag?: string; for: "announce"; }
export interface OkQuit { type: "ok"; tag?: string; for: "quit"; }
export interface OkHello { type: "ok"; tag?: string; for: "hello"; nick?: string; resume?: string; registered?: boolean; }
export interface OkNick { type: "ok"; tag?: string; for: "nick"; nick: string; resume?: string; }
export interface OkJoin { type: "ok"; tag?: string; for: "join"; room: string; }
export interface OkLeave { type: "ok"; tag?: string; for: "leave"; room: string; }
export interface OkRooms { type: "ok"; tag?: string; for: "rooms"; rooms: RoomInfo[]; total: number; more?: boolean; next?: string; mask?: string; }
export interface OkFacts { type: "ok"; tag?: string; for: "facts"; people: number; most_people: number; guests: number; ops: number; sessions: number; most_sessions: number; rooms: number; accounts: number; since: number; }
export interface OkMembers { type: "ok"; tag?: string; for: "members"; room: string; members: MemberInfo[]; total: number; more?: boolean; }
export interface OkWho { type: "ok"; tag?: string; for: "who"; people: PersonInfo[]; more?: boolean; }
export interface OkWhowas { type: "ok"; tag?: string; for: "whowas"; nick: string; people: GoneInfo[]; }
export interface OkSay { type: "ok"; tag?: string; for: "say"; room: string; seq: number; time: number; again?: boolean; }
export interface OkMsg { type: "ok"; tag?: string; for: "msg"; to: string; seq: number; time: number; away?: string; again?: boolean; }
export interface OkTopic { type: "ok"; tag?: string; for: "topic"; room: string; topic?: string; topic_by?: string; topic_time?: number; }
export interface OkWhois { type: "ok"; tag?: string; for: "whois"; nick: string; user: string; host: string; about?: string; rooms: string[]; since: number; idle: number; fronts: string[]; registered?: boolean; op?: boolean; address?: string; away?: string; }
export interface OkAbout { type: "ok"; tag?: string; for: "about"; text?: string; }
export interface OkAway { type: "ok"; tag?: string; for: "away"; text: string; }
export interface OkHistory { type: "ok"; tag?: string; for: "history"; room: string; messages: MessageInfo[]; missed?: number; more?: boolean; after?: number; }
export interface OkSearch { type: "ok"; tag?: string; for: "search"; messages: MessageInfo[]; more?: boolean; next?: string; }
export interface OkDelete { type: "ok"; tag?: string; for: "delete"; room: string; seq: number; }
export interface OkChats { type: "ok"; tag?: string; for: "chats"; chats: ChatInfo[]; more?: boolean; }
export interface OkRead { type: "ok"; tag?: string; for: "read"; room: string; seq: number; }
export interface OkClose { type: "ok"; tag?: string; for: "close"; room: string; }
export interface OkRegister { type: "ok"; tag?: string; for: "register"; nick: string; }
export interface OkAuthenticate { type: "ok"; tag?: string; for: "authenticate"; nick: string; }
export interface OkLogin { type: "ok"; tag?: string; for: "login"; nick: string; resume?: string; }
export interface OkLogout { type: "ok"; tag?: string; for: "logout"; nick: string; }
export interface OkDeleteAccount { type: "ok"; tag?: string; for: "delete-account"; nick: string; }
export interface OkRegisterRoom { type: "ok"; tag?: string; for: "register-room"; room: string; }
export interface OkDropRoom { type: "ok"; tag?: string; for: "drop-room"; room: string; }
export interface OkSettings { type: "ok"; tag?: string; for: "settings"; room: string; invite_only?: boolean; key?: string; announcements?: boolean; topic_by_ops?: boolean; hidden?: boolean; outsiders?: boolean; limit?: number; registered?: boolean; }
export interface OkInvite { type: "ok"; tag?: string; for: "invite"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkKick { type: "ok"; tag?: string; for: "kick"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkBan { type: "ok"; tag?: string; for: "ban"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkUnban { type: "ok"; tag?: string; for: "unban"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkMute { type: "ok"; tag?: string; for: "mute"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkUnmute { type: "ok"; tag?: string; for: "unmute"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkOp { type: "ok"; tag?: string; for: "op"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkDeop { type: "ok"; tag?: string; for: "deop"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkVoice { type: "ok"; tag?: string; for: "voice"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkDevoice { type: "ok"; tag?: string; for: "devoice"; room?: string; nick: string; mask?: string; until?: number; people?: number; more?: boolean; }
export interface OkBans { type: "ok"; tag?: string; for: "bans"; room?: string; bans: BanInfo[]; skip?: number; more?: boolean; }
export interface OkOffer { type: "ok"; tag?: string; for: "offer"; upload: number; url: string; }
export interface OkTyping { type: "ok"; tag?: string; for: "typing"; }
export interface OkFinish { type: "ok"; tag?: string; for: "finish"; room: string; seq: number; time: number; file: number; again?: boolean; }
export interface OkCancel { type: "ok"; tag?: string; for: "cancel"; upload: number; }
export interface OkFiles { type: "ok"; tag?: string; for: "files"; room: string; files: FileRow[]; more?: boolean; }
export interface OkGet { type: "ok"; tag?: string; for: "get"; file: number; name: string; mime: string; size: number; sha256: string; width?: number; height?: number; url: string; }
export interface OkHelp { type: "ok"; tag?: string; for: "help"; commands: HelpInfo[]; }
export interface OkPing { type: "ok"; tag?: string; for: "ping"; token: string; }
export interface RoomInfo { room: string; members: number; topic?: string; topic_time?: number; made: number; }
export interface MemberInfo { nick: string; role?: Role; voice?: boolean; away?: string; }
export interface PersonInfo { nick: string; user: string; host: string; registered?: boolean; about?: string; away?: string; op?: boolean; room?: string; role?: Role; voice?: boolean; idle: number; since: number; }
export interface GoneInfo { nick: string; user: string; host: string; about?: string; registered?: boolean; time: number; }
export interface MessageInfo { room: string; seq: number; from: string; text: string; time: number; me?: boolean; notice?: boolean; file?: FileInfo; deleted?: boolean; }
export interface FileInfo { file: number; name: string; mime: string; size: number; sha256: string; width?: number; height?: number; }
export interface FileRow { file: number; name: string; mime: string; size: number; sha256: string; width?: number; height?: number; seq: number; from: string; time: number; }
export interface ChatInfo { room: string; seq: number; read: number; unread: number; time?: number; }
export interface BanInfo { restriction: "ban" | "mute"; nick: string; mask?: string; until?: number; by: string; text?: string; time: number; }
export interface HelpInfo { usage: string; text: string; }
export interface HelloEvent { type: "hello"; version: number; server: string; offer: string; lobby: string; text: number; line_bytes: number; ping_after: number; page?: string; rate: number; rate_burst: number; file_bytes: number; kept: boolean; motd?: string; }
export interface ErrorEvent { type: "error"; tag?: string; code: string; value: string; text: string; offer?: string; }
export interface MessageEvent { type: "message"; room: string; seq: number; from: string; text: string; time: number; me?: boolean; notice?: boolean; file?: FileInfo; deleted?: boolean; }
export interface PrivateEvent { type: "private"; from: string; to: string; seq: number; text: string; time: number; me?: boolean; notice?: boolean; file?: FileInfo; }
export interface JoinedEvent { type: "joined"; room: string; made: number; run: number; seq: number; total: number; topic?: string; topic_by?: string; topic_time?: number; }
export interface MembersEvent { type: "members"; room: string; members: MemberInfo[]; more?: boolean; }
export interface HistoryEvent { type: "history"; room: string; messages: MessageInfo[]; missed?: number; more?: boolean; after?: number; }
export interface LeftEvent { type: "left"; room: string; text?: string; }
export interface JoinEvent { type: "join"; room: string; nick: string; time: number; away?: string; }
export interface LeaveEvent { type: "leave"; room: string; nick: string; text?: string; time: number; }
export interface QuitEvent { type: "quit"; nick: string; reason: string; text?: string; time: number; }
export interface NickEvent { type: "nick"; old: string; new: string; time: number; }
export interface TopicEvent { type: "topic"; room: string; topic?: string; by: string; time: number; }
export interface AboutEvent { type: "about"; nick: string; text?: string; }
export interface AwayEvent { type: "away"; nick: string; text?: string; }
export interface DeletedEvent { type: "deleted"; room: string; seq: number; said: number; by: string; text?: string; time: number; }
export interface KickEvent { type: "kick"; room: string; nick: string; by: string; text?: string; time: number; }
export interface RestrictionEvent { type: "restriction"; room: string; restriction: "ban" | "mute"; lifted?: boolean; nick: string; mask?: string; by: string; until?: number; text?: string; time: number; }
export interface RoleEvent { type: "role"; room: string; nick: string; role?: Role; by: string; time: number; }
export interface VoiceEvent { type: "voice"; room: string; nick: string; voice: boolean; by: string; time: number; }
export interface SettingsEvent { type: "settings"; room: string; invite_only?: boolean; key?: string; announcements?: boolean; topic_by_ops?: boolean; hidden?: boolean; outsiders?: boolean; limit?: number; registered?: boolean; changed?: string[]; by: string; time: number; }
export interface InviteEvent { type: "invite"; room: string; nick?: string; by: string; time: number; }
export interface ChatsEvent { type: "chats"; chats: ChatInfo[]; more?: boolean; }
export interface ReadEvent { type: "read"; room: string; seq: number; }
export interface NoticeEvent { type: "notice"; text: string; }
export interface WaitingEvent { type: "waiting"; ms: number; }
export interface PingEvent { type: "ping"; token: string; }
export interface TypingEvent { type: "typing"; room: string; nick: string; }
export interface ClosingEvent { type: "closing"; reason: string; text: string; }

export type Command =
  | HelloCommand
  | NickCommand
  | JoinCommand
  | LeaveCommand
  | RoomsCommand
  | FactsCommand
  | MembersCommand
  | WhoCommand
  | WhowasCommand
  | SayCommand
  | MeCommand
  | NoticeCommand
  | RollCommand
  | MsgCommand
  | ReplyCommand
  | TopicCommand
  | WhoisCommand
  | AwayCommand
  | BackCommand
  | AboutCommand
  | HistoryCommand
  | SearchCommand
  | DeleteCommand
  | CloseCommand
  | RegisterCommand
  | LoginCommand
  | AuthenticateCommand
  | LogoutCommand
  | PasswordCommand
  | DeleteAccountCommand
  | ChatsCommand
  | ReadCommand
  | RegisterRoomCommand
  | DropRoomCommand
  | SettingsCommand
  | InviteCommand
  | KickCommand
  | BanCommand
  | UnbanCommand
  | MuteCommand
  | UnmuteCommand
  | OpCommand
  | DeopCommand
  | VoiceCommand
  | DevoiceCommand
  | BansCommand
  | AnnounceCommand
  | OperCommand
  | DeoperCommand
  | ClaimCommand
  | OfferCommand
  | TypedCommand
  | TypingCommand
  | FinishCommand
  | CancelCommand
  | FilesCommand
  | GetCommand
  | PingCommand
  | PongCommand
  | QuitCommand
  | HelpCommand;

export type Ok =
  | OkBack
  | OkPassword
  | OkOper
  | OkDeoper
  | OkClaim
  | OkAnnounce
  | OkQuit
  | OkHello
  | OkNick
  | OkJoin
  | OkLeave
  | OkRooms
  | OkFacts
  | OkMembers
  | OkWho
  | OkWhowas
  | OkSay
  | OkMsg
  | OkTopic
  | OkWhois
  | OkAbout
  | OkAway
  | OkHistory
  | OkSearch
  | OkDelete
  | OkChats
  | OkRead
  | OkClose
  | OkRegister
  | OkAuthenticate
  | OkLogin
  | OkLogout
  | OkDeleteAccount
  | OkRegisterRoom
  | OkDropRoom
  | OkSettings
  | OkInvite
  | OkKick
  | OkBan
  | OkUnban
  | OkMute
  | OkUnmute
  | OkOp
  | OkDeop
  | OkVoice
  | OkDevoice
  | OkBans
  | OkOffer
  | OkTyping
  | OkFinish
  | OkCancel
  | OkFiles
  | OkGet
  | OkHelp
  | OkPing;

export type Event =
  | Ok
  | HelloEvent
  | ErrorEvent
  | MessageEvent
  | PrivateEvent
  | JoinedEvent
  | MembersEvent
  | HistoryEvent
  | LeftEvent
  | JoinEvent
  | LeaveEvent
  | QuitEvent
  | NickEvent
  | TopicEvent
  | AboutEvent
  | AwayEvent
  | DeletedEvent
  | KickEvent
  | RestrictionEvent
  | RoleEvent
  | VoiceEvent
  | SettingsEvent
  | InviteEvent
  | ChatsEvent
  | ReadEvent
  | NoticeEvent
  | WaitingEvent
  | PingEvent
  | TypingEvent
  | ClosingEvent;

/** A command as it is asked; the tag is given by session.js. */
export type Ask = Command;
export type Answer = Ok | ErrorEvent;

/** What GET /welcome.json answers. */
export interface Welcome {
  server: string;
  version: number;
  page: string;
  offer: string;
  lobby: string;
  text: number;
  file_bytes: number;
  kept: boolean;
  addresses: string[];
  rooms: RoomInfo[];
}
