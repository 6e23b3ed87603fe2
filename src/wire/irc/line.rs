//! One line of IRC, taken apart: tags, command and parameters. Does not know which commands there are.

use std::borrow::Cow;

/// A line as a client sends it. Its source, if it names one, is left out: the session
/// knows better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// The tags between `@` and the space.
    tags: &'a str,
    /// The command, in capitals.
    pub command: Cow<'a, str>,
    /// The parameters; the last one may have spaces.
    pub params: Vec<&'a str>,
}

/// Why a line is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing in it.
    Empty,
    /// It has tags or a source, and no command.
    NoCommand,
}

impl<'a> Line<'a> {
    /// Takes a line apart; it has no ending. More than one space between two
    /// words, and spaces at either end, mean nothing.
    ///
    /// # Errors
    /// [`Fault`] if there is no command in it.
    pub fn parse(text: &'a str) -> Result<Line<'a>, Fault> {
        let rest = text.trim_start_matches(' ');
        if rest.is_empty() {
            return Err(Fault::Empty);
        }
        let (tags, rest) = leading(rest, '@');
        let (_, rest) = leading(rest, ':');
        let (command, mut rest) = word(rest);
        if command.is_empty() {
            return Err(Fault::NoCommand);
        }
        let mut params = Vec::new();
        while !rest.is_empty() {
            if let Some(last) = rest.strip_prefix(':') {
                params.push(last);
                break;
            }
            let (param, behind) = word(rest);
            params.push(param);
            rest = behind;
        }
        Ok(Line { tags: tags.unwrap_or_default(), command: capitals(command), params })
    }

    /// The tags, as they stand there. One without a value has an empty one.
    pub fn tags(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        self.tags.split(';').filter(|tag| !tag.is_empty()).map(|tag| {
            let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
            (name, unescaped(value))
        })
    }

    /// The value of the tag called `name`. If it is there twice, the last one counts.
    pub fn tag(&self, name: &str) -> Option<Cow<'a, str>> {
        self.tags().filter(|(own, _)| *own == name).last().map(|(_, value)| value)
    }

    /// The parameter at `index`, counted from 0. An empty one is as good as none.
    pub fn given(&self, index: usize) -> Option<&'a str> {
        self.params.get(index).copied().filter(|param| !param.is_empty())
    }
}

/// The first word if it begins with `mark`, without the mark; and what is behind it.
fn leading(text: &str, mark: char) -> (Option<&str>, &str) {
    text.strip_prefix(mark).map_or((None, text), |marked| {
        let (word, rest) = word(marked);
        (Some(word), rest)
    })
}

/// The first word, and what is behind it and behind the spaces.
fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim_start_matches(' '))
}

fn capitals(word: &str) -> Cow<'_, str> {
    if word.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(word.to_ascii_uppercase())
    } else {
        Cow::Borrowed(word)
    }
}

/// A tag's value as it is meant. A backslash before any other letter means that letter, and at the end nothing.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut meant = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let letter = if letter == '\\' { letters.next().map(unescaped_letter) } else { Some(letter) };
        meant.extend(letter);
    }
    Cow::Owned(meant)
}

fn unescaped_letter(letter: char) -> char {
    match letter {
        ':' => ';',
        's' => ' ',
        'r' => '\r',
        'n' => '\n',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, Vec<&str>) {
        let line = Line::parse(text).unwrap();
        (line.command.into_owned(), line.params)
    }

    #[test]
    fn a_line_is_taken_apart_at_its_spaces_up_to_a_colon() {
        let whole = parsed(":anna!u@h privmsg  #a   :two  words ");
        assert_eq!(whole, ("PRIVMSG".to_owned(), vec!["#a", "two  words "]));
        assert_eq!(parsed("USER a 0 * x:y "), ("USER".to_owned(), vec!["a", "0", "*", "x:y"]));
        assert_eq!(parsed("TOPIC #a :"), ("TOPIC".to_owned(), vec!["#a", ""]));
        assert_eq!(parsed("  PING ::"), ("PING".to_owned(), vec![":"]));
    }

    #[test]
    fn a_line_without_a_command_is_none() {
        assert_eq!(Line::parse("   "), Err(Fault::Empty));
        assert_eq!(Line::parse(":anna"), Err(Fault::NoCommand));
        assert_eq!(Line::parse("@a=b :anna "), Err(Fault::NoCommand));
    }

    #[test]
    fn tags_are_unescaped_and_the_last_of_a_name_counts() {
        let line = Line::parse(r"@a=1;b;c=x\:\s\\\r\n\z\;a=2;+d= PING x").unwrap();
        assert_eq!(line.tag("a").as_deref(), Some("2"));
        assert_eq!(line.tag("b").as_deref(), Some(""));
        assert_eq!(line.tag("c").as_deref(), Some("x; \\\r\nz"));
        assert_eq!(line.tag("+d").as_deref(), Some(""));
        assert_eq!(line.tag("e"), None);
    }

    #[test]
    fn an_empty_parameter_is_as_good_as_none() {
        let line = Line::parse("NICK :").unwrap();
        assert_eq!((line.given(0), line.given(1)), (None, None));
    }
}
