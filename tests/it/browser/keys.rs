//! Keys as a keyboard sends them. Knows no page.

use serde_json::{Value, json};

/// Keys with a name: its number on Windows, and what it types.
const NAMED: [(&str, u32, &str); 18] = [
    ("Enter", 13, "\r"),
    ("Tab", 9, ""),
    ("Escape", 27, ""),
    ("Backspace", 8, ""),
    ("Delete", 46, ""),
    ("ArrowUp", 38, ""),
    ("ArrowDown", 40, ""),
    ("ArrowLeft", 37, ""),
    ("ArrowRight", 39, ""),
    ("Home", 36, ""),
    ("End", 35, ""),
    ("PageUp", 33, ""),
    ("PageDown", 34, ""),
    ("F6", 117, ""),
    ("F9", 120, ""),
    ("ContextMenu", 93, ""),
    ("Space", 32, " "),
    // The key under the question mark of an American keyboard.
    ("/", 191, "/"),
];

/// Keys that are held down, and their bits.
const HELD: [(&str, u32); 4] = [("Alt", 1), ("Control", 2), ("Meta", 4), ("Shift", 8)];

/// Pressing and letting go a key, with those before it held: `Alt+Shift+ArrowUp`.
pub fn press(keys: &str) -> Vec<Value> {
    let (held, key) = keys.rsplit_once('+').unwrap_or(("", keys));
    let bits = |name: &str| HELD.iter().find(|(held, _)| *held == name).map_or(0, |(_, bit)| *bit);
    let modifiers: u32 = held.split('+').map(bits).sum();
    match NAMED.iter().find(|(name, ..)| *name == key) {
        Some((name, number, typed)) => {
            let typed = if modifiers & !bits("Shift") == 0 { typed } else { "" };
            let (key, code) = match *name {
                "Space" => (" ", "Space"),
                "/" => ("/", "Slash"),
                name => (name, name),
            };
            stroke(key, code, *number, typed, modifiers)
        }
        None => {
            let letter = key.chars().next().expect("a key");
            stroke(key, &code(letter), u32::from(letter.to_ascii_uppercase()), "", modifiers)
        }
    }
}

/// Typing a character.
pub fn character(typed: char) -> Vec<Value> {
    match typed {
        '\n' => press("Enter"),
        ' ' => press("Space"),
        _ => {
            // The numbers of other signs differ between keyboards, and those of Latin-1 are those of other keys.
            let number = if typed.is_alphanumeric() { u32::from(typed.to_ascii_uppercase()) } else { 0 };
            stroke(&typed.to_string(), &code(typed), number, &typed.to_string(), 0)
        }
    }
}

/// The place of a letter on an American keyboard; of a Russian one where it lies under the same key.
fn code(letter: char) -> String {
    const RUSSIAN: &str = "йцукенгшщзфывапролдячсмить";
    const AMERICAN: &str = "qwertyuiopasdfghjklzxcvbnm";
    let letter = letter.to_lowercase().next().unwrap_or(letter);
    let under = RUSSIAN.chars().position(|russian| russian == letter).and_then(|at| AMERICAN.chars().nth(at));
    match under.unwrap_or(letter) {
        letter if letter.is_ascii_lowercase() => format!("Key{}", letter.to_ascii_uppercase()),
        digit if digit.is_ascii_digit() => format!("Digit{digit}"),
        _ => String::new(),
    }
}

fn stroke(key: &str, code: &str, number: u32, typed: &str, modifiers: u32) -> Vec<Value> {
    // A key of a letter beyond Latin has the number of the Latin one under it.
    let number = if number < 256 { number } else { code.bytes().last().map_or(0, u32::from) };
    let mut down = json!({
        "type": if typed.is_empty() { "rawKeyDown" } else { "keyDown" },
        "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers,
    });
    let mut up = down.clone();
    up["type"] = json!("keyUp");
    if !typed.is_empty() {
        down["text"] = json!(typed);
    }
    // Control and a letter do what they do everywhere, such as to choose all.
    if modifiers == 2 && key == "a" {
        down["commands"] = json!(["selectAll"]);
    }
    vec![down, up]
}
