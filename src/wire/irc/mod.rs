//! The lines of IRC: bytes into a [`Line`], and one builder, [`Out`], for every line that is sent. Knows no session and no command.
//!
//! A peer's text cannot become a second line: no other code here or in the front
//! makes the bytes of a line, and the builder lets no line ending into one.
//!
//! ```
//! use roomful::wire::irc::{Line, Out};
//!
//! let mut bytes = Vec::new();
//! Out::new(&mut bytes).prefix("anna!~line@c1").command("PRIVMSG").middle("#a").trailing("hi\r\nQUIT");
//! assert_eq!(bytes, b":anna!~line@c1 PRIVMSG #a :hi  QUIT\r\n");
//!
//! let line = Line::parse("@label=7 privmsg #a :good morning").unwrap();
//! assert_eq!((&*line.command, &line.params[..]), ("PRIVMSG", &["#a", "good morning"][..]));
//! assert_eq!(line.tag("label").as_deref(), Some("7"));
//! ```

mod added;
mod author;
mod forms;
mod isupport;
mod line;
mod modes;
pub mod msgid;
mod out;
mod stream;
mod text;

pub use added::added;
pub use author::{Bits, server_time};
pub use forms::{Said, encode, farewell, said, space, typing};
pub use isupport::{TARGETS, USER, isupport};
pub use line::{Fault, Line};
pub use modes::{ban_mask, of_room as room_modes};
pub use out::{Named, Out, Params};
pub use stream::{Framed, Stream};
pub use text::{REQUEST, Text, packed, pieces, plain, text};

/// The longest line without its tags, in bytes, with its ending.
pub const LINE_BYTES: usize = 512;

/// The longest tags of a line, in bytes, with the `@` before and the space behind them.
pub const TAG_BYTES: usize = 4_096;
