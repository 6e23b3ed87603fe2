//! A program whose shell lets it go on in the background, and brings it back. The page is `docs/threads.md`.

use std::process::Command;

use crate::client_support::{Peer, Screen};

/// Ctrl-Z and `bg`, as one does to have the prompt back: the server goes on
/// while others are typed to, and takes commands again after `fg`.
#[test]
fn a_console_in_the_background_lets_the_server_go_on_and_takes_commands_after_fg() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("dash");
    command.arg("-i").env("PS1", "shell$ ").env("CHAT_SERVER_MEMORY", "yes").env_remove("ENV").current_dir(&folder);
    let mut shell = Screen::spawn(command);
    shell.prompts("shell$");
    let found = shell.modes();
    shell.types(&format!("{} --listen 127.0.0.1:0 --rate off\r", env!("CARGO_BIN_EXE_chat-server")));
    shell.shows(" ready, room #lobby");
    let text = shell.text();
    let addr = text.lines().find_map(|row| row.trim().strip_prefix("listening on ")).unwrap().trim().to_owned();
    shell.types("\u{1a}");
    shell.prompts("shell$");
    assert_eq!(shell.modes(), found);
    shell.types("bg\r");
    shell.types("echo t''yped\r");
    shell.shows("typed");
    let ann = Peer::connect(&addr, "ann");
    ann.say("still here");
    shell.shows("ann: still here");
    assert_eq!(shell.modes(), found);
    shell.types("fg\r");
    // What is typed after that is for the console.
    shell.prompts(">");
    shell.types("say hello\r");
    shell.prompts(">");
    shell.types("stop\r");
    shell.shows("stopped: ");
    shell.prompts("shell$");
    assert_eq!(shell.modes(), found);
}
