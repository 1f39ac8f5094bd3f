//! What a person or program can ask for, read from a line or from a JSON object.
//!
//! Both forms lead to the same [`Command`]: `/add bob@skerry.test` and
//! `{"command":"add","users":["bob@skerry.test"]}`. A line without a slash is a message to the
//! current room (spec/cli.md).

mod form;

use std::path::PathBuf;

use holm_protocol::{Base64Url, RoomUri, UserUri};
use serde::Deserialize;
use thiserror::Error;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    /// Makes an account, and this device its device.
    Register {
        /// The account.
        #[serde(with = "form::address")]
        user: UserUri,
        /// Asked for where it is missing.
        #[serde(default)]
        password: Option<Secret>,
    },
    /// Opens a session for this device again.
    Login {
        /// The account.
        #[serde(with = "form::address")]
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
        #[serde(with = "form::addresses")]
        users: Vec<UserUri>,
    },
    /// Removes a user from a room.
    Remove {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// Who.
        #[serde(with = "form::address")]
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
    /// Answers a message.
    Reply {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// Which.
        message: MessageChoice,
        /// What.
        text: String,
    },
    /// Gives an own message another version.
    Edit {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// Which.
        message: MessageChoice,
        /// What it says from now on.
        text: String,
    },
    /// Takes an own message back.
    Delete {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// Which.
        message: MessageChoice,
    },
    /// Reacts to a message, or takes all own reactions to it back.
    React {
        /// The room, or the current one.
        #[serde(default)]
        room: Option<RoomUri>,
        /// Which.
        message: MessageChoice,
        /// The reaction; none takes back.
        #[serde(default)]
        text: Option<String>,
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

/// A message by its number in the room, or by its id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum MessageChoice {
    /// Its number.
    Number(u64),
    /// Its id.
    Id(Base64Url),
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
/reply NUMBER TEXT       answer a message; /history shows their numbers
/edit NUMBER TEXT        say it in other words
/delete NUMBER           take a message of yours back
/react NUMBER [TEXT]     react to a message; without a text, take your reactions back
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
            "reply" | "edit" | "delete" | "react" => Self::about(word, rest)?,
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

    /// A command about a message that is there.
    fn about(word: &str, rest: &str) -> Result<Self, CommandError> {
        let (message, text) = numbered(word, rest)?;
        let room = None;
        Ok(match word {
            "reply" => Self::Reply {
                room,
                message,
                text: said(word, text)?,
            },
            "edit" => Self::Edit {
                room,
                message,
                text: said(word, text)?,
            },
            "react" => Self::React {
                room,
                message,
                text: Some(text).filter(|text| !text.is_empty()),
            },
            _ if text.is_empty() => Self::Delete { room, message },
            _ => return Err(unknown(&format!("{word} {rest}"))),
        })
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

/// The message a command is about, and what follows.
fn numbered(command: &str, text: &str) -> Result<(MessageChoice, String), CommandError> {
    let (number, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let number = number.trim_start_matches('#').parse();
    let number = number.map_err(|_not_a_number| {
        CommandError(format!(
            "/{command} takes the number of a message; /history shows them"
        ))
    })?;
    Ok((MessageChoice::Number(number), rest.trim_start().to_owned()))
}

fn said(command: &str, text: String) -> Result<String, CommandError> {
    match text.is_empty() {
        true => Err(CommandError(format!("/{command} NUMBER takes a text"))),
        false => Ok(text),
    }
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

#[cfg(test)]
mod tests;
