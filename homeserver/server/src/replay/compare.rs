//! Holding what every device decrypted against the log, line by line.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use holm_protocol::UserUri;
use holm_protocol::aad::ClientMsgId;
use holm_sdk::TimelineEntry;

use super::crew::Transcript;
use super::log::{Log, Shown};

/// What the comparison found, over all devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Messages at other devices than their speaker's.
    pub(super) deliveries: usize,
    /// Messages that are missing.
    pub(super) lost: usize,
    /// Messages that are there once more.
    pub(super) doubled: usize,
    /// Messages with another speaker, name, text or place than in the log, or of nobody's.
    pub(super) differences: usize,
}

/// Compares; `ids` has the message of each line of the log.
pub(super) fn compare(
    log: &Log,
    users: &[UserUri],
    transcripts: &[Transcript],
    ids: &[ClientMsgId],
) -> Found {
    let lines: BTreeMap<_, _> = ids
        .iter()
        .enumerate()
        .map(|(line, id)| (*id, line))
        .collect();
    let mut found = Found::default();
    for transcript in transcripts {
        let mut times_seen = vec![0_usize; log.lines.len()];
        let mut next = 0;
        for entry in &transcript.entries {
            let Some(&line) = lines.get(&entry.client_msg_id) else {
                found.differences += 1;
                continue;
            };
            times_seen[line] += 1;
            let again = times_seen[line] > 1;
            let in_place = again || line >= next;
            if !in_place || !is_line(log, users, line, entry) {
                found.differences += 1;
            }
            next = next.max(line + 1);
        }
        for (line, seen) in log.lines.iter().zip(times_seen) {
            let own = users.get(line.speaker) == Some(&transcript.user);
            found.deliveries += usize::from(seen > 0 && !own);
            found.lost += usize::from(seen == 0);
            found.doubled += seen.saturating_sub(1);
        }
    }
    found
}

/// Whether an entry says what the log's line says, by whom it says.
fn is_line(log: &Log, users: &[UserUri], line: usize, entry: &TimelineEntry) -> bool {
    let Some(line) = log.lines.get(line) else {
        return false;
    };
    entry.text == line.text
        && users.get(line.speaker) == Some(&entry.sender)
        && log.speakers.get(line.speaker) == Some(&entry.display_name)
}

/// Writes each transcript as the log had it, without times: `u001.txt` and so on.
pub(super) fn write(folder: &Path, transcripts: &[Transcript]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for transcript in transcripts {
        let mut text = String::new();
        for entry in &transcript.entries {
            let nick = &entry.display_name;
            let _ = writeln!(
                text,
                "{}",
                Shown {
                    nick,
                    text: &entry.text
                }
            );
        }
        std::fs::write(folder.join(format!("{}.txt", transcript.name)), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use holm_protocol::RoomUri;
    use holm_sdk::MessageState;

    use super::*;

    struct Scene {
        log: Log,
        users: Vec<UserUri>,
        ids: Vec<ClientMsgId>,
        entries: Vec<TimelineEntry>,
    }

    /// A log of three lines, and what a device makes of it when all goes well.
    fn scene() -> Scene {
        let log = Log::parse("[01:00] <ann> one\n[01:00] <Ann> two\n[01:01] <ann> one\n").unwrap();
        let user = |name: &str| UserUri::from_address(name).unwrap();
        let users = vec![user("u001@islet.test"), user("u002@skerry.test")];
        let ids = vec![
            ClientMsgId([1; 16]),
            ClientMsgId([2; 16]),
            ClientMsgId([3; 16]),
        ];
        let entry = |(line, id): (&super::super::log::Line, &ClientMsgId)| TimelineEntry {
            room: RoomUri::parse("mimi://islet.test/r/room").unwrap(),
            seq: Some(1),
            sender: users[line.speaker].clone(),
            display_name: log.speakers[line.speaker].clone(),
            client_msg_id: *id,
            id: None,
            in_reply_to: None,
            laid: holm_sdk::Laid::default(),
            text: line.text.clone(),
            time: 0,
            state: MessageState::Sent,
        };
        let entries = log.lines.iter().zip(&ids).map(entry).collect();
        Scene {
            log,
            users,
            ids,
            entries,
        }
    }

    fn found(change: impl FnOnce(&mut Vec<TimelineEntry>)) -> Found {
        let mut scene = scene();
        change(&mut scene.entries);
        let transcript = Transcript {
            name: "u001".to_owned(),
            user: scene.users[0].clone(),
            entries: scene.entries,
        };
        compare(&scene.log, &scene.users, &[transcript], &scene.ids)
    }

    #[test]
    fn an_equal_transcript_has_no_findings() {
        let fine = Found {
            deliveries: 1,
            ..Found::default()
        };
        assert_eq!(found(|_| ()), fine);
    }

    #[test]
    fn what_is_lost_doubled_changed_or_out_of_place_is_counted() {
        let counts = |f: Found| (f.lost, f.doubled, f.differences);
        assert_eq!(counts(found(|e| drop(e.remove(1)))), (1, 0, 0));
        assert_eq!(counts(found(|e| e.push(e[0].clone()))), (0, 1, 0));
        assert_eq!(counts(found(|e| e.swap(0, 2))), (0, 0, 2));
        assert_eq!(counts(found(|e| e[1].text.push('!'))), (0, 0, 1));
        assert_eq!(
            counts(found(|e| e[1].display_name = "ann".into())),
            (0, 0, 1)
        );
        assert_eq!(
            counts(found(|e| e[0].client_msg_id = ClientMsgId([9; 16]))),
            (1, 0, 1)
        );
    }
}
