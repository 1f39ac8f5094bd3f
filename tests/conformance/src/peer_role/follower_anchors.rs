//! A hub lets a user of the server under test into a room: the copy begins with an anchor, which
//! has to hold in each part (LOG-14, FED-5, FED-12, ADM-12, HEAD-3).

use std::sync::Arc;

use holm_mls::provider::Provider;
use holm_protocol::Event;
use holm_protocol::bundle::CommitBody;
use holm_protocol::room_extension::Hub;
use serde_json::{Value, json};

use super::anchor_spoils::{Page, Spoil, spoils};
use super::led::{Led, notify};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::code_of;
use crate::client_role::device::change::Change;
use crate::client_role::device::{base64, unbase64};
use crate::client_role::fault::{Check, During, ensure, same};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = vec![
        plan(
            "follower.anchor.correct",
            "a user is let into a room that another server is hub of",
            "FED-5 FED-12 LOG-14",
            correct,
        ),
        plan(
            "follower.anchor.second_user",
            "a commit after the anchor lets the same user's server go on",
            "FED-5 LOG-14",
            goes_on,
        ),
        plan(
            "follower.anchor.unclaimed",
            "a Welcome for a package that nobody claimed begins no copy",
            "FED-12 M10 M27 S22",
            unclaimed,
        ),
        plan(
            "follower.anchor.claimed_elsewhere",
            "a Welcome for a package claimed for another room begins no copy",
            "FED-12 M27 S22",
            claimed_elsewhere,
        ),
        plan(
            "follower.anchor.other_hub",
            "a package claimed for one hub serves no other",
            "FED-12 S16 M27",
            other_hub,
        ),
        plan(
            "follower.anchor.hub_in_group",
            "a group that names another hub begins no copy",
            "FED-5 ROOM-2 S16",
            hub_in_group,
        ),
        plan(
            "follower.anchor.root_in_group",
            "a group that names another root begins no copy",
            "HEAD-3 S12 S16",
            root_in_group,
        ),
        plan(
            "follower.anchor.targets_room",
            "a room named after the target begins no copy",
            "ID-4 ADM-12 S16",
            targets_room,
        ),
        plan(
            "follower.anchor.certificate",
            "a tree with a leaf that is not certified begins no copy",
            "ROOM-3 LOG-14 M21",
            certificate,
        ),
        plan(
            "follower.anchor.package_twice",
            "a package that let its device in once lets it in nowhere else",
            "FED-12 KP-3 M27",
            package_twice,
        ),
    ];
    plans.extend(truncations());
    plans.extend(spoils().into_iter().map(spoiled));
    plans
}

async fn correct(stage: Arc<Stage>) -> Check {
    let led = Led::entered(&stage).await?;
    let rooms = led.guest.get("/client/v1/rooms").await?.good()?;
    let listed = rooms["rooms"].as_array().cloned().unwrap_or_default();
    let room = listed.iter().find(|room| room["room"] == json!(led.room));
    let anchor = room.map(|room| room["anchor"].clone());
    same("the room's anchor at the guest", &anchor, &Some(json!(1)))
}

async fn goes_on(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let (bundle, _) = led.commit(&Change::update())?;
    let event = led.commit_event(&bundle);
    led.takes(led.page(&[event]), 2).await?;
    led.goes_on().await
}

/// The page is refused and the guest is in no such room.
async fn begins_nothing(led: &Led, page: &Value, codes: &[&str]) -> Check {
    let (cursor, code) = led.bring(page).await?;
    same("cursor", &cursor, &0)?;
    ensure(codes.contains(&code.as_str()), || {
        format!("wanted one of {codes:?}, got {code:?}")
    })?;
    let events = led.guest.events(&led.room, "?after=0&limit=9").await?;
    same("status for the guest", &events.status, &404)
}

async fn unclaimed(stage: Arc<Stage>) -> Check {
    let mut led = Led::begin(&stage).await?;
    // A package that the guest made and never uploaded.
    let page = {
        let package = led.guest.key_package()?;
        led.add(package)?
    };
    begins_nothing(&led, &page, &["unclaimed_key_package"]).await
}

async fn claimed_elsewhere(stage: Arc<Stage>) -> Check {
    let mut led = Led::begin(&stage).await?;
    let other = Led::begin(&stage).await?;
    let package = led.claim_for(&other.room).await?;
    let page = led.add(package)?;
    begins_nothing(&led, &page, &["unclaimed_key_package"]).await
}

async fn other_hub(stage: Arc<Stage>) -> Check {
    let mut led = Led::begin(&stage).await?;
    let page = led.anchor().await?;
    let stranger = stage.peer().await?;
    let answer = notify(&stranger, std::slice::from_ref(&page))
        .await?
        .good()?;
    same(
        "code",
        &code_of(&answer["rooms"][0]["problem"]),
        &"unclaimed_key_package",
    )?;
    led.takes(page, 1).await
}

async fn hub_in_group(stage: Arc<Stage>) -> Check {
    let (peer, other) = (stage.peer().await?, stage.peer().await?);
    let hub = Hub::new(&other.name, peer.root.public());
    let mut led = Led::begin_with(&stage, peer, hub).await?;
    let page = led.anchor().await?;
    begins_nothing(&led, &page, &["not_hub", "invalid_commit"]).await
}

