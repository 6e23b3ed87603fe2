//! Keys on a real terminal: none of them stops the printing, and what each does to a draft. The pages are `docs/threads.md` and `/help`.

use crate::client_support::{ServerProgram, enter};
use crate::server_support::at_a_terminal;

/// Keys and parts of keys, but for those that end the line or the program, or clear the screen.
fn keys() -> Vec<String> {
    let ends = ['\u{3}', '\u{4}', '\n', '\u{c}', '\r', '\u{1a}'];
    let mut keys: Vec<String> = ('\0'..' ').filter(|key| !ends.contains(key)).map(String::from).collect();
    keys.push("\u{7f}".to_owned());
    // What Escape begins: letters with Alt, arrows, keys with numbers, halves of them, and a paste without an end.
    keys.extend(('!'..='~').map(|letter| format!("\u{1b}{letter}")));
    keys.extend(["\u{1b}\u{1b}", "\u{1b}[A", "\u{1b}[3~", "\u{1b}[1;5D", "\u{1b}[9", "\u{1b}OP"].map(str::to_owned));
    keys.extend(["/h\t", "/\t", "/\t\t", "\u{12}a", "\u{13}", "\u{18}\u{15}", "\u{1b}[200~half"].map(str::to_owned));
    keys
}

/// docs/threads.md, "painter": typing never holds up what is printed.
#[test]
fn no_key_stops_what_others_say_from_being_shown() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    for (i, key) in keys().iter().enumerate() {
        screen.types(key);
        ann.say(&format!("said after key {i}"));
        screen.until(&format!("a line after {key:?}"), |text| text.contains(&format!("said after key {i}")));
    }
}

/// docs/threads.md, "painter".
#[test]
fn a_lost_server_is_told_whatever_key_was_the_last() {
    for key in ["/\t", "\u{1b}", "\u{12}", "\u{16}", "\u{18}", "\u{1b}[200~"] {
        let server = ServerProgram::start();
        let mut screen = enter(&server, "bob");
        screen.types(key);
        screen.types(key);
        drop(server);
        screen.until(&format!("the loss after {key:?}"), |text| text.contains("! Lost the server"));
    }
}

/// docs/threads.md, "painter": the console is the same terminal.
#[test]
fn no_key_stops_the_news_on_the_console() {
    let (mut screen, addr) = at_a_terminal(&[]);
    for (i, key) in ["s\t", "\u{1b}", "\u{12}", "\u{16}", "\u{18}", "\u{13}", "\u{1b}[200~"].iter().enumerate() {
        screen.types(key);
        let peer = crate::client_support::Peer::connect(&addr.to_string(), &format!("peer{i}"));
        screen.shows(&format!("peer{i}"));
        drop(peer);
    }
}

/// `/help all`: Tab completes.
#[test]
fn tab_goes_through_what_fits_and_begins_again() {
    let server = ServerProgram::start();
    let mut screen = enter(&server, "bob");
    screen.types("/b\t");
    screen.until("the first", |text| {
        text.trim_end().lines().last().is_some_and(|row| row.starts_with("#lobby bob> /b") && row.len() > 14)
    });
    let first = screen.last_row();
    let mut rounds = 0;
    loop {
        let before = screen.last_row();
        screen.types("\t");
        screen.until("the next", |text| text.trim_end().lines().last() != Some(&*before));
        rounds += 1;
        if screen.last_row() == first {
            break;
        }
    }
    assert!(rounds > 1);
    // Back to what was typed, by the key for the way back.
    screen.types("\u{7}");
    screen.prompts("#lobby bob> /b");
}

/// `/help all`: the arrows bring back own lines, Ctrl-R finds them.
#[test]
fn own_lines_come_back_by_arrows_and_by_words_in_them() {
    let server = ServerProgram::start();
    let mut screen = enter(&server, "bob");
    for line in ["one apple", "two pears", "three apples"] {
        screen.types(&format!("{line}\r"));
        screen.shows(&format!("bob: {line}"));
    }
    screen.types("draft\u{1b}[A");
    screen.prompts("#lobby bob> three apples");
    screen.types("\u{1b}[A");
    screen.prompts("#lobby bob> two pears");
    screen.types("\u{1b}[B\u{1b}[B");
    screen.prompts("#lobby bob> draft");
    screen.types("\u{15}apple\u{12}");
    screen.prompts("#lobby bob> three apples");
    screen.types("\u{12}");
    screen.prompts("#lobby bob> one apple");
    screen.types("\u{7}");
    screen.prompts("#lobby bob> apple");
}

/// `/help`: Ctrl-C twice leaves. Only on an empty line, and only in a row.
#[test]
fn ctrl_c_on_two_drafts_does_not_leave() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    for draft in ["first", "second", "third"] {
        screen.types(draft);
        screen.prompts(&format!("#lobby bob> {draft}"));
        screen.types("\u{3}");
        screen.prompts("#lobby bob>");
    }
    screen.types("\u{3}");
    screen.shows("Ctrl-C again leaves");
    // A key between the two, though nothing is left of it.
    screen.types("x\u{7f}\u{3}");
    screen.types("still here\r");
    assert_eq!(ann.hears("still here"), "bob");
    screen.types("\u{3}\u{3}");
    assert_eq!(ann.sees_going("bob"), "quit");
    assert_eq!(screen.ends().0, 130);
}

/// docs/threads.md, "The client": a paste of commands waits for the server, as a pipe does.
#[test]
fn a_hundred_pasted_lines_arrive_whole_and_in_order() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    let lines: Vec<String> = (0..100).map(|i| format!("/me line {i} ❤️\tof a paste")).collect();
    screen.types(&format!("\u{1b}[200~{}\u{1b}[201~", lines.join("\r\n")));
    screen.shows("line 99");
    screen.types("\r");
    screen.shows("Send these 100 lines?");
    screen.types("y\r");
    for i in 0..100 {
        let said = ann.until("a line", |news| match news {
            roomful::client::News::Event(roomful::event::Event::Message(message)) => Some(message.text.to_string()),
            _ => None,
        });
        assert!(said.starts_with(&format!("line {i} ")), "{said}");
    }
    screen.shows("line 99");
    assert!(!screen.text().contains("not sent"), "{}", screen.text());
}

/// The same for a terminal that does not mark a paste.
#[test]
fn a_hundred_typed_ahead_lines_arrive_whole_while_the_server_is_slow() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    server.signal("STOP");
    let lines: String = (0..100).map(|i| format!("ahead {i}\r")).collect();
    screen.types(&lines);
    screen.shows("and 59 more lines");
    server.signal("CONT");
    (0..100).for_each(|i| assert_eq!(ann.hears(&format!("ahead {i}")), "bob"));
    screen.shows("ahead 99");
    assert!(!screen.text().contains("not sent"), "{}", screen.text());
}

/// Ctrl-L: the screen is empty, but for the line that is typed and what is said from then on.
#[test]
fn ctrl_l_clears_the_screen_and_not_the_draft() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    ann.say("said before");
    screen.shows("said before");
    screen.types("half\u{c}");
    screen.until("an empty screen", |text| text.trim_end() == "#lobby bob> half");
    ann.say("said after");
    screen.shows("said after");
    screen.prompts("#lobby bob> half");
}
