//! A hub lets a user of the server under test into a room: the copy begins with an anchor, which
//! has to hold in each part (LOG-14, FED-5, FED-12, ADM-12, HEAD-3).

use std::sync::Arc;

use holm_protocol::bundle::{Bundle, CommitBody};
use holm_protocol::room_extension::Hub;
use holm_protocol::{Event, EventKind};
use serde_json::{Value, json};

use super::led::{Led, notify};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::code_of;
use crate::client_role::device::change::Change;
use crate::client_role::device::{base64, unbase64};
use crate::client_role::fault::{Check, During, ensure, same, wrong};

/// Changes the page of an anchor.
type Spoil = fn(&mut Page) -> Check;

/// A page with an anchor, its event taken apart.
struct Page {
    json: Value,
    event: Event,
    body: CommitBody,
    led: Led,
}

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

impl Page {
    /// Puts a changed body into the event, and an honest head to it.
    fn rebuild(&mut self) {
        let header = self.event.header.clone();
        let event = Event::new(header, self.body.to_bytes());
        self.put(&event);
    }

    /// Puts another event in place, with an honest head to it.
    fn put(&mut self, event: &Event) {
        let mut head = self.led.unsigned_head();
        (head.seq, head.hash) = (event.header.seq, event.hash());
        let head = super::led::signed(head, "m1", &self.led.peer.room_key);
        self.json["head"] = json!(head);
        self.json["events"] = json!([base64(&event.to_bytes())]);
    }

    fn flip(bytes: &mut [u8], from_end: usize) {
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
    }

    /// The bundle's signature made anew, as its committer could.
    fn sign_anew(&mut self) -> Check {
        let welcome = unbase64(&self.json["anchors"][0]["welcome"])?;
        let (commit, group_info) = (self.body.commit.clone(), self.body.group_info.clone());
        let key = &self.led.owner.mls_key;
        let bundle = Bundle::sign(
            commit.as_slice().into(),
            Some(welcome.into()),
            group_info.as_slice().into(),
            key,
        );
        self.body = bundle.body();
        self.rebuild();
        Ok(())
    }
}

const INVALID: &[&str] = &["invalid_commit"];

