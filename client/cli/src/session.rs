//! One chat: the device, the current room, commands in, events out.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{RoomUri, UserUri};
use holm_sdk::{Device, DeviceEvent, RoomState, SdkError};

use tokio::task::JoinError;

use crate::ChatError;
use crate::command::{Command, HELP, RoomChoice, Secret};
use crate::event::{Event, Message, Room};
use crate::text;

/// A chat in progress.
pub(crate) struct Session<O> {
    pub(crate) device: Device,
    output: O,
    json: bool,
    current: Option<RoomUri>,
    /// Own messages that are on their way.
    on_their_way: BTreeSet<ClientMsgId>,
}

/// What a command leads to.
pub(crate) enum Next {
    /// The next line.
    Continue,
    /// An account is there now: the device may run.
    Run,
    /// The end.
    End,
}

impl<O: Write> Session<O> {
    pub(crate) fn new(device: Device, output: O, json: bool) -> Self {
        Self {
            device,
            output,
            json,
            current: None,
            on_their_way: BTreeSet::new(),
        }
    }

    /// Tells who this device is, and takes its newest room as the current one.
    pub(crate) async fn begin(&mut self) -> Result<(), ChatError> {
        match self.device.session() {
            Some(session) => self.tell(&session.into())?,
            None => return self.tell(&Event::NoSession),
        }
        let rooms = self.device.rooms().await;
        let open = rooms
            .into_iter()
            .rev()
            .find(|r| r.state == RoomState::Active);
        match open {
            Some(info) => self.enter(info.room),
            None => Ok(()),
        }
    }

    /// Tells what the device tells.
    pub(crate) fn on_event(&mut self, event: DeviceEvent) -> Result<(), ChatError> {
        let joined = match &event {
            DeviceEvent::Joined { room, .. } if self.current.is_none() => Some(room.clone()),
            _ => None,
        };
        if let DeviceEvent::Sent { client_msg_id, .. }
        | DeviceEvent::Held { client_msg_id, .. }
        | DeviceEvent::Failed { client_msg_id, .. } = &event
        {
            self.on_their_way.remove(client_msg_id);
        }
        // Hops are for those who debug: programs get them, people have the demo.
        if matches!(event, DeviceEvent::Hop { .. }) && !self.json {
            return Ok(());
        }
        self.tell(&event.into())?;
        joined.map_or(Ok(()), |room| self.enter(room))
    }

