//! How the server is called on IRC: its own name, and that of the network. Knows no protocol.

use std::sync::Arc;

/// The longest name, in characters; the same for a server and a network. Names stand in front of many lines.
const LONGEST: usize = 63;

/// The names that IRC clients are told.
///
/// ```
/// use roomful::front::IrcNames;
///
/// let names = IrcNames::default();
/// assert!(names.server.contains('.')); // so that no client takes it for a person
/// assert!(IrcNames::check_server("chat").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IrcNames {
    /// The server, as the prefix of its lines names it.
    pub server: Arc<str>,
    /// The network, as clients show it beside its rooms.
    pub network: Arc<str>,
}

impl Default for IrcNames {
    fn default() -> IrcNames {
        IrcNames { server: "irc.roomful".into(), network: "Roomful".into() }
    }
}

impl IrcNames {
    /// Whether this can be the name of a server.
    ///
    /// # Errors
    /// The sentence that says what it takes.
    pub fn check_server(name: &str) -> Result<(), String> {
        // Clients tell a server from a person by the dot.
        let is_name = is_word(name) && name.contains('.') && !name.starts_with('.') && !name.ends_with('.');
        if is_name {
            Ok(())
        } else {
            Err(format!("it takes a name with a dot in it, such as chat.example, not {name:?}"))
        }
    }

    /// Whether this can be the name of a network.
    ///
    /// # Errors
    /// The sentence that says what it takes.
    pub fn check_network(name: &str) -> Result<(), String> {
        if is_word(name) { Ok(()) } else { Err(format!("it takes one word, such as Roomful, not {name:?}")) }
    }
}

/// Whether it is a word of ASCII letters, digits, dots, dashes and underscores that begins with a letter or a digit.
fn is_word(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.len() <= LONGEST && name.chars().all(is_part) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}
