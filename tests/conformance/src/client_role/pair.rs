//! Two devices in a room, as most cases begin.

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{Event, RoomUri};
use serde_json::{Value, json};

use super::device::change::Change;
use super::device::{Device, base64, event, room_path, unbase64};
use super::fault::{Check, During, ensure, same, wrong};
use super::site::Site;
use super::wire::Socket;
use crate::chance::random;

/// A room of Alice's with Bob in it. Its log: event 1 lets Bob in.
pub(crate) struct Pair {
    /// Who made the room and owns it.
    pub(crate) alice: Device,
    /// A member.
    pub(crate) bob: Device,
    /// The room.
    pub(crate) room: RoomUri,
}

/// Two new users in a new room.
pub(crate) async fn pair(site: &Site) -> Check<Pair> {
    let (mut alice, mut bob) = (site.device().await?, site.member().await?);
    let room = alice.create_room().await?;
    add(&mut alice, &mut bob, &room).await?;
    Ok(Pair { alice, bob, room })
}

/// Adds a user to a room, with tree and all.
pub(crate) async fn add(owner: &mut Device, joiner: &mut Device, room: &RoomUri) -> Check {
    let package = owner.claim_one(&joiner.user, room).await?;
    let bundle = owner.commit(&Change::add(vec![package]))?;
    let answer = owner.submit(room, &bundle).await?.good().during("adding")?;
    owner.merge()?;
    let path = format!("{}?seq={}", room_path(room, "tree"), answer["seq"]);
    let tree = joiner.get(&path).await?.good().during("the tree")?;
    let welcome = bundle.welcome.unwrap_or_default();
    joiner.join(&welcome, &unbase64(&tree["tree"])?)
}

/// A third user, added by Alice; Bob merges the commit.
pub(crate) async fn third(site: &Site, pair: &mut Pair) -> Check<Device> {
    let mut carol = site.member().await?;
    add(&mut pair.alice, &mut carol, &pair.room).await?;
    let newest = newest(&pair.alice, &pair.room).await?;
    pair.bob.receive(&commit_of(&newest)?)?;
    Ok(carol)
}

/// The newest event of a room, as a device of it reads it.
pub(crate) async fn newest(device: &Device, room: &RoomUri) -> Check<Event> {
    let log = log(device, room).await?;
    let last = log.into_iter().next_back();
    last.ok_or_else(|| wrong("the log is empty"))
}

/// All events of a room that a device may read.
pub(crate) async fn log(device: &Device, room: &RoomUri) -> Check<Vec<Event>> {
    let answer = device.events(room, "").await?.good().during("the log")?;
    let events = answer["events"].as_array().cloned().unwrap_or_default();
    events.iter().map(event).collect()
}

/// The commit of a commit event.
pub(crate) fn commit_of(event: &Event) -> Check<Vec<u8>> {
    use holm_protocol::bundle::CommitBody;
    let body: CommitBody = holm_protocol::encoding::decode(event.body.as_slice())
        .during("the body of a commit event (LOG-10)")?;
    Ok(body.commit.as_slice().to_vec())
}

/// A `send` frame.
pub(crate) fn send(room: &RoomUri, message: &[u8]) -> Value {
    json!({ "type": "send", "room": room, "message": base64(message) })
}

/// A fresh id.
pub(crate) fn new_id() -> ClientMsgId {
    ClientMsgId(random())
}

/// Sends a message and waits for its place in the log.
pub(crate) async fn sent(socket: &mut Socket, room: &RoomUri, message: &[u8]) -> Check<u64> {
    let answer = answered(socket, room, message).await?;
    ensure(answer["type"] == "sent", || {
        format!("wanted sent, got {answer}")
    })?;
    answer["seq"]
        .as_u64()
        .ok_or_else(|| wrong(format!("no seq in {answer}")))
}

/// Sends a message and waits for its answer, whatever it is.
pub(crate) async fn answered(socket: &mut Socket, room: &RoomUri, message: &[u8]) -> Check<Value> {
    socket.say(&send(room, message)).await?;
    loop {
        let frame = socket.next_frame().await.during("the answer to a send")?;
        if frame["type"] == "sent" || frame["type"] == "problem" || frame["type"] == "held" {
            return Ok(frame);
        }
    }
}

/// Sends a message that has to be refused with this code.
pub(crate) async fn refused(
    socket: &mut Socket,
    room: &RoomUri,
    message: &[u8],
    code: &str,
) -> Check<Value> {
    let answer = answered(socket, room, message).await?;
    same(
        &format!("the answer {answer}"),
        &answer["problem"]["code"],
        &json!(code),
    )?;
    Ok(answer)
}
