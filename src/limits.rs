//! Every limit, queue and wait of the server: its name, unit, range, default and what happens when it is reached. Does not know what is limited.
//!
//! One table makes the struct, the command-line flags (`--line-bytes`), the
//! environment variables (`CHAT_SERVER_LINE_BYTES`), the keys of the TOML file
//! (`line-bytes`, under `[limits]`) and the check of ranges, so none of them
//! can be forgotten when a limit is added.
//!
//! ```
//! use roomful::limits::Limits;
//!
//! let mut limits = Limits::default();
//! limits.set("line-bytes", "8192").unwrap();
//! assert_eq!(limits.line_bytes, 8192);
//! limits.set("rate", "off").unwrap(); // if 0 is allowed, it means off
//! let sentence = limits.set("line-bytes", "3").unwrap_err().to_string();
//! assert_eq!(sentence, "line-bytes must be 512 to 1048576 bytes, not \"3\"");
//! ```

mod in_force;
mod row;

use std::time::Duration;

pub use in_force::InForce;
pub use row::{Limit, LimitError, Live, Unit};

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $field:ident $name:literal : $kind:ident $unit:ident = $default:literal, $least:literal ..= $most:literal, $live:ident;)+) => {
        /// The numbers in force. Made by [`Limits::default`], changed by [`Limits::set`].
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $field: limits!(@type $kind),)+
        }

        /// Every limit there is, in the order in which the handbook lists them.
        pub const TABLE: &[Limit] = &[$(Limit {
            name: $name,
            unit: Unit::$unit,
            least: $least,
            most: $most,
            default: $default,
            live: Live::$live,
            consequence: concat!($($doc),+),
        }),+];

        impl Default for Limits {
            fn default() -> Limits {
                Limits { $($field: limits!(@from $kind $unit, $default),)+ }
            }
        }

        impl Limits {
            fn put(&mut self, name: &str, number: u64) {
                match name {
                    $($name => self.$field = limits!(@from $kind $unit, number),)+
                    _ => unreachable!("set() looked the name up in TABLE"),
                }
            }

            /// The number in force of the limit called `name`, in its unit.
            pub fn get(&self, name: &str) -> Option<u64> {
                match name {
                    $($name => Some(limits!(@number $kind $unit, self.$field)),)+
                    _ => None,
                }
            }
        }
    };
    (@type number) => { usize };
    (@type time) => { Duration };
    (@from number $unit:ident, $n:expr) => { $n as usize };
    (@from time Seconds, $n:expr) => { Duration::from_secs($n) };
    (@from time Millis, $n:expr) => { Duration::from_millis($n) };
    (@number number $unit:ident, $n:expr) => { $n as u64 };
    (@number time Seconds, $n:expr) => { $n.as_secs() };
    (@number time Millis, $n:expr) => { u64::try_from($n.as_millis()).unwrap_or(u64::MAX) };
}

