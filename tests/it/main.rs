//! Everything a client or a person can see, over real sockets on port 0 and real terminals.
//!
//! One binary, so that it is linked once. Each test is called by the sentence
//! it proves, and cites what it proves: a page and its part, or the number of
//! a fault that older chat servers had (`Lab D13`). No test sleeps here: a
//! peer that must hear nothing says `ping` and hears nothing before the answer.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed
// Tests that need a Unix are left out elsewhere, and what only they use stays.
#![cfg_attr(not(unix), allow(unused_imports, dead_code))]

/// A server that must leave nothing behind, and peers that give up after 5 s.
mod support;

/// Accounts: register, log in, log out, and what a password protects.
mod accounts;
/// Long answers: in pages and pieces.
mod answers;
/// What lets a page be small: typed lines, one more tab, typing.
mod asking_less;
/// Lines that mean nothing to the JSON front, and what is answered.
mod bad_json;
/// Many commands in one write, and guests who get an account.
mod becoming;
/// Coming back to much that was missed.
mod catching_up;
/// The certificate of a server: made, renewed, changed while it runs, and refused.
mod certificates;
/// Coming in with passwords and tokens at once, and as another person than before.
mod coming_in;
/// Private conversations: how many, and their end.
mod conversations;
/// Messages that are deleted.
mod deleting;
/// Dice, which nobody but the server can say.
mod dice;
/// Connections and sessions: how many, and how often.
mod door;
/// What is stored, and other limits.
mod edges;
/// The same over TLS, and what only TLS has.
mod encrypted;
/// Bans and mutes that nobody evades.
mod evasion;
/// Files: sent, fetched, and by whom.
mod file_http;
mod files;
/// Words that are found as people type them, inside a run too; and texts that show nothing.
mod found;
/// How bytes become lines: whole, in pieces, glued, too long, binary.
mod framing;
/// A server that has no room, and what takes none.
mod full;
/// Many who guess passwords, and the owner among them.
mod guessers;
/// The pages as a reader tries them: dialogues typed, a client run, threads counted.
mod handbook;
/// The help of the three programs fits on a screen.
mod help;
/// Rooms into which one may not come, and what is told of them: nothing.
mod hidden;
/// HTTP on the one port.
mod http;
/// Requests that are refused.
mod http_refusals;
/// Clients of IRC: programs and bytes.
mod irc;
/// The server program with a database: killed, and started anew.
mod killed;
mod kinds;
/// Rooms always have an owner or an op.
mod last_op;
/// How sessions end, and what the others hear of it.
mod leaving;
/// Rooms that are left behind.
mod left;
/// The same for people with `nc` and telnet.
mod line_front;
/// Messages with line breaks, on every front.
mod lines;
/// A page that is closed, or only loaded anew.
mod lingering;
/// Taking a name: offered, refused, in time.
mod login;
/// One order for all, without gap or double, whatever the others do.
mod order;
/// Pages that are exact whatever the clock did, and what counts as unread.
mod pages;
/// Passwords on the line front: asked for, and never on the line of a command.
mod passwords;
/// What each role may do in a room.
mod ranks;
/// Too fast for `rate`.
mod rate;
/// Bans, mutes, and the ops of the server.
mod restrictions;
/// Coming back on a new connection.
mod resume;
/// What else is set in a room: a limit, voices, outsiders.
mod room_settings;
/// Words that are found, and by whom.
mod search;
/// `roomful::net` without the chat.
mod service;
/// Several sessions of one account, which are one person to the others.
mod sessions;
/// Room for files, over all sessions.
mod shelf;
/// A front from outside.
mod shouting;
/// Readers that are slow, dripping or deaf.
mod slow;
/// Which protocol the first bytes are taken for, and what is not served.
mod sniffing;
/// The end of the server: farewells, threads, the port.
mod stopping;
/// What is stored: history over pages and restarts.
mod stored;
/// Programs that take the server for another one.
mod strangers;
/// What people do with one another: rooms, private lines, topics, history.
mod talk;
/// Threads counted by name, in a process of their own.
#[cfg(unix)] // /proc
mod threads;
/// Turns at what is shared: passwords and reading, their memory and their time.
mod turns;
/// What people type on the line front, and what others see of it.
mod typed;
/// What must never be said: passwords that nobody asked for, and other protocols' lines.
mod unsaid;

