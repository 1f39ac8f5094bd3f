//! Events as people read them, a line each.
//!
//! Whatever came from somebody else loses its control characters first: a message must not move
//! the cursor, change colors or forge lines of this program.

use holm_protocol::{RoomUri, UserUri};

use crate::event::{Event, Message, Room};

/// The line of an event, if people are told it. `current` is the room that lines go to.
pub(crate) fn line(event: &Event, current: Option<&RoomUri>) -> Option<String> {
    let at = |room: &RoomUri| place(room, current);
    let line = match event {
        Event::Connected
        | Event::Changed { .. }
        | Event::Queued { .. }
        | Event::Expired { seq: None, .. } => return None,
        Event::Expired {
            room,
            seq: Some(seq),
            ..
        } => format!("{}-- message #{seq} has had its time", at(room)),
        Event::Session { user, .. } => format!("-- you are {}", user.address()),
        Event::NoSession => {
            "-- no account on this device yet: /register name@domain, or /help".to_owned()
        }
        Event::CaughtUp => "-- up to date".to_owned(),
        Event::Disconnected { reason } => format!("-- not connected, trying again: {reason}"),
        Event::Created { room } => created(room),
        Event::Joined { room, participants } => joined(room, participants),
        Event::Participants {
            room,
            added,
            removed,
            by,
        } => format!("{}{}", at(room), changed(added, removed, by)),
        Event::Message(message) => format!("{}{}", at(&message.room), said(message)),
        Event::MessageChanged(message) => format!("{}* {}", at(&message.room), said(message)),
        Event::Sent { room, seq, .. } => format!("{}-- sent, number {seq}", at(room)),
        Event::Held { room, hub, .. } => {
            format!("{}-- held by your server until {hub} is back", at(room))
        }
        Event::Failed { room, detail, .. } => format!("{}-- NOT SENT: {detail}", at(room)),
        Event::Leaving { room } => format!(
            "{}-- leaving; it is done once somebody else's device carries it out",
            at(room)
        ),
        Event::Removed { room } => format!("-- you are no longer in room {}", short(room)),
        Event::HubRoot { room, root } => {
            format!(
                "{}-- the room's server has another key now, {root}",
                at(room)
            )
        }
        Event::Order { room, subject } => format!("{}-- {subject} is to be removed", at(room)),
        Event::Alarm { room, what } => format!("{}-- WARNING: {what}", at(room)),
        Event::NotUpToDate { room, since } => format!(
            "{}-- not up to date since {}: your server brings no fresh word of the room's server",
            at(room),
            clock(*since)
        ),
        Event::UpToDate { room } => format!("{}-- up to date again", at(room)),
        Event::Proof { room, file } => format!(
            "{}-- the proof is in {}; `holm verify-proof` checks it, for anybody",
            at(room),
            file.display()
        ),
        Event::Hop { text, .. } => format!("   ({text})"),
        Event::Rooms { rooms } if rooms.is_empty() => "-- no rooms; /create makes one".to_owned(),
        Event::Rooms { rooms } => rooms.iter().map(listed).collect::<Vec<_>>().join("\n"),
        Event::Current { room } => format!("-- lines go to room {}", short(room)),
        Event::History { messages, .. } => messages.iter().map(said).collect::<Vec<_>>().join("\n"),
        Event::Missed { count } => format!("-- {count} events were too fast; see /history"),
        Event::Error { detail, .. } => format!("-- {detail}"),
        Event::Help { text } => (*text).to_owned(),
    };
    Some(printable(&line))
}

fn created(room: &RoomUri) -> String {
    let room = short(room);
    format!("-- room {room} created; /add name@domain brings people in")
}

fn joined(room: &RoomUri, participants: &[UserUri]) -> String {
    let (room, people) = (short(room), names(participants));
    format!("-- you were added to room {room}: {people}")
}

/// What stands before a line of another room than the current one.
fn place(room: &RoomUri, current: Option<&RoomUri>) -> String {
    match current == Some(room) {
        true => String::new(),
        false => format!("[{}] ", short(room)),
    }
}

