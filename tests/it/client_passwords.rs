//! Passwords and the client, against a server that plays along: asked for, never seen, never said. Ids are those of the lab reports.

use std::io::Write;

use roomful::answer::Done;
use roomful::client::{Client, News, Options};
use tempfile::{NamedTempFile, tempdir};

use crate::client_fake::{ACCOUNT, Fake, Faults};
use crate::client_relay::Relay;
use crate::client_support::{DEADLINE, Peer, Screen, client, finish, never_seen, run};

const PASSWORD: &str = "тайна берёзы 7";

/// Waits until a line has come back.
fn said(screen: &mut Screen, line: &str) {
    screen.until(line, |text| text.contains(line) && !text.contains('·'));
}

fn password_file(password: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "{password}").unwrap();
    file
}

#[test]
fn a_password_is_asked_for_and_never_seen() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types("/register\r");
    screen.prompts("New password:");
    screen.types(&format!("{PASSWORD}\r"));
    screen.prompts("The same again:");
    screen.types(&format!("{PASSWORD}\r"));
    screen.shows("* boris is your account now; /login boris takes it on again.");
    never_seen(&screen, PASSWORD);
    assert_eq!(fake.heard("register")[0]["password"], PASSWORD);
    // The arrow keys find the command, not the password.
    screen.types("\u{1b}[A");
    screen.prompts("#lobby boris> /register");
    screen.types("\u{15}");
    never_seen(&screen, PASSWORD);
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_does_not_show_a_password_either() {
    let fake = Fake::start(Faults::default());
    let mut command = client();
    command.args(["--server", &fake.addr, "--nick", "boris"]).env("TERM", "dumb");
    let mut screen = Screen::spawn(command);
    screen.shows("* You are boris in #lobby");
    screen.types("/register\r");
    screen.shows("New password:");
    screen.types(&format!("{PASSWORD}\r"));
    screen.shows("The same again:");
    screen.types(&format!("{PASSWORD}\r"));
    screen.shows("* boris is your account now");
    never_seen(&screen, PASSWORD);
    assert_eq!(fake.heard("register")[0]["password"], PASSWORD);
}

#[test]
fn keys_typed_ahead_of_the_question_are_the_answer_and_are_never_said() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types(&format!("/login {}\r{}\r/nick\r", ACCOUNT.0, ACCOUNT.1));
    screen.shows(&format!("* You are logged in as {}.", ACCOUNT.0));
    screen.shows("* Your rooms and conversations: #lobby (3 unread)");
    screen.prompts(&format!("#lobby {}>", ACCOUNT.0));
    never_seen(&screen, ACCOUNT.1);
    assert!(fake.heard("say").is_empty());
}

#[test]
fn two_different_new_passwords_and_an_empty_one_change_nothing() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types(&format!("/login {}\r{}\r", ACCOUNT.0, ACCOUNT.1));
    screen.prompts(&format!("#lobby {}>", ACCOUNT.0));
    screen.types("/password\rold secret\rnew secret\rnew secret 2\r");
    screen.shows("! Those two are not the same; nothing was changed.");
    // It is asked for again, and what is typed now is an answer; an empty one stops.
    screen.prompts("New password:");
    screen.types("short\r");
    screen.shows("! A password has 8 to 1024 bytes");
    screen.prompts("New password:");
    screen.types("\r");
    screen.shows("* Nothing was changed.");
    screen.types("/delete-account all\r\r");
    screen.shows("* Nothing was changed.");
    screen.types("/password\r\u{3}");
    screen.prompts(&format!("#lobby {}>", ACCOUNT.0));
    assert!(fake.heard("say").is_empty());
    assert!(fake.heard("password").is_empty() && fake.heard("delete-account").is_empty());
}

#[test]
fn a_password_on_the_commands_line_is_refused_and_forgotten() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types("/who\r/login anna shown123\r");
    screen.shows("! A password is asked for and never written on the line");
    assert!(!screen.text().contains("shown123"), "{}", screen.text());
    screen.types("\u{1b}[A");
    screen.prompts("#lobby boris> /who");
    assert!(fake.heard("login").is_empty());
}

