//! The profiles that come with the program, and those in files. Knows no key of a profile.

use std::fs::File;
use std::io::{self, Read};

use crate::check::profile::{Profile, meant};

/// Bytes of a profile at most; each of ours has less than 4 KiB.
const MOST: u64 = 1024 * 1024;

/// The profiles that come with the program, in the order in which they are listed.
const BUILT_IN: &[(&str, &str)] = &[
    ("plain", include_str!("../../../../examples/profiles/plain.toml")),
    ("raw", include_str!("../../../../examples/profiles/raw.toml")),
    ("address", include_str!("../../../../examples/profiles/address.toml")),
    ("quit", include_str!("../../../../examples/profiles/quit.toml")),
    ("rooms", include_str!("../../../../examples/profiles/rooms.toml")),
    ("echo", include_str!("../../../../examples/profiles/echo.toml")),
    ("budget", include_str!("../../../../examples/profiles/budget.toml")),
    ("jhu", include_str!("../../../../examples/profiles/jhu.toml")),
    ("cntraccia", include_str!("../../../../examples/profiles/cntraccia.toml")),
    ("frames", include_str!("../../../../examples/profiles/frames.toml")),
    ("roomful-line", include_str!("../../../../examples/profiles/roomful-line.toml")),
    ("roomful-json", include_str!("../../../../examples/profiles/roomful-json.toml")),
];

impl Profile {
    /// The built-in profile of this name, or the one in this file.
    ///
    /// # Errors
    /// A sentence that says what is wrong, and in which line.
    pub fn load(name: &str) -> Result<Profile, String> {
        if name.ends_with(".toml") {
            let text = read(name).map_err(|error| format!("cannot read {name}: {error}"))?;
            return Profile::parse(&text).map_err(|error| format!("{name}: {error}"));
        }
        let all = Profile::built_in();
        let is_it = |profile: &&Profile| profile.name == name || profile.alias.iter().any(|alias| alias == name);
        if let Some(profile) = all.iter().find(is_it) {
            return Ok(profile.clone());
        }
        let names: Vec<&str> = all.iter().map(|profile| profile.name.as_str()).collect();
        let (near, names) = (meant(name, names.iter().copied()), names.join(", "));
        Err(format!("there is no profile {name:?}{near} (there are {names}, and files that end in .toml)"))
    }

    /// The text of a built-in profile, by its name or another name for it.
    ///
    /// # Errors
    /// As `load`.
    pub fn source(name: &str) -> Result<&'static str, String> {
        let profile = Profile::load(name)?;
        let found = BUILT_IN.iter().find(|(own, _)| *own == profile.name);
        found.map(|(_, text)| *text).ok_or_else(|| format!("{name} is a file already"))
    }

    /// All that come with the program.
    pub fn built_in() -> Vec<Profile> {
        BUILT_IN
            .iter()
            .map(|(name, text)| Profile::parse(text).unwrap_or_else(|error| panic!("profile {name}: {error}")))
            .collect()
    }
}

fn read(name: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(name)?.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other(format!("it has more than {MOST} bytes, so it is no profile")));
    }
    Ok(text)
}