    /// Tells why the device is no longer connected, where it did not end by itself.
    pub(crate) fn on_run_ended(
        &mut self,
        ended: Result<Result<(), SdkError>, JoinError>,
    ) -> Result<(), ChatError> {
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => self.refuse(&error),
            Err(panic) => self.refuse_as("client", format!("the device stopped: {panic}")),
        }
    }

    /// Whether all own messages have got an answer.
    pub(crate) fn is_quiet(&self) -> bool {
        self.on_their_way.is_empty()
    }

    /// Carries a command out; a refusal is told and the chat goes on.
    pub(crate) async fn on_command(&mut self, command: Command) -> Result<Next, ChatError> {
        match self.carry_out(command).await {
            Ok(next) => Ok(next),
            Err(ChatError::Sdk(error)) => {
                self.refuse(&error)?;
                Ok(Next::Continue)
            }
            Err(error) => Err(error),
        }
    }

    /// Tells an event: a JSON object, or a line for people.
    pub(crate) fn tell(&mut self, event: &Event) -> Result<(), ChatError> {
        let line = match self.json {
            true => Some(serde_json::to_string(event).unwrap_or_else(|e| unreachable!("{e}"))),
            false => text::line(event, self.current.as_ref()),
        };
        if let Some(line) = line {
            writeln!(self.output, "{line}")?;
            self.output.flush()?;
        }
        Ok(())
    }

    /// Tells that something can't be done, and why.
    pub(crate) fn refuse_as(&mut self, code: &str, detail: String) -> Result<(), ChatError> {
        let code = code.to_owned();
        self.tell(&Event::Error { code, detail })
    }

    fn refuse(&mut self, error: &SdkError) -> Result<(), ChatError> {
        let code = error
            .problem()
            .map_or("client", |problem| problem.code.as_str());
        self.refuse_as(code, error.to_string())
    }

    async fn carry_out(&mut self, command: Command) -> Result<Next, ChatError> {
        match command {
            Command::Register { user, password } => {
                return self.account(user, password, true).await;
            }
            Command::Login { user, password } => return self.account(user, password, false).await,
            Command::Name { name } => self.device.set_display_name(&name),
            Command::Create {} => self.create().await?,
            Command::Add { room, users } => {
                let room = self.room(room)?;
                let seq = self.device.add_users(&room, &users).await?;
                self.tell(&Event::Changed { room, seq })?;
            }
            Command::Remove { room, user } => {
                let room = self.room(room)?;
                let seq = self.device.remove_user(&room, &user).await?;
                self.tell(&Event::Changed { room, seq })?;
            }
            Command::Leave { room } => {
                let room = self.room(room)?;
                self.device.leave(&room).await?;
                self.tell(&Event::Leaving { room })?;
            }
            Command::Rooms {} => self.list().await?,
            Command::Room { room } => self.choose(room).await?,
            Command::History { room, limit } => self.history(room, limit).await?,
            Command::Proof { room, file } => {
                let room = self.room(room)?;
                self.write_proof(room, file).await?;
            }
            Command::Send { room, text } => {
                let room = self.room(room)?;
                let queued = self.device.send(&room, &text).await?;
                self.queued(room, queued)?;
            }
            Command::Reply { .. }
            | Command::Edit { .. }
            | Command::Delete { .. }
            | Command::React { .. } => self.about(command).await?,
            Command::Help {} => self.tell(&Event::Help { text: HELP })?,
            Command::Quit {} => return Ok(Next::End),
        }
        Ok(Next::Continue)
    }

    /// An own message is in the outbox.
    pub(crate) fn queued(
        &mut self,
        room: RoomUri,
        client_msg_id: ClientMsgId,
    ) -> Result<(), ChatError> {
        self.on_their_way.insert(client_msg_id);
        self.tell(&Event::Queued {
            room,
            client_msg_id,
        })
    }

    async fn account(
        &mut self,
        user: UserUri,
        password: Option<Secret>,
        new: bool,
    ) -> Result<Next, ChatError> {
        let missing = || SdkError::Invalid("a password is needed, the same both times".to_owned());
        let Secret(password) = password.ok_or_else(missing)?;
        let (server, name) = (user.server(), user.local_name());
        let session = match new {
            true => self.device.register(&server, name, &password).await?,
            false => self.device.log_in(&server, name, &password).await?,
        };
        self.tell(&session.into())?;
        Ok(Next::Run)
    }

    async fn create(&mut self) -> Result<(), ChatError> {
        let room = self.device.create_room().await?;
        self.tell(&Event::Created { room: room.clone() })?;
        self.enter(room)
    }

    async fn list(&mut self) -> Result<(), ChatError> {
        let rooms = self.device.rooms().await.into_iter().enumerate();
        let current = self.current.as_ref();
        let rooms = rooms
            .map(|(index, info)| Room::of(index, info, current))
            .collect();
        self.tell(&Event::Rooms { rooms })
    }

    async fn choose(&mut self, choice: RoomChoice) -> Result<(), ChatError> {
        let mut rooms = self.device.rooms().await.into_iter().map(|info| info.room);
        let found = match choice {
            RoomChoice::Number(number) => number.checked_sub(1).and_then(|n| rooms.nth(n)),
            RoomChoice::Uri(uri) => rooms.find(|room| *room == uri),
        };
        let none = || SdkError::Invalid("no such room; /rooms lists them".to_owned());
        self.enter(found.ok_or_else(none)?)
    }

    /// Writes the proof of two histories into a file of the person's alone.
    async fn write_proof(&mut self, room: RoomUri, file: PathBuf) -> Result<(), ChatError> {
        let none = || SdkError::Invalid("no two histories of this room were found".to_owned());
        let proof = self.device.fork_proof(&room).await?.ok_or_else(none)?;
        let written = write_new(&file, &proof.to_bytes());
        written.map_err(|e| SdkError::Invalid(format!("{}: {e}", file.display())))?;
        self.tell(&Event::Proof { room, file })
    }

    async fn history(&mut self, room: Option<RoomUri>, limit: usize) -> Result<(), ChatError> {
        let room = self.room(room)?;
        let newest = self.newest(&room, limit).await;
        self.tell(&Event::History {
            room,
            messages: newest,
        })
    }

    /// The newest messages of a room, oldest first.
    async fn newest(&self, room: &RoomUri, limit: usize) -> Vec<Message> {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = self.device.timeline(room, after, PAGE).await;
            let (full, last) = (page.len() == PAGE, page.last().and_then(|entry| entry.seq));
            all.extend(page.into_iter().map(Message::from));
            all.drain(..all.len().saturating_sub(limit));
            match last {
                Some(_) if full => after = last,
                _ => return all,
            }
        }
    }

    /// Makes a room the current one.
    fn enter(&mut self, room: RoomUri) -> Result<(), ChatError> {
        self.current = Some(room.clone());
        self.tell(&Event::Current { room })
    }

    /// The room a command is about.
    pub(crate) fn room(&self, given: Option<RoomUri>) -> Result<RoomUri, SdkError> {
        let none = || SdkError::Invalid("no room yet; /create makes one".to_owned());
        given.or_else(|| self.current.clone()).ok_or_else(none)
    }
}

/// Entries read from the timeline at a time.
const PAGE: usize = 500;

/// Writes a file that was not there, for the person alone.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}
