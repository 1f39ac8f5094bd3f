//! The conversation.

use holm_protocol::RoomUri;
use holm_sdk::DeviceEvent;
use tokio::time::Instant;

use super::event::Summary;
use super::person::Person;
use super::stage::{Stage, Told};
use crate::failure::Failure;

/// What is said, by alice and bob in turns.
pub const LINES: [&str; 4] = [
    "Hello bob! This goes from islet.test to skerry.test, and neither server can read it.",
    "Hello alice! Your server ordered it, mine relayed it, my device decrypted it.",
    "So whoever runs the servers sees who writes when, and no word of it?",
    "Not one. The keys were made on our devices and never left them.",
];

/// Messages read back of each transcript.
const TRANSCRIPT_MAX: usize = 100;

/// Lets the two talk in a new room.
pub(super) async fn tell(
    stage: &mut Stage,
    alice: &Person,
    bob: &Person,
) -> Result<RoomUri, Failure> {
    let room = alice.device.create_room().await.map_err(Failure::failed)?;
    let added = alice
        .device
        .add_users(&room, std::slice::from_ref(&bob.user))
        .await;
    added.map_err(Failure::failed)?;
    let joined = |told: &Told| {
        matches!(told, Told::Device("bob", DeviceEvent::Joined { room: joined, .. })
            if *joined == room)
    };
    stage.until("bob is added to the room", joined).await?;
    let turns = [(alice, bob), (bob, alice)].into_iter().cycle();
    for (text, (speaker, reader)) in LINES.into_iter().zip(turns) {
        stage.report.say(format!("{} writes: {text}", speaker.name));
        let id = speaker
            .device
            .send(&room, text)
            .await
            .map_err(Failure::failed)?;
        let read = |told: &Told| {
            matches!(told, Told::Device(name, DeviceEvent::Message(entry))
                if *name == reader.name && entry.client_msg_id == id)
        };
        stage.until(&format!("{} reads", reader.name), read).await?;
    }
    Ok(room)
}

/// Compares what each device has decrypted with what was said.
pub(super) async fn compare(
    room: &RoomUri,
    alice: &Person,
    bob: &Person,
    begun: Instant,
) -> Summary {
    let mut summary = Summary {
        users: 2,
        servers: super::DOMAINS.len(),
        messages: LINES.len(),
        deliveries: 0,
        lost: 0,
        differences: 0,
        elapsed_ms: 0,
    };
    for reader in [alice, bob] {
        let transcript = reader.device.timeline(room, None, TRANSCRIPT_MAX).await;
        let turns = [alice, bob].into_iter().cycle();
        for (index, (text, speaker)) in LINES.into_iter().zip(turns).enumerate() {
            let from_other = speaker.user != reader.user;
            match transcript.get(index) {
                Some(entry) if entry.text == text && entry.sender == speaker.user => {
                    summary.deliveries += usize::from(from_other);
                }
                Some(_) => summary.differences += 1,
                None => summary.lost += 1,
            }
        }
        summary.differences += transcript.len().saturating_sub(LINES.len());
    }
    summary.elapsed_ms = begun.elapsed().as_millis();
    summary
}