limits! {
    /// Connections at once: sessions, and connections that are no session, or not yet. One more is told so in a sentence, in its own protocol, and closed; while sixteen are being told, others get a line of plain text at once. Never less than `sessions`.
    connections "connections": number Count = 2048, 1..=60_000, AtOnce;
    /// Connections at once from one address; loopback is exempt. One more is told so in the same way and closed.
    connections_per_address "connections-per-address": number Count = 64, 0..=60_000, AtOnce;
    /// Sessions at once, named or not. One more is told so in a sentence, in its own protocol, and closed. What the machine can hold may be less: the server computes that at its start and says so.
    sessions "sessions": number Count = 1024, 1..=30_000, AtOnce;
    /// Sessions at once from one address; loopback is exempt. One more is told so in a sentence, in its own protocol, and closed.
    sessions_per_address "sessions-per-address": number Count = 16, 0..=30_000, AtOnce;
    /// Sessions from one address that begin within `arrival-window`, with or without a name; loopback is exempt. A connection that becomes no session is not counted. One more is told so in a sentence, in its own protocol, and closed.
    knocks "knocks": number Count = 1024, 0..=1_000_000, AtOnce;
    /// Sessions from one address that take a name within `arrival-window`; loopback is exempt. A session that comes back with a token is not counted. One more is told so in a sentence and closed.
    arrivals "arrivals": number Count = 32, 0..=1_000_000, AtOnce;
    /// The time over which `knocks` and `arrivals` count.
    arrival_window "arrival-window": time Seconds = 600, 1..=86_400, AtOnce;
    /// Connections the kernel holds for us until they are accepted. Beyond it newcomers wait for their own system to try again.
    backlog "backlog": number Count = 4096, 1..=65_535, Restart;
    /// The wait for a first line, after which a connection is taken for a person with `nc` and greeted.
    greet_after "greet-after": time Millis = 1_000, 10..=60_000, NewConnections;
    /// From connecting to having a name. A session that takes longer is told `login-timeout` and closed.
    login "login": time Seconds = 30, 1..=3_600, NewConnections;
    /// Lines a session may send before it has a name. After one more, it is told `login-lines` and closed.
    login_lines "login-lines": number Count = 64, 1..=10_000, NewConnections;
    /// Bytes a session may send before it has a name. After one more, it is told `login-lines` and closed.
    login_bytes "login-bytes": number Bytes = 8_192, 512..=1_048_576, NewConnections;
    /// One line with its ending. A longer one is dropped up to its end and answered `line-too-long`; the session goes on.
    line_bytes "line-bytes": number Bytes = 16_384, 512..=1_048_576, NewConnections;
    /// One message of a WebSocket, in one frame or in several. A longer one closes it with 1009. One over `line-bytes` is answered `line-too-long`, as a line is.
    ws_message "ws-message": number Bytes = 65_536, 512..=1_048_576, NewConnections;
    /// Frames of one message of a WebSocket. One more closes it with 1009.
    ws_fragments "ws-fragments": number Count = 64, 1..=65_536, NewConnections;
    /// Pings and pongs that a WebSocket may send in ten seconds. One more closes it with 1008.
    ws_control "ws-control": number Count = 20, 1..=1_000_000, NewConnections;
    /// The text of one message. A longer one is answered `text-too-long` and not sent.
    text "text": number Characters = 4_000, 1..=100_000, NewConnections;
    /// The lines of one message. One with more is answered `text-too-many-lines` and not sent.
    text_lines "text-lines": number Count = 40, 1..=1_000, NewConnections;
    /// A room's topic. A longer one is answered `topic-too-long`.
    topic "topic": number Characters = 390, 1..=10_000, NewConnections;
    /// An away text. A longer one is answered `away-too-long`.
    away "away": number Characters = 200, 1..=10_000, NewConnections;
    /// The words of a person about themselves. Longer ones are answered `about-too-long`.
    about "about": number Characters = 150, 1..=10_000, NewConnections;
    /// The text with which a person leaves. A longer one is answered `reason-too-long`.
    reason "reason": number Characters = 300, 1..=10_000, NewConnections;
    /// Rooms one person is in at once. One more is answered `too-many-rooms`.
    rooms_per_person "rooms-per-person": number Count = 50, 1..=10_000, AtOnce;
    /// Rooms on the whole server. For one more, the empty one that is not registered and in which least was said ends; if there is none, the answer is `server-rooms-full`.
    rooms "rooms": number Count = 20_000, 1..=1_000_000, AtOnce;
    /// Days after which a room ends that is empty and that no account has registered, with all that was said in it.
    empty_days "empty-days": number Days = 30, 0..=36_500, AtOnce;
    /// Rooms, empty and not registered, that one account or all guests of one address may leave behind. Beyond that, the one of them in which least was said ends.
    rooms_left "rooms-left": number Count = 200, 1..=1_000_000, AtOnce;
    /// Recent messages a room remembers. The oldest is forgotten first.
    recent "recent": number Count = 100, 1..=10_000, AtOnce;
    /// Text of recent messages a room remembers. The oldest is forgotten first.
    recent_bytes "recent-bytes": number Bytes = 131_072, 16_384..=16_777_216, AtOnce;
    /// Recent messages shown to a person who joins, and in a `history` or `search` without a limit. With `off`, a person who joins is shown none, and a person who asks gets 20.
    replay "replay": number Count = 20, 0..=1_000, AtOnce;
    /// Messages in one answer to `history`. More are asked for page by page.
    history_page "history-page": number Count = 100, 1..=1_000, AtOnce;
    /// One answer: a page of a list, of history, of what was found. What does not fit is on the next page; a single row always fits.
    answer_bytes "answer-bytes": number Bytes = 65_536, 16_384..=16_777_216, AtOnce;
    /// Names in one piece of a member list; a longer list comes in several pieces.
    members_page "members-page": number Count = 500, 1..=5_000, AtOnce;
    /// Messages a second, commands included, that a person may send for long; lists, history and search count as three, a room of a `hello` as a fifth, `ping`, `pong` and empty lines as a twentieth. A person who is faster is told so once and waits: the server does not read from that connection until it is time, and nothing is refused or lost.
    rate "rate": number PerSecond = 2, 0..=1_000_000, NewConnections;
    /// Messages that a person may send at once before `rate` applies.
    rate_burst "rate-burst": number Count = 10, 1..=1_000_000, NewConnections;
    /// `read` commands a minute that a session may send beside its `rate`. Each one more costs as much as a message; with 0, each of them does.
    reads "reads": number Count = 120, 0..=1_000_000, NewConnections;
    /// The time between two `typing` of one session. An earlier one is answered, the others are not told, and it costs as much as a message.
    typing "typing": time Millis = 3_000, 100..=60_000, NewConnections;
    /// Members of a room in which a person who types is told to the others. In a larger room it is told to none.
    typing_members "typing-members": number Count = 50, 1..=10_000, AtOnce;
    /// What may wait for one session that reads slowly. At once over it, the session is closed as a slow consumer.
    outbox_bytes "outbox-bytes": number Bytes = 262_144, 32_768..=67_108_864, NewConnections;
    /// The same, in events, beside those that are being written.
    outbox_items "outbox-items": number Count = 4_096, 64..=1_000_000, NewConnections;
    /// What may wait for one session for longer than `outbox-patience`. Over it, the session is closed as a slow consumer.
    outbox_soft_bytes "outbox-soft-bytes": number Bytes = 65_536, 4_096..=67_108_864, NewConnections;
    /// The age of the oldest unsent byte, and the time for which a session may stay over `outbox-soft-bytes`. Beyond it, the session is closed as a slow consumer.
    outbox_patience "outbox-patience": time Seconds = 30, 1..=3_600, NewConnections;
    /// What may wait for all sessions together. Over it, the session with the largest outbox is closed as a slow consumer, then the next.
    outboxes_bytes "outboxes-bytes": number Bytes = 268_435_456, 1_048_576..=68_719_476_736, AtOnce;
    /// The kernel's send buffer of each connection (the kernel takes twice that). 0 leaves it to the system: faster for a lagging reader, but a reader that stopped then holds 4 MB of kernel memory.
    send_buffer "send-buffer": number Bytes = 65_536, 0..=16_777_216, NewConnections;
    /// Silence after which a JSON session is asked whether it is there. Sessions on the line front cannot answer; the kernel's keep-alive asks for them, see `unreachable-after`.
    ping_after "ping-after": time Seconds = 90, 1..=86_400, NewConnections;
    /// Silence after which a session is taken for dead and closed as `timeout`.
    gone_after "gone-after": time Seconds = 150, 2..=86_400, NewConnections;
    /// Time without any sign of a peer's host, while something that was sent to it is not acknowledged or the kernel asks whether it is there. After that the session ends as `lost`. It is at least `outbox-patience` and 6 s, because a host that lives and takes nothing looks the same.
    unreachable_after "unreachable-after": time Seconds = 36, 9..=3_600, NewConnections;
    /// For how long after a session's end the server remembers its name and tags in memory. With a database its resume token holds for longer, see `resume-days`.
    resume "resume": time Seconds = 600, 1..=86_400, AtOnce;
    /// Tags of `say` that are remembered for one resume token; a repeated one among them is not said twice. The oldest is forgotten first.
    tags "tags": number Count = 256, 1..=10_000, AtOnce;
    /// Ended sessions that are remembered for their resume token. The oldest is forgotten first.
    resumes "resumes": number Count = 4_096, 1..=1_000_000, AtOnce;
    /// How long the others are not told that a person closed the page: a page that is loaded anew comes back in this time, and nobody notices. With `off` they are told at once.
    linger "linger": time Millis = 5_000, 0..=60_000, AtOnce;
    /// People at once of whom the others are not told yet, see `linger`. For one more, the others are told of the first of them.
    lingering "lingering": number Count = 256, 1..=30_000, AtOnce;
    /// How long a closing connection may take to accept the farewell and to hang up. After that it is cut.
    farewell "farewell": time Millis = 1_000, 10..=60_000, NewConnections;
    /// From the signal to stop to cutting whatever is still connected.
    stop "stop": time Millis = 1_500, 10..=600_000, AtOnce;
    /// How long no session is there until the server ends, with exit code 0. The time counts from the first session on, or from the start if the service manager passed the sockets.
    exit_when_empty "exit-when-empty": time Seconds = 0, 0..=31_536_000, AtOnce;
    /// Records that wait to be written to the database. Over it, a person who speaks waits, for at most `keep-patience`; other people do not wait.
    queue_items "queue-items": number Count = 65_536, 64..=16_777_216, AtOnce;
    /// The same, in bytes.
    queue_bytes "queue-bytes": number Bytes = 16_777_216, 1_048_576..=1_073_741_824, AtOnce;
    /// How long a message may wait to be in the database. After that its sender is answered `not-kept`; it is still written as soon as possible.
    keep_patience "keep-patience": time Seconds = 10, 1..=3_600, AtOnce;
    /// How long a server that stops may take to write what waits and to close its database, after all sessions have ended. After that the server says how many records are not in the database, and ends with 75.
    stop_keep "stop-keep": time Seconds = 5, 1..=3_600, AtOnce;
    /// Connections that read from the database at once. If all are busy, a session waits for a turn. Searches have half of them, and one at least.
    readers "readers": number Count = 4, 1..=64, Restart;
    /// How long one read of the database may take. A longer one is ended, and answered `takes-too-long`.
    read_time "read-time": time Seconds = 10, 1..=3_600, AtOnce;
    /// How long a session waits for a turn at a reader, or at a hasher. After that the answer is `server-busy`.
    turn_patience "turn-patience": time Seconds = 60, 1..=3_600, AtOnce;
    /// Sessions that wait for a turn at a reader, and at a hasher. With one more, the last session of the longest line for the same is answered `server-busy`.
    turns_waiting "turns-waiting": number Count = 512, 1..=100_000, AtOnce;
    /// Messages that one `join` catches up on. The rest is counted in `missed`, and can be asked for page by page.
    history_request "history-request": number Count = 1_000, 1..=100_000, AtOnce;
    /// Age at which messages, and the files with them, are deleted from the database.
    history_days "history-days": number Days = 0, 0..=36_500, AtOnce;
    /// Messages of one room or conversation that are stored in the database. The oldest are deleted first.
    history_size "history-size": number Count = 1_000_000, 0..=1_000_000_000, AtOnce;
    /// How long the clock must have shown a new time before anything is deleted by it for its age: after a jump of the clock, and after the server was off.
    clock_settle "clock-settle": time Seconds = 21_600, 0..=2_592_000, AtOnce;
    /// Days after which an unused resume token is forgotten.
    resume_days "resume-days": number Days = 30, 1..=3_650, AtOnce;
    /// Resume tokens of one account in the database. With one more, the one that was used least lately is forgotten.
    tokens_per_account "tokens-per-account": number Count = 64, 8..=10_000, AtOnce;
    /// Accounts. One more is answered `accounts-full`.
    accounts "accounts": number Count = 100_000, 1..=10_000_000, AtOnce;
    /// Accounts made from one address within `registration-window`, loopback too. One more is answered `register-too-often`.
    registrations "registrations": number Count = 60, 0..=1_000_000, AtOnce;
    /// The time over which `registrations` counts.
    registration_window "registration-window": time Seconds = 3_600, 1..=86_400, AtOnce;
    /// Rooms one account may register. One more is answered `too-many-owned`.
    rooms_per_account "rooms-per-account": number Count = 50, 1..=10_000, AtOnce;
    /// Private conversations of one account. To begin one more is answered `conversations-full`; with guests at half of it, because guests come without end.
    conversations "conversations": number Count = 1_000, 2..=1_000_000, AtOnce;
    /// Bans and mutes of one room, or of the whole server. One more is answered `too-many-bans`.
    bans "bans": number Count = 500, 1..=100_000, AtOnce;
    /// What one ban or mute holds for: accounts, logins, addresses, nicks. When a banned person gets one more, the oldest but the first is forgotten.
    ban_targets "ban-targets": number Count = 64, 8..=1_000, AtOnce;
    /// People whom a ban of a mask or of an address puts out of a room at once. The others stay until the ban is given again; the op is told.
    put_out "put-out": number Count = 100, 1..=30_000, AtOnce;
    /// People who left that are remembered, for `whowas` and for bans. The one who left first is forgotten first.
    gone "gone": number Count = 100, 1..=100_000, AtOnce;
    /// Passwords that are hashed at once, each in 19 MiB of memory, which is made when it is first needed and then used again. If all are busy, a session waits for a turn.
    hashers "hashers": number Count = 2, 1..=64, Restart;
    /// The shortest password. A new one that is shorter is answered `password-bad`.
    password_min "password-min": number Bytes = 8, 1..=1_024, AtOnce;
    /// Wrong passwords within `login-window` for one name from one address, and from one address for all names; loopback is exempt as an address. After that the answer is `login-too-often`, whatever the password. A session that is logged in has a count of its own.
    login_tries "login-tries": number Count = 3, 1..=1_000, AtOnce;
    /// Wrong passwords within `login-window` for one name from all addresses together. After that the answer is `login-too-often`, but not at an address from which that name has logged in before. A number below `login-tries` is taken as `login-tries`.
    login_tries_name "login-tries-name": number Count = 30, 1..=100_000, AtOnce;
    /// The time over which `login-tries` and `login-tries-name` count.
    login_window "login-window": time Seconds = 60, 1..=86_400, AtOnce;
    /// One file. A larger one is answered `file-too-large` before any byte of it is sent. With `off` no file is taken at all.
    file_bytes "file-bytes": number Bytes = 10_485_760, 0..=1_073_741_824, NewConnections;
    /// All files of one account, or of all guests of one address; those that are offered count, too. Over it a new one is answered `files-full`.
    files_per_person "files-per-person": number Bytes = 104_857_600, 1..=1_099_511_627_776, AtOnce;
    /// All files in the database, and those that are offered. Over it a new one is answered `files-full`.
    files_bytes "files-bytes": number Bytes = 1_073_741_824, 1..=1_099_511_627_776, AtOnce;
    /// Files that one session sends at once. One more is answered `uploads-busy`.
    uploads "uploads": number Count = 2, 1..=64, NewConnections;
    /// The head of one HTTP request. A longer one is answered 431, and the connection ends.
    http_head "http-head": number Bytes = 16_384, 1_024..=1_048_576, NewConnections;
    /// Fields in the head of one HTTP request. With more the answer is 431, and the connection ends.
    http_lines "http-lines": number Count = 100, 10..=1_000, NewConnections;
    /// From an answer to the next request on the same connection. After that the connection ends.
    http_idle "http-idle": time Seconds = 5, 1..=3_600, NewConnections;
    /// From the first byte of a request to the end of its head. After that the answer is 408, and the connection ends.
    http_head_time "http-head-time": time Seconds = 10, 1..=3_600, NewConnections;
    /// The time within which the next 16 KiB of a body must come, or of an answer must be taken. After that a body is answered 408, and the connection ends.
    http_body_idle "http-body-idle": time Seconds = 30, 1..=3_600, NewConnections;
    /// Requests on one connection. After the answer to the last one the connection ends.
    http_requests "http-requests": number Count = 100, 1..=1_000_000, NewConnections;
    /// Room on the disk of the database. With less, `/healthz` and `ctl health` say that the server is not well.
    disk_room "disk-room": number Bytes = 67_108_864, 0..=1_099_511_627_776, AtOnce;
    /// How long an operator's program may take to say its command to `ctl`, and again to take the answer. After that its connection is cut.
    ctl_time "ctl-time": time Millis = 10_000, 10..=600_000, AtOnce;
    /// The handshake of an encrypted connection, from its first byte. After that the connection is closed.
    tls_handshake "tls-handshake": time Seconds = 10, 1..=600, NewConnections;
    /// For how long an IRC client should come encrypted only, once it has been told so: a plain one is told the port, an encrypted one the time. With `off`, no client is told. The certificate must be one that clients check by themselves, or they cannot come any more.
    sts_duration "sts-duration": time Seconds = 0, 0..=31_536_000, NewConnections;
    /// Handshakes that are computed at once, each for less than a millisecond. Other handshakes wait for their turn, so newcomers take little processor time from members who talk.
    handshakes "handshakes": number Count = 2, 1..=64, Restart;
    /// What the console has not shown yet, and what is not in the log yet. More is counted and left out.
    console_lines "console-lines": number Count = 4_096, 16..=1_000_000, Restart;
    /// Address space for the stack of one session's thread; only what is touched takes memory.
    stack_bytes "stack-bytes": number Bytes = 524_288, 262_144..=16_777_216, Restart;
}

