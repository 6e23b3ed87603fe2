//! The screen of a person: no row of others vanishes, whatever its size and whatever is typed; and the shell has it back as it was. The page is `docs/threads.md`.

use std::fmt::Display;
use std::process::Command;

use crate::client_support::{Screen, ServerProgram, client, enter};
use crate::server_support::{Program, at_a_terminal};

/// Lines of others, which must all be there after what is done between and after them.
fn no_row_vanishes(
    what: &str,
    screen: &mut Screen,
    ann: &crate::client_support::Peer,
    action: impl FnOnce(&mut Screen),
) {
    (0..6).for_each(|i| ann.say(&format!("before {i}")));
    screen.shows("before 5");
    action(screen);
    (0..3).for_each(|i| ann.say(&format!("between {i}")));
    screen.shows("between 2");
    screen.types("\u{3}");
    ann.say("the last one");
    screen.shows("the last one");
    let text = screen.text();
    for row in (0..6).map(|i| format!("before {i}")).chain((0..3).map(|i| format!("between {i}"))) {
        assert!(text.contains(&row), "{what}: {row} is not there any more:\n{text}");
    }
}

/// docs/threads.md, "painter": only rows that are surely ours are drawn over.
#[test]
fn no_row_of_others_vanishes_whatever_is_typed() {
    let drafts = [
        ("a pasted tab", "\u{1b}[200~a\tb\tc\td\te\tf\tg\th\ti\tj\tk\u{1b}[201~".to_owned()),
        ("hearts", "❤️".repeat(33)),
        ("families", "👨‍👩‍👧‍👦".repeat(20)),
        ("wide letters to the edge", "漢字".repeat(40)),
        ("letters to the edge", "x".repeat(80 - 12)),
        ("letters over the edge", "x".repeat(80 - 11)),
        ("many rows", "word ".repeat(200)),
        ("more rows than the screen has", "word ".repeat(600)),
        ("lines", "\u{1b}[200~one\ntwo\nthree\u{1b}[201~".to_owned()),
        ("accents without letters", "\u{301}".repeat(100)),
    ];
    for (what, draft) in &drafts {
        let server = ServerProgram::start();
        let ann = server.peer("ann");
        let mut screen = enter(&server, "bob");
        no_row_vanishes(what, &mut screen, &ann, |screen| screen.types(draft));
    }
}

/// The same.
#[test]
fn no_row_of_others_vanishes_whatever_the_size() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    no_row_vanishes("0 columns", &mut screen, &ann, |screen| {
        screen.resize(0, 0);
        screen.types("half a line");
        screen.shows("half a line");
    });
    let mut screen = enter(&server, "vera");
    let half = "half a line that is longer than forty columns, but not than eighty";
    no_row_vanishes("80, 40 and 80 columns", &mut screen, &ann, |screen| {
        screen.types(half);
        screen.shows(half);
        screen.resize(24, 40);
        screen.until("the draft anew", |text| text.trim_end().lines().last() == Some("y"));
        screen.resize(24, 80);
        screen.until("the draft anew", |text| text.lines().last().is_some_and(|row| row.contains(half)));
    });
}

/// A shell with job control, the plainest there is: it puts nothing right by itself.
fn shell() -> Screen {
    let mut command = Command::new("dash");
    let client = client();
    client.get_envs().for_each(|(name, value)| {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    });
    command.arg("-i").env("PS1", "shell$ ").env_remove("ENV");
    let mut screen = Screen::spawn(command);
    screen.prompts("shell$");
    screen
}

fn client_in(shell: &mut Screen, addr: impl Display) {
    shell.types(&format!("{} --server {addr} --nick bob\r", env!("CARGO_BIN_EXE_chat-client")));
    shell.prompts("#lobby bob>");
}

/// docs/threads.md, "painter": a stopped program leaves the terminal as it was found.
#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_brings_the_draft_back() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut shell = shell();
    let found = shell.modes();
    client_in(&mut shell, &server.addr);
    assert_ne!(shell.modes(), found);
    shell.types("half a");
    shell.prompts("#lobby bob> half a");
    shell.types("\u{1a}");
    shell.prompts("shell$");
    assert_eq!(shell.modes(), found);
    ann.say("said meanwhile");
    shell.types("fg\r");
    shell.shows("said meanwhile");
    shell.prompts("#lobby bob> half a");
    shell.types(" line\r");
    assert_eq!(ann.hears("half a line"), "bob");
    shell.types("\u{4}");
    shell.prompts("shell$");
    assert_eq!(shell.modes(), found);
}