fn spoils() -> Vec<(&'static str, &'static str, &'static [&'static str], Spoil)> {
    vec![
        (
            "welcome_bit",
            "a turned bit in its Welcome",
            INVALID,
            |page| {
                let mut welcome = unbase64(&page.json["anchors"][0]["welcome"])?;
                Page::flip(&mut welcome, 3);
                page.json["anchors"][0]["welcome"] = json!(base64(&welcome));
                Ok(())
            },
        ),
        ("welcome_empty", "an empty Welcome", INVALID, |page| {
            page.json["anchors"][0]["welcome"] = json!("");
            Ok(())
        }),
        ("interim", "another interim hash", INVALID, |page| {
            page.json["anchors"][0]["interim"] = json!(base64(&[1; 32]));
            Ok(())
        }),
        ("tree_absent", "no tree", &["gap"], |page| {
            let anchor = page.json["anchors"][0].as_object_mut();
            anchor.map(|anchor| anchor.remove("tree"));
            Ok(())
        }),
        ("tree_empty", "an empty tree", INVALID, |page| {
            page.json["anchors"][0]["tree"] = json!("");
            Ok(())
        }),
        ("tree_blank", "a tree of one blank node", INVALID, |page| {
            page.json["anchors"][0]["tree"] = json!(base64(&[1, 0]));
            Ok(())
        }),
        (
            "tree_claims_more",
            "a tree that claims a gigabyte",
            INVALID,
            |page| {
                page.json["anchors"][0]["tree"] = json!(base64(&[0xbf, 0xff, 0xff, 0xff, 0]));
                Ok(())
            },
        ),
        (
            "tree_of_blanks",
            "a tree of a million blank nodes",
            INVALID,
            |page| {
                let mut tree = vec![0x80, 0x0f, 0x42, 0x40];
                tree.resize(1_000_004, 0);
                page.json["anchors"][0]["tree"] = json!(base64(&tree));
                Ok(())
            },
        ),
        (
            "tree_too_large",
            "a tree over the limit",
            &["too_large"],
            |page| {
                page.json["anchors"][0]["tree"] = json!(base64(&vec![0; 2_097_153]));
                Ok(())
            },
        ),
        (
            "tree_of_other_group",
            "the tree of another group",
            INVALID,
            |page| {
                let mut other = super::hosted::peer_device(&page.led.peer, "mallory", "m1")?;
                let extension = page.led.owner.extension()?;
                let (room, group_id) = (page.led.room.clone(), page.led.room.group_id(0));
                other.begin_with(&room, &group_id, &extension)?;
                page.json["anchors"][0]["tree"] = json!(base64(&other.tree()?));
                Ok(())
            },
        ),
        (
            "tree_leaf_bit",
            "a turned bit in a leaf of its tree",
            INVALID,
            |page| {
                let mut tree = unbase64(&page.json["anchors"][0]["tree"])?;
                Page::flip(&mut tree, 20);
                page.json["anchors"][0]["tree"] = json!(base64(&tree));
                Ok(())
            },
        ),
        ("no_anchor", "nothing but its event", &["gap"], |page| {
            page.json["anchors"] = json!([]);
            Ok(())
        }),
        (
            "other_number",
            "another number than its event",
            &["gap"],
            |page| {
                page.json["anchors"][0]["seq"] = json!(2);
                Ok(())
            },
        ),
        (
            "event_kind",
            "an event that is no commit",
            &["bad_request"],
            |page| {
                let mut event = page.event.clone();
                event.header.kind = EventKind::MESSAGE;
                page.put(&event);
                Ok(())
            },
        ),
        (
            "event_room",
            "an event of another room",
            &["bad_request"],
            |page| {
                let mut event = page.event.clone();
                let room = holm_protocol::RoomUri::new(&page.led.peer.name, "other");
                event.header.room = room.during("a room")?;
                page.put(&event);
                Ok(())
            },
        ),
        (
            "event_zero",
            "an event of number 0",
            &["bad_request", "gap"],
            |page| {
                let mut event = page.event.clone();
                event.header.seq = 0;
                page.json["anchors"][0]["seq"] = json!(0);
                page.put(&event);
                Ok(())
            },
        ),
        (
            "event_absent",
            "no event at all",
            &["not_found", "gap", "malformed"],
            |page| {
                page.json["events"] = json!([]);
                Ok(())
            },
        ),
        (
            "body_empty",
            "a commit event without a commit",
            &["malformed"],
            |page| {
                let event = Event::new(page.event.header.clone(), Vec::new());
                page.put(&event);
                Ok(())
            },
        ),
        (
            "commit_bit",
            "a turned bit in its commit",
            INVALID,
            |page| {
                let mut commit = page.body.commit.as_slice().to_vec();
                Page::flip(&mut commit, 100);
                page.body.commit = commit.into();
                page.rebuild();
                Ok(())
            },
        ),
        (
            "commit_bit_signed",
            "a turned bit in its commit, the bundle signed anew",
            INVALID,
            |page| {
                let mut commit = page.body.commit.as_slice().to_vec();
                Page::flip(&mut commit, 100);
                page.body.commit = commit.into();
                page.sign_anew()
            },
        ),
        (
            "confirmation_tag",
            "another confirmation tag, the bundle signed anew",
            INVALID,
            |page| {
                let mut commit = page.body.commit.as_slice().to_vec();
                Page::flip(&mut commit, 40);
                page.body.commit = commit.into();
                page.sign_anew()
            },
        ),
        (
            "group_info_bit",
            "a turned bit in its GroupInfo",
            INVALID,
            |page| {
                let mut info = page.body.group_info.as_slice().to_vec();
                Page::flip(&mut info, 5);
                page.body.group_info = info.into();
                page.rebuild();
                Ok(())
            },
        ),
        (
            "group_info_bit_signed",
            "a turned bit in its GroupInfo, the bundle signed anew",
            INVALID,
            |page| {
                let mut info = page.body.group_info.as_slice().to_vec();
                Page::flip(&mut info, 5);
                page.body.group_info = info.into();
                page.sign_anew()
            },
        ),
        (
            "group_info_garbage",
            "a GroupInfo that is none",
            INVALID,
            |page| {
                page.body.group_info = vec![0, 1, 0, 4, 0xff].into();
                page.sign_anew()
            },
        ),
        (
            "group_info_of_epoch_before",
            "the GroupInfo of another epoch",
            INVALID,
            |page| {
                page.led.owner.commit(&Change::update())?;
                page.led.owner.merge()?;
                page.body.group_info = page.led.owner.group_info()?.into();
                page.sign_anew()
            },
        ),
        (
            "bundle_signature",
            "a turned bit in the bundle's signature",
            INVALID,
            |page| {
                page.body.signature.0[9] ^= 1;
                page.rebuild();
                Ok(())
            },
        ),
        (
            "bundle_signer",
            "a bundle signed by another key",
            INVALID,
            |page| {
                page.led.owner.mls_key = crate::client_role::device::new_key();
                page.sign_anew()
            },
        ),
        (
            "welcome_hash",
            "another hash of the Welcome",
            INVALID,
            |page| {
                page.body.welcome_hash = holm_protocol::Hash([3; 32]);
                page.rebuild();
                Ok(())
            },
        ),
        (
            "head_bit",
            "a head whose signature does not hold",
            &["invalid_head"],
            |page| {
                let mut head = unbase64(&page.json["head"])?;
                Page::flip(&mut head, 9);
                page.json["head"] = json!(base64(&head));
                Ok(())
            },
        ),
        ("head_absent", "no head", &["invalid_head"], |page| {
            page.json["head"] = json!("");
            Ok(())
        }),
        (
            "head_key",
            "a head by a key that the hub does not list",
            &["invalid_head"],
            |page| {
                let head = page.led.unsigned_head();
                page.json["head"] = json!(super::led::signed(head, "m7", &page.led.peer.room_key));
                Ok(())
            },
        ),
        (
            "head_term",
            "a head of another term than the group's",
            &["invalid_head"],
            |page| {
                let mut head = page.led.unsigned_head();
                head.term = 2;
                page.json["head"] = json!(super::led::signed(head, "m1", &page.led.peer.room_key));
                Ok(())
            },
        ),
        (
            "head_room",
            "a head of another room",
            &["invalid_head"],
            |page| {
                let mut head = page.led.unsigned_head();
                let room = holm_protocol::RoomUri::new(&page.led.peer.name, "other");
                head.room = room.map_err(|e| wrong(e.to_string()))?;
                page.json["head"] = json!(super::led::signed(head, "m1", &page.led.peer.room_key));
                Ok(())
            },
        ),
        (
            "page_room",
            "the name of another room on the page",
            &["gap", "bad_request", "unclaimed_key_package"],
            |page| {
                page.json["room"] = json!(format!("mimi://{}/r/other", page.led.peer.name));
                page.led.room =
                    holm_protocol::RoomUri::new(&page.led.peer.name, "other").during("a room")?;
                Ok(())
            },
        ),
    ]
}