impl Limits {
    /// How many messages a page has if `limit` was asked for. Without a limit: as
    /// many as a person is shown on joining, or 20 if those are none.
    pub fn page(&self, limit: Option<usize>) -> usize {
        const UNASKED: usize = 20;
        let unasked = if self.replay == 0 { UNASKED } else { self.replay };
        limit.unwrap_or(unasked).min(self.history_page)
    }

    /// Sets the limit called `name` from what an operator wrote: a whole
    /// number, or `off` if the range starts at 0. Underscores are read as
    /// hyphens.
    ///
    /// # Errors
    /// [`LimitError::Unknown`] for a name that is not in [`TABLE`],
    /// [`LimitError::Range`] for anything that is not a number in its range.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
        let wanted = name.replace('_', "-");
        let row = TABLE.iter().find(|row| row.name == wanted).ok_or_else(|| LimitError::Unknown(name.to_owned()))?;
        let number = match value.trim() {
            "off" if row.least == 0 => Some(0),
            digits => digits.parse().ok().filter(|n| (row.least..=row.most).contains(n)),
        };
        let number = number.ok_or_else(|| LimitError::Range { limit: row, value: value.to_owned() })?;
        self.put(row.name, number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_takes_its_ends_and_refuses_one_beyond() {
        for row in TABLE {
            let mut limits = Limits::default();
            for good in [row.least, row.most, row.default] {
                limits.set(row.name, &good.to_string()).unwrap();
            }
            limits.set(row.name, &(row.most + 1).to_string()).unwrap_err();
            if row.least > 0 {
                limits.set(row.name, &(row.least - 1).to_string()).unwrap_err();
                limits.set(row.name, "off").unwrap_err();
            } else {
                limits.set(row.name, "off").unwrap();
            }
        }
    }

    #[test]
    fn an_unknown_limit_is_named_in_the_refusal() {
        let refusal = Limits::default().set("lines", "3").unwrap_err();
        assert_eq!(refusal.to_string(), "there is no limit called \"lines\"");
    }
}
