//! The words of a command line, split as a shell does, and what is wrong with them. Runs nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::kernel::{ENDINGS, ESCAPES, NO_PROGRAM, is_executable, make_executable};

/// Splits at spaces. Quotes and `\` keep them together, as in a shell; nothing else of a shell is known. On Windows
/// `\` stands for itself.
///
/// # Errors
/// A sentence, if a quote is open, or there is no word.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let open = || format!("the quote {letter} is not closed in: {line}");
                let word = word.get_or_insert_default();
                loop {
                    match letters.next().ok_or_else(open)? {
                        end if end == letter => break,
                        '\\' if letter == '"' && ESCAPES => match letters.next().ok_or_else(open)? {
                            escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                            other => word.extend(['\\', other]),
                        },
                        other => word.push(other),
                    }
                }
            }
            '\\' if ESCAPES => {
                let escaped = letters.next().ok_or_else(|| format!("nothing comes after the last \\ in: {line}"))?;
                word.get_or_insert_default().push(escaped);
            }
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    if words.is_empty() {
        Err("the command is empty: give --command 'python3 server.py {port}'".to_owned())
    } else {
        Ok(words)
    }
}

/// Why a program with this name cannot be started; nothing, if it can.
pub fn trouble(name: &str) -> Option<String> {
    if Path::new(name).components().count() == 1 && !name.starts_with('.') {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut files =
            env::split_paths(&path).flat_map(|folder| ENDINGS.map(|end| folder.join(format!("{name}{end}"))));
        if files.any(|file| is_executable(&file)) {
            return None;
        }
        let near = is_file(Path::new(name)).then(|| format!("; if you mean the file in this folder: ./{name}"));
        let near = near.unwrap_or_else(|| ": is it installed, and is its name right?".to_owned());
        return Some(format!("there is no program {name}{near}"));
    }
    let path = Path::new(name);
    if path.is_dir() {
        return Some(format!("{name} is a folder: name the program in it"));
    }
    if !is_file(path) {
        return Some(format!("there is no file {name} in {}: is its path right?", here()));
    }
    let script = match path.extension().and_then(|ending| ending.to_str()) {
        Some("py") => Some("python3"),
        Some("js") => Some("node"),
        Some("rb") => Some("ruby"),
        Some("sh") => Some("sh"),
        _ => None,
    };
    let allow = make_executable(name);
    (!is_executable(path)).then(|| match script {
        Some(with) => format!("{name} is not executable: start it with {with} {name}{allow}"),
        None => format!("{name} is not executable: build it{allow}"),
    })
}

/// Why the kernel did not take a program that is there and executable.
pub fn refused(name: &str, error: &std::io::Error) -> String {
    let why = match (error.kind(), error.raw_os_error()) {
        (_, Some(NO_PROGRAM)) => {
            "it is no program for this machine; a script needs #! and its language in the first line"
        }
        // The file is there, so it is the program in its first line that is missing.
        (std::io::ErrorKind::NotFound, _) => "its first line names a program that is not there (#!…)",
        _ => return format!("cannot start {name}: {error}"),
    };
    format!("cannot start {name}: {why}")
}

/// A word that looks like a file, and is none: mostly a script whose name is wrong.
pub fn missing_file(words: &[String]) -> Option<String> {
    const ENDINGS: [&str; 12] = ["py", "js", "mjs", "ts", "rb", "sh", "jar", "php", "pl", "lua", "go", "rs"];
    let looks_like_one = |word: &&String| {
        let ending = Path::new(word.as_str()).extension().and_then(|ending| ending.to_str());
        !word.starts_with('-') && ending.is_some_and(|ending| ENDINGS.contains(&ending))
    };
    let missing = words.iter().skip(1).filter(looks_like_one).find(|word| !Path::new(word.as_str()).exists())?;
    let folder = if Path::new(missing).is_absolute() { String::new() } else { format!(" in {}", here()) };
    Some(format!("there is no file {missing}{folder}"))
}

fn here() -> String {
    env::current_dir().unwrap_or_else(|_| PathBuf::from("this folder")).display().to_string()
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        let words = |line| split(line).unwrap();
        assert_eq!(words("python3  server.py\t{port}"), ["python3", "server.py", "{port}"]);
        assert_eq!(words("sh -c 'exit 3'"), ["sh", "-c", "exit 3"]);
        assert_eq!(words(r#"a "b \" c" d\ e f'g'"h" '' "\n""#), ["a", "b \" c", "d e", "fgh", "", "\\n"]);
        assert_eq!(words("echo $HOME *"), ["echo", "$HOME", "*"], "there is no shell");
    }

    #[test]
    fn a_line_that_makes_no_sense_gets_a_sentence() {
        assert_eq!(split("sh -c 'exit").unwrap_err(), "the quote ' is not closed in: sh -c 'exit");
        assert!(split("a \"b\\").unwrap_err().starts_with("the quote \" is not closed"));
        assert!(split("a \\").unwrap_err().starts_with("nothing comes after the last \\"));
        assert!(split("  ").unwrap_err().starts_with("the command is empty"));
    }

    #[test]
    fn a_program_that_cannot_be_started_gets_a_sentence() {
        assert_eq!(trouble("sh"), None);
        assert!(trouble("pyhton3").unwrap().starts_with("there is no program pyhton3: is it installed"));
        assert!(trouble("Cargo.toml").unwrap().ends_with("./Cargo.toml"));
        assert!(trouble("./server").unwrap().starts_with("there is no file ./server in /"));
        assert!(trouble("./src").unwrap().starts_with("./src is a folder"));
        assert!(trouble("./Cargo.toml").unwrap().contains("chmod +x ./Cargo.toml"));
        let script = missing_file(&["python3".to_owned(), "-u".to_owned(), "sever.py".to_owned()]);
        assert!(script.unwrap().starts_with("there is no file sever.py in /"));
        assert_eq!(missing_file(&["cat".to_owned(), "7000".to_owned()]), None);
    }
}