/// A program whose shell lets it go on in the background.
#[cfg(unix)] // a shell with jobs
mod background;
/// The client as a filter, and its exit codes.
mod client;
/// Accounts: logging in, several sessions, unread counts.
mod client_accounts;
/// A server that plays along, and fails when it is told to.
mod client_fake;
/// Files sent and fetched.
mod client_files;
/// The client as a library: no terminal.
mod client_library;
/// Passwords: asked for, never seen.
#[cfg(unix)] // a pseudo-terminal
mod client_passwords;
/// The client as a process: output that nobody reads, the end of its input, its help.
mod client_process;
/// A cut in the middle, between client and server.
mod client_relay;
/// What the client's tests need.
mod client_support;
/// What a person sees and types, on a pseudo-terminal.
#[cfg(unix)] // a pseudo-terminal
mod client_terminal;
/// Which server it trusts, on a terminal and in a script.
#[cfg(unix)] // a pseudo-terminal
mod client_trust;
/// What is typed into it and piped into it, and what of that is said.
mod client_typed;
/// What a person sees after coming back from a lost connection.
#[cfg(unix)] // a pseudo-terminal
mod coming_back;
/// Keys: none of them stops the printing, and what each does.
#[cfg(unix)] // a pseudo-terminal
mod keys;
/// The screen: sizes, wide letters, long drafts, and the shell that has it before and after.
#[cfg(unix)] // a pseudo-terminal
mod screen;

/// What the machine can hold: low limits of the system, few threads.
#[cfg(unix)] // limits of the shell
mod capacity;
/// The operator's console for people: Ctrl-C, Tab, colours, `quiet`.
#[cfg(unix)] // a pseudo-terminal and signals
mod console_manners;
/// The operator in another shell.
mod ctl;
/// The socket of that shell, and its program.
#[cfg(unix)] // sockets of the file system, other users, a pseudo-terminal
mod ctl_socket;
/// A database that is damaged while a server uses it.
mod damaged;
/// The database as files: what is refused, one server at a time, copies, restarts.
mod database;
/// Hosts that vanish, and a server that was stopped for a while.
mod dead_peers;
/// The disk under a running server: links, rights, files that are moved, a clock that jumps.
#[cfg(unix)] // links, and files that are moved while they are open
mod disk;
/// The server program killed, with a full disk, with a slow one.
#[cfg(unix)] // signals that kill, and full disks
mod faces;
mod faults;
/// The server program under a service manager: what it tells, and the sockets that are passed to it.
#[cfg(unix)] // systemd
mod managed;
/// The programs as processes: signals, descriptors, variables, addresses.
#[cfg(unix)] // signals, pipes that are full, limits of the shell
mod processes;
/// Settings that change while a server runs.
#[cfg(unix)] // SIGHUP
mod reload;
/// The server program: how it starts and how it ends.
mod server_binary;
/// What the operator sees of it and types into it.
mod server_console;
/// A server that runs out of descriptors.
#[cfg(unix)] // the limit on open files
mod server_descriptors;
/// What the server program's tests need.
mod server_support;
/// The same on a disk that is soon full.
#[cfg(unix)] // a file system of its own
mod small_disk;
/// Two people beside hostile clients, as `chat-lab soak` has it.
#[cfg(unix)] // loads on /proc and epoll
mod soak;

/// Pages over WebSocket: frames, and a number for every end.
mod websocket;

/// The pages name what the code has, and the code has what they name.
#[cfg(unix)] // the same text on every system, read once
mod docs;
/// How the code is laid out: layers, first lines, left-overs.
#[cfg(unix)] // the same text on every system, read once
mod tidy;