/// Hours and minutes of a time, UTC.
fn clock(time_ms: u64) -> String {
    let minutes = time_ms / 60_000 % (24 * 60);
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// Without anything that steers a terminal or turns the direction of writing.
fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

fn said(message: &Message) -> String {
    // A line break inside a message must not look like a line of somebody else.
    let text = match message.deleted {
        true => "(taken back)".to_owned(),
        false => message.text.replace('\n', "\n    "),
    };
    let address = message.sender.address();
    let name = message.display_name.replace('\n', " ");
    let who = match name.is_empty() || name == message.sender.local_name() {
        true => address,
        false => format!("{name} ({address})"),
    };
    let number = message
        .seq
        .map(|seq| format!("#{seq} "))
        .unwrap_or_default();
    format!("{number}{who}: {text}{}", marks(message))
}

/// What is told behind a message.
fn marks(message: &Message) -> String {
    let mut marks = Vec::new();
    if message.edits > 0 && !message.deleted {
        marks.push(" (edited)".to_owned());
    }
    if message.in_reply_to.is_some() {
        marks.push(" (an answer)".to_owned());
    }
    marks.extend(match message.state {
        "sending" => Some(" (on its way)".to_owned()),
        "held" => Some(" (held by your server)".to_owned()),
        "failed" => Some(" (NOT SENT)".to_owned()),
        _ => None,
    });
    for reaction in &message.reactions {
        let (text, by) = (reaction.text.replace('\n', " "), reaction.user.address());
        marks.push(format!(" [{text} {by}]"));
    }
    marks.concat()
}

fn changed(added: &[UserUri], removed: &[UserUri], by: &UserUri) -> String {
    let mut parts = Vec::new();
    if !added.is_empty() {
        parts.push(format!("added {}", names(added)));
    }
    if !removed.is_empty() {
        parts.push(format!("removed {}", names(removed)));
    }
    format!("-- {} {}", by.address(), parts.join(" and "))
}

fn listed(room: &Room) -> String {
    let mark = if room.current { '*' } else { ' ' };
    let reason = room
        .reason
        .as_ref()
        .map(|why| format!(": {why}"))
        .unwrap_or_default();
    let (number, people) = (room.number, names(&room.participants));
    format!(
        "{mark}{number} {} ({}{reason}): {people}",
        short(&room.uri),
        room.state
    )
}

fn names(users: &[UserUri]) -> String {
    users
        .iter()
        .map(UserUri::address)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The first letters of a room's name; people tell rooms apart by number.
fn short(room: &RoomUri) -> &str {
    room.rest().get(..6).unwrap_or(room.rest())
}

#[cfg(test)]
mod tests {
    use holm_protocol::aad::ClientMsgId;

    use super::*;

    fn message(text: &str, display_name: &str) -> Event {
        Event::Message(Message {
            room: RoomUri::parse("mimi://islet.test/r/kitchen").unwrap(),
            seq: Some(7),
            time: 0,
            sender: UserUri::from_address("alice@islet.test").unwrap(),
            display_name: display_name.to_owned(),
            client_msg_id: ClientMsgId([0; 16]),
            id: None,
            in_reply_to: None,
            text: text.to_owned(),
            edits: 0,
            deleted: false,
            reactions: Vec::new(),
            state: "sent",
        })
    }

    #[test]
    fn a_message_cannot_steer_the_terminal_or_forge_a_line() {
        let shown = line(
            &message("hi\u{1b}[2J\nbob@skerry.test: yes\r\u{202e}", "alice"),
            None,
        );
        assert_eq!(
            shown.unwrap(),
            "[kitche] #7 alice@islet.test: hi\u{fffd}[2J\n    bob@skerry.test: yes\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn a_display_name_never_hides_the_address() {
        // ID-6
        let room = RoomUri::parse("mimi://islet.test/r/kitchen").unwrap();
        let shown = line(&message("hi", "bob@skerry.test\nroot"), Some(&room)).unwrap();
        assert_eq!(shown, "#7 bob@skerry.test root (alice@islet.test): hi");
    }
}