async fn root_in_group(stage: Arc<Stage>) -> Check {
    let (peer, other) = (stage.peer().await?, stage.peer().await?);
    let hub = Hub::new(&peer.name, other.root.public());
    let mut led = Led::begin_with(&stage, peer, hub).await?;
    let page = led.anchor().await?;
    begins_nothing(&led, &page, &["invalid_head"]).await
}

async fn targets_room(stage: Arc<Stage>) -> Check {
    let mut led = Led::begin(&stage).await?;
    let name = holm_protocol::ServerName::parse(&stage.target.domain).during("a name")?;
    led.room = holm_protocol::RoomUri::new(&name, "notyours").during("a room")?;
    let extension = led.owner.extension()?;
    let (room, group_id) = (led.room.clone(), led.room.group_id(0));
    led.owner.begin_with(&room, &group_id, &extension)?;
    led.position = holm_protocol::event::Position::origin(&room);
    // A hub may have come to be one by a change of the hub; the target, whose name the room has,
    // knows that it is none of these rooms.
    let page = led.anchor().await?;
    begins_nothing(
        &led,
        &page,
        &["not_hub", "bad_request", "invalid_commit", "room_exists"],
    )
    .await
}

async fn certificate(stage: Arc<Stage>) -> Check {
    let mut led = Led::begin(&stage).await?;
    // The owner's certificate is of another identity key than the credential names.
    let stranger = crate::client_role::device::new_key();
    let device = led.owner.identity.device.clone();
    let forged =
        crate::client_role::device::certify(&device, &led.owner.mls_key.public(), &stranger);
    led.owner.identity.certificate = forged.certificate;
    led.owner.provider = Provider::default();
    let extension = led.owner.extension()?;
    let (room, group_id) = (led.room.clone(), led.room.group_id(0));
    led.owner.begin_with(&room, &group_id, &extension)?;
    let page = led.anchor().await?;
    begins_nothing(&led, &page, &["invalid_commit", "commit_forbidden"]).await
}

async fn package_twice(stage: Arc<Stage>) -> Check {
    let mut led = Led::begin(&stage).await?;
    let room = led.room.clone();
    let package = led.claim_for(&room).await?;
    let page = led.add(package.clone())?;
    led.takes(page, 1).await?;
    let mut again = Led::begin(&stage).await?;
    let page = again.add(package)?;
    begins_nothing(&again, &page, &["unclaimed_key_package"]).await
}

/// A page whose bytes in one place are cut off at many lengths.
fn truncations() -> Vec<Plan> {
    let places = [
        ("event", "/events/0"),
        ("welcome", "/anchors/0/welcome"),
        ("tree", "/anchors/0/tree"),
    ];
    let plans = places.map(|(name, pointer)| {
        let title = format!("an anchor whose {name} is cut off anywhere begins no copy");
        plan(
            format!("follower.anchor.cut_{name}"),
            title,
            "LOG-14 ENC-2 M01 M25",
            move |stage| async move {
                let mut led = Led::begin(&stage).await?;
                let page = led.anchor().await?;
                let bytes = unbase64(page.pointer(pointer).unwrap_or(&Value::Null))?;
                let step = (bytes.len() / 40).max(1);
                let lengths = (0..bytes.len().min(30)).chain((30..bytes.len()).step_by(step));
                for len in lengths.chain([bytes.len() - 1]) {
                    let mut cut = page.clone();
                    set(&mut cut, pointer, json!(base64(&bytes[..len])));
                    let (cursor, code) = led.bring(&cut).await?;
                    let taken = cursor != 0 || code.is_empty();
                    ensure(!taken, || {
                        format!("{len} of {} bytes were taken", bytes.len())
                    })?;
                }
                let mut longer = page.clone();
                set(
                    &mut longer,
                    pointer,
                    json!(base64(&[bytes, vec![0]].concat())),
                );
                let (cursor, code) = led.bring(&longer).await?;
                ensure(cursor == 0 && !code.is_empty(), || {
                    "a byte more was taken".to_owned()
                })?;
                led.takes(page, 1).await
            },
        )
    });
    plans.into_iter().collect()
}

fn set(page: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = page.pointer_mut(pointer) {
        *place = value;
    }
}

fn spoiled(
    (name, what, codes, spoil): (&'static str, &'static str, &'static [&'static str], Spoil),
) -> Plan {
    let title = format!("an anchor with {what} begins no copy");
    let cites = "LOG-14 FED-5 M10 M15 M25";
    plan(
        format!("follower.anchor.{name}"),
        title,
        cites,
        move |stage| async move {
            let mut led = Led::begin(&stage).await?;
            let json = led.anchor().await?;
            let event = Event::from_bytes(&unbase64(&json["events"][0])?).during("the event")?;
            let body = CommitBody::from_bytes(event.body.as_slice()).during("the commit")?;
            let honest = json.clone();
            let mut page = Page {
                json,
                event,
                body,
                led,
            };
            spoil(&mut page)?;
            begins_nothing(&page.led, &page.json, codes).await?;
            page.led
                .takes(honest, 1)
                .await
                .during("the honest anchor afterwards")
        },
    )
}
