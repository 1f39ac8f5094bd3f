//! What a person or program can ask for, read from a line or from a JSON object.
//!
//! Both forms lead to the same [`Command`]: `/add bob@skerry.test` and
//! `{"command":"add","users":["bob@skerry.test"]}`. A line without a slash is a message to the
//! current room (spec/cli.md).

use std::path::PathBuf;

use holm_protocol::{RoomUri, UserUri};
use serde::Deserialize;
use thiserror::Error;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    /// Makes an account, and this device its device.
    Register {
        /// The account.
        #[serde(with = "address")]
        user: UserUri,
        /// Asked for where it is missing.
        #[serde(default)]
        password: Option<Secret>,
    },
    /// Opens a session for this device again.
    Login {
        /// The account.
        #[serde(with = "address")]
        user: UserUri,
        /// Asked for where it is missing.
        #[serde(default)]
        password: Option<Secret>,
    },
    /// Sets the name that others see.
    Name {
        /// The name.
        name: String,
    },
    /// Creates a room and makes it the current one.
    Create {},
    /// Adds users to a room.
    Add {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// Who.
        #[serde(with = "addresses")]
        users: Vec<UserUri>,
    },
    /// Removes a user from a room.
    Remove {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// Who.
        #[serde(with = "address")]
        user: UserUri,
    },
    /// Leaves a room.
    Leave {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
    },
    /// Lists rooms.
    Rooms {},
    /// Makes a room the current one.
    Room {
        /// Its number in the list, or its URI.
        room: RoomChoice,
    },
    /// Shows a room's messages.
    History {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// How many, the newest.
        #[serde(default = "history_default")]
        limit: usize,
    },
    /// Writes the proof that the room's server signed two histories of it.
    Proof {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// Where to.
        file: PathBuf,
    },
    /// Sends a message.
    Send {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// What.
        text: String,
    },
    /// Tells what can be asked for.
    Help {},
    /// Ends.
    Quit {},
}

/// A password; never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// A room by its number in the list, or by its URI.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum RoomChoice {
    /// From 1.
    Number(usize),
    /// Its URI.
    Uri(RoomUri),
}

/// Why a line is no command; says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct CommandError(String);

/// Messages that `/history` shows.
fn history_default() -> usize {
    50
}

/// What `/help` shows.
pub(crate) const HELP: &str = "\
/register user@domain    make an account; this device becomes its device
/login user@domain       log in again with this device
/name NAME               set the name that others see
/create                  create a room
/add user@domain ...     add people to the current room
/remove user@domain      remove somebody from the current room
/leave                   leave the current room
/rooms                   list your rooms; those you are added to appear by themselves
/room NUMBER             make another room the current one
/history [COUNT]         show the newest messages of the current room
/proof FILE              write the proof that the room's server signed two histories
/quit                    end
anything else            is sent to the current room (begin with // to send a slash)";

impl Command {
    /// Reads a JSON command.
    pub(crate) fn from_json(line: &str) -> Result<Self, CommandError> {
        serde_json::from_str(line).map_err(|e| CommandError(format!("not a command: {e}")))
    }

    /// Reads a typed line; `None` for an empty one.
    pub(crate) fn from_line(line: &str) -> Option<Result<Self, CommandError>> {
        if line.trim().is_empty() {
            return None;
        }
        let send = |text: &str| Self::Send {
            room: None,
            text: text.to_owned(),
        };
        match line.strip_prefix('/') {
            None => Some(Ok(send(line))),
            Some(text) if text.starts_with('/') => Some(Ok(send(text))),
            Some(command) => Some(Self::from_words(command.trim())),
        }
    }

    fn from_words(text: &str) -> Result<Self, CommandError> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let command = match word {
            "register" => Self::Register {
                user: user(word, rest)?,
                password: None,
            },
            "login" => Self::Login {
                user: user(word, rest)?,
                password: None,
            },
            "name" if !rest.is_empty() => Self::Name {
                name: rest.to_owned(),
            },
            "add" if !rest.is_empty() => Self::Add {
                room: None,
                users: rest
                    .split_whitespace()
                    .map(|w| user(word, w))
                    .collect::<Result<_, _>>()?,
            },
            "remove" => Self::Remove {
                room: None,
                user: user(word, rest)?,
            },
            "room" => Self::Room {
                room: choice(rest)?,
            },
            "history" => Self::History {
                room: None,
                limit: count(rest)?,
            },
            "proof" if !rest.is_empty() => Self::Proof {
                room: None,
                file: PathBuf::from(rest),
            },
            _ if !rest.is_empty() => return Err(unknown(text)),
            "create" => Self::Create {},
            "leave" => Self::Leave { room: None },
            "rooms" => Self::Rooms {},
            "help" => Self::Help {},
            "quit" => Self::Quit {},
            _ => return Err(unknown(text)),
        };
        Ok(command)
    }
}

