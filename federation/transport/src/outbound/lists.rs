//! With which servers this one deals, by its operator's word (FED-21).
//!
//! Names are brought to the one spelling of [`ServerName`] when a list is read, and compared byte
//! for byte from then on. What is refused is refused in both directions, before anything is looked
//! up for it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use holm_protocol::{Code, Problem, ServerName};
use thiserror::Error;

/// A name, or every name below one: `islet.example`, `*.islet.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    name: ServerName,
    below: bool,
}

/// A text that is no pattern of names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no server name and no *.name: {cause}")]
pub struct BadPattern {
    text: String,
    cause: String,
}

/// The lists of the configuration; an empty `allow` allows everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// With these alone, where there are any.
    pub allow: Vec<NamePattern>,
    /// Not with these, whatever `allow` says.
    pub deny: Vec<NamePattern>,
}

/// Why a server is not dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwanted {
    /// The operator has blocked it while this server ran.
    Blocked,
    /// The configuration denies it.
    Denied,
    /// The configuration names others alone.
    NotAllowed,
}

/// The lists, and what was blocked since.
#[derive(Debug, Default)]
pub(super) struct Gatekeeper {
    lists: Lists,
    blocked: RwLock<BTreeSet<ServerName>>,
}

impl NamePattern {
    /// Reads a pattern; upper case and a dot at the end are put right, A-labels are expected.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let plain = text.trim().to_ascii_lowercase();
        let plain = plain.strip_suffix('.').unwrap_or(&plain);
        let (below, name) = match plain.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, plain),
        };
        let bad = |cause: holm_protocol::name::NameError| BadPattern {
            text: text.to_owned(),
            cause: cause.to_string(),
        };
        let name = ServerName::parse(name).map_err(bad)?;
        Ok(Self { name, below })
    }

    fn matches(&self, server: &ServerName) -> bool {
        let (name, server) = (self.name.as_str(), server.as_str());
        match self.below {
            false => server == name,
            true => server
                .strip_suffix(name)
                .is_some_and(|rest| rest.ends_with('.')),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(f, "{star}{}", self.name)
    }
}

impl Unwanted {
    /// What the other server is told (FED-21).
    pub fn problem(self) -> Problem {
        Problem::new(Code::PeerBlocked, self.text())
    }

    /// Why, in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Blocked => "the operator of this server has blocked that one",
            Self::Denied => "this server's configuration denies that one (federation.deny)",
            Self::NotAllowed => "this server's configuration names others alone (federation.allow)",
        }
    }
}

impl Gatekeeper {
    pub(super) fn new(lists: Lists) -> Self {
        Self {
            lists,
            blocked: RwLock::default(),
        }
    }

    /// Why this server does not deal with `server`, where it does not.
    pub(super) fn unwanted(&self, server: &ServerName) -> Option<Unwanted> {
        let named = |list: &[NamePattern]| list.iter().any(|pattern| pattern.matches(server));
        let blocked = self.blocked.read().unwrap_or_else(PoisonError::into_inner);
        if blocked.contains(server) {
            Some(Unwanted::Blocked)
        } else if named(&self.lists.deny) {
            Some(Unwanted::Denied)
        } else if !self.lists.allow.is_empty() && !named(&self.lists.allow) {
            Some(Unwanted::NotAllowed)
        } else {
            None
        }
    }

    pub(super) fn set_blocked(&self, server: &ServerName, is_blocked: bool) {
        let mut blocked = self.blocked.write().unwrap_or_else(PoisonError::into_inner);
        if is_blocked {
            blocked.insert(server.clone());
        } else {
            blocked.remove(server);
        }
    }

    pub(super) fn blocked(&self) -> Vec<ServerName> {
        let blocked = self.blocked.read().unwrap_or_else(PoisonError::into_inner);
        blocked.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use holm_protocol::ServerName;

    use super::{Gatekeeper, Lists, NamePattern, Unwanted};

    fn patterns(texts: &[&str]) -> Vec<NamePattern> {
        let parse = |text: &&str| NamePattern::parse(text).unwrap();
        texts.iter().map(parse).collect()
    }

    fn verdict(allow: &[&str], deny: &[&str], server: &str) -> Option<Unwanted> {
        let (allow, deny) = (patterns(allow), patterns(deny));
        let keeper = Gatekeeper::new(Lists { allow, deny });
        keeper.unwanted(&ServerName::parse(server).unwrap())
    }

    #[test]
    fn deny_wins_over_allow_and_an_empty_allow_allows_all() {
        // S29, FED-21
        assert_eq!(verdict(&[], &[], "islet.example"), None);
        let deny = ["*.evil.example", "bad.example"];
        for (server, expected) in [
            ("bad.example", Some(Unwanted::Denied)),
            ("a.evil.example", Some(Unwanted::Denied)),
            ("a.b.evil.example", Some(Unwanted::Denied)),
            ("evil.example", None),
            ("notevil.example", None),
            ("sub.bad.example", None),
        ] {
            assert_eq!(verdict(&[], &deny, server), expected, "{server}");
        }
        let allow = ["islet.example", "*.evil.example"];
        assert_eq!(
            verdict(&allow, &deny, "a.evil.example"),
            Some(Unwanted::Denied)
        );
        assert_eq!(verdict(&allow, &deny, "islet.example"), None);
        assert_eq!(
            verdict(&allow, &deny, "other.example"),
            Some(Unwanted::NotAllowed)
        );
    }

    #[test]
    fn a_listed_name_means_the_same_server_however_it_is_written() {
        // S29, FED-21
        for text in ["Bad.Example", "bad.example.", " BAD.EXAMPLE. "] {
            assert_eq!(verdict(&[], &[text], "bad.example"), Some(Unwanted::Denied));
        }
        for text in [
            "",
            "*",
            "*.",
            "127.0.0.1",
            "bad.example:443",
            "*.*.example",
            "büro.example",
        ] {
            assert!(NamePattern::parse(text).is_err(), "{text}");
        }
        assert_eq!(verdict(&[], &["bad.example"], "xn--bd-lka.example"), None);
    }

    #[test]
    fn a_block_counts_at_once_and_ends_at_once() {
        // FED-21
        let (keeper, server) = (
            Gatekeeper::default(),
            ServerName::parse("bad.example").unwrap(),
        );
        keeper.set_blocked(&server, true);
        assert_eq!(keeper.unwanted(&server), Some(Unwanted::Blocked));
        assert_eq!(keeper.blocked(), std::slice::from_ref(&server));
        keeper.set_blocked(&server, false);
        assert_eq!(keeper.unwanted(&server), None);
    }
}