/// The same, if the signal comes from another program.
#[test]
fn whatever_ends_the_client_the_terminal_is_as_it_was_found() {
    for signal in ["TSTP", "TERM", "HUP", "INT", "QUIT", "USR1", "ALRM"] {
        let server = ServerProgram::start();
        let mut shell = shell();
        let found = shell.modes();
        client_in(&mut shell, &server.addr);
        let id = shell.foreground();
        crate::client_support::signal(id.cast_unsigned(), signal);
        shell.until(&format!("the shell after {signal}"), |text| text.trim_end().ends_with("shell$"));
        assert_eq!(shell.modes(), found, "{signal}");
    }
}

/// The editor waits for no certain key, so nothing that is typed holds up the end.
#[test]
fn a_kick_ends_the_client_whatever_is_typed_and_the_terminal_is_as_it_was_found() {
    let mut server = Program::start(&[]);
    let mut shell = shell();
    let found = shell.modes();
    for (typed, shown) in [
        ("half a line", "#lobby bob> half a line"),
        ("/jo\t", "#lobby bob> /join"),
        ("fi\u{12}", "#lobby bob> first"),
        ("\u{1b}[200~half a paste", "#lobby bob> half a paste"),
        ("half a key\u{1b}[1", "#lobby bob> half a key"),
        ("/register\r", "New password:"),
    ] {
        client_in(&mut shell, server.addr);
        shell.types("first\r");
        server.shows("bob: first");
        shell.types(typed);
        shell.prompts(shown);
        server.types("kick bob");
        shell.prompts("shell$");
        assert_eq!(shell.modes(), found, "{typed:?}");
        assert!(!shell.text().contains("panicked"), "{}", shell.text());
    }
}

/// Every one of `words` stands whole in a row.
fn whole_words(screen: &Screen, words: &[String]) {
    let rows = screen.rows();
    for word in words {
        assert!(rows.iter().any(|row| row.contains(word)), "{word} is broken:\n{}", rows.join("\n"));
    }
}

/// docs/threads.md, "Typing while others print": rows end between words, whatever is printed and how wide the screen is.
#[test]
fn no_word_breaks_at_the_edge_of_the_screen() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let words = |columns: u16| -> Vec<String> { (0..30).map(|i| format!("wörd{i}漢x{columns}")).collect() };
    let mut screen = enter(&server, "bob");
    for columns in [80, 40, 57] {
        screen.resize(24, columns);
        screen.types("x");
        screen.until("the new size", |text| text.trim_end().ends_with("bob> x"));
        screen.types("\u{7f}");
        let words = words(columns);
        ann.say(&words.join(" "));
        screen.shows(&words[29]);
        whole_words(&screen, &words);
    }
    screen.types("/history 3\r");
    screen.shows("--- now, after 3 earlier messages ---");
    whole_words(&screen, &words(57));
    screen.types("/help all\r");
    screen.shows("/cancel");
    screen.shows("also /exit, /bye");
}

/// The same on the console.
#[test]
fn no_word_breaks_at_the_edge_of_the_console() {
    let (mut screen, addr) = at_a_terminal(&[]);
    let ann = crate::client_support::Peer::connect(&addr.to_string(), "ann");
    screen.resize(24, 50);
    let words: Vec<String> = (0..20).map(|i| format!("wörd{i}漢x")).collect();
    ann.say(&words.join(" "));
    screen.shows(&words[19]);
    whole_words(&screen, &words);
}

/// The same if the cursor cannot be moved, so that there is no editor: in the client and on the console.
#[test]
fn no_word_breaks_at_the_edge_of_a_terminal_without_an_editor() {
    let (mut console, addr) = at_a_terminal(&[("TERM", "dumb")]);
    let mut command = client();
    command.args(["--server", &addr.to_string(), "--nick", "bob"]).env("TERM", "dumb");
    let mut screen = Screen::spawn(command);
    screen.shows("* You are bob");
    let ann = crate::client_support::Peer::connect(&addr.to_string(), "ann");
    screen.shows("* ann joined");
    for (name, screen) in [("client", &mut screen), ("console", &mut console)] {
        let words: Vec<String> = (0..20).map(|i| format!("{name}{i}漢x")).collect();
        screen.resize(24, 50);
        ann.say(&words.join(" "));
        screen.shows(&words[19]);
        whole_words(screen, &words);
    }
}