#[test]
fn a_password_that_was_pasted_with_its_command_is_not_said() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types(&format!("\u{1b}[200~/login {}\n{}\u{1b}[201~\r", ACCOUNT.0, ACCOUNT.1));
    screen.shows("! A command that asks for a password is typed alone; nothing of this was sent.");
    screen.types("hello\r");
    said(&mut screen, "boris: hello");
    let said: Vec<String> = fake.heard("say").iter().map(|say| say["text"].to_string()).collect();
    assert_eq!((said, fake.heard("login").len()), (vec!["\"hello\"".to_owned()], 0));
}

#[test]
fn a_name_that_belongs_to_an_account_asks_for_its_password() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", ACCOUNT.0]);
    let question = format!("\"{}\" belongs to an account. Password (Enter for another name):", ACCOUNT.0);
    screen.prompts(&question);
    screen.types("wrong one\r");
    screen.shows("! Wrong name or password.");
    screen.prompts(&question);
    screen.types(&format!("{}\r", ACCOUNT.1));
    screen.shows("* Your rooms and conversations: #lobby (3 unread)");
    screen.prompts(&format!("#lobby {}>", ACCOUNT.0));
    never_seen(&screen, ACCOUNT.1);
    never_seen(&screen, "wrong one");
}

/// What is copied often ends with its line: that is no part of the password,
/// wherever it is asked for. A line break inside is, and such a password is refused.
#[test]
fn a_pasted_password_is_the_same_at_every_question() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", ACCOUNT.0]);
    screen.shows("Enter for another name");
    screen.types(&format!("\u{1b}[200~{}\n\u{1b}[201~\r", ACCOUNT.1));
    screen.prompts(&format!("#lobby {}>", ACCOUNT.0));
    screen.types("/password\r");
    screen.prompts("Present password:");
    screen.types(&format!("\u{1b}[200~{}\n\u{1b}[201~\r", ACCOUNT.1));
    screen.prompts("New password:");
    screen.types("\u{1b}[200~zig is enough\nand more\u{1b}[201~\r");
    screen.shows("! A password has 8 to 1024 bytes and no control characters");
    screen.prompts("New password:");
    never_seen(&screen, "zig is enough");
}

#[test]
fn enter_takes_another_name_than_the_accounts() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", ACCOUNT.0]);
    screen.shows("Enter for another name");
    screen.types("\r");
    screen.prompts("Your name [Анна2]:");
    screen.types("\r");
    screen.prompts("#lobby Анна2>");
}

#[test]
fn setting_a_topic_is_told_once() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types("/topic chess\r/bell off\r");
    screen.shows("The bell rings never");
    screen.shows("* boris set the topic of #lobby: chess");
    assert!(!screen.text().contains("The topic of #lobby is"), "{}", screen.text());
    // Nothing has changed, and there is no event; but the person waits for an answer.
    screen.types("/topic chess\r");
    screen.shows("* The topic of #lobby is: chess");
}