fn unknown(text: &str) -> CommandError {
    CommandError(format!(
        "/{text}: not a command like that; /help lists them"
    ))
}

fn user(command: &str, text: &str) -> Result<UserUri, CommandError> {
    UserUri::from_address(text).map_err(|e| {
        // Whoever forgot the domain needs no word about URIs.
        let why = match text.contains('@') {
            true => format!(": {e}"),
            false => String::new(),
        };
        CommandError(format!(
            "{text:?} is no address{why}; write /{command} name@domain"
        ))
    })
}

fn choice(text: &str) -> Result<RoomChoice, CommandError> {
    let number = text.parse().map(RoomChoice::Number).ok();
    number
        .or_else(|| RoomUri::parse(text).map(RoomChoice::Uri).ok())
        .ok_or_else(|| CommandError("/room takes a number; /rooms lists them".to_owned()))
}

fn count(text: &str) -> Result<usize, CommandError> {
    match text {
        "" => Ok(history_default()),
        _ => text.parse().map_err(|_not_a_number| {
            CommandError("/history takes how many messages to show".to_owned())
        }),
    }
}

/// A user as people write it.
mod address {
    use holm_protocol::UserUri;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UserUri, D::Error> {
        let text = String::deserialize(from)?;
        UserUri::from_address(&text).map_err(|e| D::Error::custom(format!("{text:?}: {e}")))
    }
}

/// Users as people write them.
mod addresses {
    use holm_protocol::UserUri;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<UserUri>, D::Error> {
        let parse = |text: &String| {
            UserUri::from_address(text).map_err(|e| D::Error::custom(format!("{text:?}: {e}")))
        };
        Vec::<String>::deserialize(from)?
            .iter()
            .map(parse)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> UserUri {
        UserUri::from_address("bob@skerry.test").unwrap()
    }

    #[test]
    fn a_line_and_a_json_object_ask_for_the_same() {
        // ID-6: people write name@server.
        for (line, json) in [
            (
                "/register bob@skerry.test",
                r#"{"command":"register","user":"bob@skerry.test"}"#,
            ),
            (
                "/add bob@skerry.test",
                r#"{"command":"add","users":["bob@skerry.test"]}"#,
            ),
            (
                "/remove  bob@skerry.test ",
                r#"{"command":"remove","user":"bob@skerry.test"}"#,
            ),
            ("/leave", r#"{"command":"leave"}"#),
            ("/rooms", r#"{"command":"rooms"}"#),
            ("/room 2", r#"{"command":"room","room":2}"#),
            ("/history 3", r#"{"command":"history","limit":3}"#),
            (
                "hello there ",
                r#"{"command":"send","text":"hello there "}"#,
            ),
            ("//shrug", r#"{"command":"send","text":"/shrug"}"#),
            ("/quit", r#"{"command":"quit"}"#),
        ] {
            assert_eq!(
                Command::from_line(line).unwrap().unwrap(),
                Command::from_json(json).unwrap()
            );
        }
        let add = Command::from_json(r#"{"command":"add","users":["mimi://skerry.test/u/bob"]}"#);
        assert_eq!(
            add.unwrap(),
            Command::Add {
                room: None,
                users: vec![bob()]
            }
        );
    }

    #[test]
    fn what_is_no_command_is_said_and_not_sent() {
        for line in [
            "/ad bob@skerry.test",
            "/add",
            "/add bob",
            "/quit now",
            "/room x",
            "/",
        ] {
            assert!(Command::from_line(line).unwrap().is_err(), "{line}");
        }
        assert!(Command::from_line("  ").is_none());
        for json in [
            "hello",
            r#"{"command":"fly"}"#,
            r#"{"command":"leave","rom":"x"}"#,
        ] {
            assert!(Command::from_json(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let json = r#"{"command":"login","user":"bob@skerry.test","password":"correct horse"}"#;
        let command = Command::from_json(json).unwrap();
        assert!(!format!("{command:?}").contains("horse"));
    }
}