#[test]
fn b3_a_script_logs_in_with_a_file_or_a_variable_and_a_wrong_password_is_77() {
    let fake = Fake::start(Faults::default());
    let (right, wrong) = (password_file(ACCOUNT.1), password_file("another one"));
    let login = |file: &NamedTempFile| {
        let path = file.path().to_str().unwrap();
        run(&["--server", &fake.addr, "--nick", ACCOUNT.0, "--retry", "0", "--password-file", path], "")
    };
    let (code, _, err) = login(&right);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("* Your rooms and conversations: #lobby (3 unread)"), "{err}");
    let (code, out, err) = login(&wrong);
    assert_eq!((code, out.as_str(), err.as_str()), (77, "", "! wrong name or password\n"));
    let mut command = client();
    command.args(["--json", "--server", &fake.addr, "--nick", ACCOUNT.0]).env("CHAT_CLIENT_PASSWORD", ACCOUNT.1);
    let pipe = || std::process::Stdio::piped();
    let child = command.stdin(std::process::Stdio::null()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
    let (_, out, _) = finish(child);
    assert!(out.contains(r#""registered":true"#), "{out}");
    let (code, _, err) = run(&["--server", &fake.addr, "--nick", ACCOUNT.0], "");
    assert_eq!(code, 77, "{err}");
}

#[test]
fn a_script_without_a_password_is_told_where_it_is_looked_for() {
    let fake = Fake::start(Faults::default());
    let (code, _, err) = run(&["--server", &fake.addr, "--nick", "bot", "--retry", "0"], "/login\n");
    assert_eq!(code, 65);
    assert!(err.contains("! No password: there is CHAT_CLIENT_PASSWORD, and --password-file FILE."), "{err}");
    let missing = tempdir().unwrap().path().join("none");
    let (code, _, err) = run(&["--server", &fake.addr, "--password-file", missing.to_str().unwrap()], "");
    assert!(code == 1 && err.contains("cannot read the password"), "{code} {err}");
}

#[test]
fn no_debug_output_shows_a_password() {
    let options = Options { password: Some(PASSWORD.into()), ..Options::default() };
    assert!(!format!("{options:?}").contains("тайна"));
    let fake = Fake::start(Faults::default());
    let options = Options { nick: Some(ACCOUNT.0.into()), password: Some(ACCOUNT.1.into()), ..Options::default() };
    let anna = Client::connect(&fake.addr, options).unwrap();
    assert!(!format!("{anna:?}").contains("birch"));
    assert!(anna.is_logged_in());
}

#[test]
fn the_password_logs_in_again_if_the_token_does_not() {
    let fake = Fake::start(Faults::default());
    let relay = Relay::to(&fake.addr);
    let options = Options { nick: Some(ACCOUNT.0.into()), password: Some(ACCOUNT.1.into()), ..Options::default() };
    let anna = Peer(Client::connect(&relay.addr, options).unwrap());
    relay.cut();
    anna.until("the way back", |news| matches!(news, News::Back { instead_of: None, .. }).then_some(()));
    assert!(anna.0.is_logged_in() && anna.0.nick() == ACCOUNT.0);
    // The client does not remember who typed the password, and comes back as another person.
    let relay = Relay::to(&fake.addr);
    let boris = Peer::connect(&relay.addr, "boris");
    let done = boris.0.ask("login", &[("account", ACCOUNT.0.into()), ("password", ACCOUNT.1.into())], DEADLINE);
    assert!(matches!(done, Ok(Done::Login { .. })) && boris.0.nick() == ACCOUNT.0);
    relay.cut();
    let before = boris.until("the way back", |news| match news {
        News::Back { instead_of, .. } => Some(instead_of.clone()),
        _ => None,
    });
    assert_eq!((before.as_deref(), boris.0.nick().as_str()), (Some(ACCOUNT.0), "Анна2"));
    assert!(!boris.0.is_logged_in());
}

#[test]
fn what_was_read_is_said_once_by_an_account_and_never_by_a_guest() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types("hello\r");
    said(&mut screen, "boris: hello");
    assert!(fake.heard("read").is_empty(), "a guest");
    screen.types(&format!("/login {}\r{}\r", ACCOUNT.0, ACCOUNT.1));
    screen.prompts(&format!("#lobby {}>", ACCOUNT.0));
    screen.types("again\rand again\r");
    said(&mut screen, "Анна: and again");
    screen.types("/quit\r");
    assert_eq!(screen.ends().0, 0);
    // The last one is sent before the goodbye.
    let seqs: Vec<u64> = fake.heard("read").iter().map(|read| read["seq"].as_u64().unwrap()).collect();
    assert!(seqs.len() <= 2 && seqs.is_sorted() && seqs.last() == Some(&12), "{seqs:?}");
}
