//! Beginning a room: what a server takes as one, and from whom (RM-1, ADM-12).

use std::sync::Arc;

use holm_mls::{credential, settings, signer};
use holm_protocol::room_extension::{Hub, Role, RoomExtension};
use holm_protocol::{RoomUri, UserUri};
use openmls::prelude::tls_codec::VLBytes;
use openmls::prelude::{
    Extension, ExtensionType, Extensions, GroupContext, GroupId,
    MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupCreateConfig,
    RequiredCapabilitiesExtension, UnknownExtension,
};
use serde_json::{Value, json};

use crate::client_role::device::change::Change;
use crate::client_role::device::{Device, base64, new_key, unbase64};
use crate::client_role::fault::{Check, During, same};
use crate::client_role::pair::log;
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("room.create", creates),
        named("room.create.repeat", repeat),
        named("room.create.other_beginning", other_beginning),
        named("room.create.taken", taken),
        named("room.create.foreign", foreign),
        named("room.create.other_name", |s| {
            begun_as(s, |room| format!("{room}x#0"), "invalid_commit")
        }),
        named("room.create.generation", |s| {
            begun_as(s, |room| format!("{room}#1"), "commit_forbidden")
        }),
        named("room.create.group_id", |s| {
            begun_as(s, |room| format!("{room}#00"), "invalid_commit")
        }),
        named("room.create.epoch", later_epoch),
        named("room.create.hub", |s| {
            extended(s, |e| {
                e.hub.domain = VLBytes::new(b"elsewhere.example".to_vec());
            })
        }),
        named("room.create.term", |s| extended(s, |e| e.hub.term = 2)),
        named("room.create.root", |s| {
            extended(s, |e| e.hub.root = new_key().public())
        }),
        named("room.create.ownerless", |s| {
            extended(s, |e| e.roles.clear())
        }),
        named("room.create.owned_by_another", |s| {
            extended(s, |e| e.roles[0].user = mallory())
        }),
        named("room.create.version", |s| {
            malformed_extension(s, |e| e.version = 2)
        }),
        named("room.create.role_twice", |s| {
            malformed_extension(s, |e| e.roles.push(e.roles[0].clone()))
        }),
        named("room.create.member_role", |s| {
            malformed_extension(s, |e| e.roles[0].role = Role::Member)
        }),
        named("room.create.banned_owner", |s| {
            malformed_extension(s, |e| e.bans.push(e.roles[0].user.clone()))
        }),
        named("room.create.no_extension", |s| {
            with_context(s, vec![required()])
        }),
        named("room.create.no_required", without_required),
        named("room.create.of_another", of_another),
        named("room.create.other_tree", other_tree),
        named("room.create.huge_tree", huge_tree),
        named("room.create.cut_tree", cut_tree),
        named("room.create.noise", noise),
        named("room.create.flipped", flipped),
        named("room.create.sql", sql),
    ]
}

/// Somebody else.
fn mallory() -> UserUri {
    let user = "mimi://islet.example/u/mallory".parse();
    user.unwrap_or_else(|e| unreachable!("the name is one: {e}"))
}

async fn creates(site: Arc<Site>) -> Check {
    let mut device = site.device().await?;
    let room = device.create_room().await?;
    let answer = device.get("/client/v1/rooms").await?.good()?;
    let wanted = json!([{ "room": room, "anchor": 0, "delivered": 0, "read": 0 }]);
    same("rooms", &answer["rooms"], &wanted)?;
    same("events", &log(&device, &room).await?, &vec![])
}

/// A device with the beginning of a room that was not sent.
async fn beginning(site: &Site) -> Check<(Device, RoomUri, Value)> {
    let mut device = site.device().await?;
    let (room, root) = (device.new_room()?, device.root().await?);
    let body = device.begin(&room, root)?;
    Ok((device, room, body))
}

async fn repeat(site: Arc<Site>) -> Check {
    let (device, _room, body) = beginning(&site).await?;
    for _ in 0..3 {
        device
            .post("/client/v1/rooms", &body)
            .await?
            .expect_good()?;
    }
    let answer = device.get("/client/v1/rooms").await?.good()?;
    same("rooms", &answer["rooms"].as_array().map(Vec::len), &Some(1))
}

async fn other_beginning(site: Arc<Site>) -> Check {
    let (mut device, room, body) = beginning(&site).await?;
    device
        .post("/client/v1/rooms", &body)
        .await?
        .expect_good()?;
    let root = device.root().await?;
    device.provider = holm_mls::provider::Provider::default();
    let other = device.begin(&room, root)?;
    let answer = device.post("/client/v1/rooms", &other).await?;
    answer.refused(409, "room_exists")?;
    device
        .post("/client/v1/rooms", &body)
        .await?
        .expect_good()
        .during("the first one again")
}

async fn taken(site: Arc<Site>) -> Check {
    let (device, room, body) = beginning(&site).await?;
    device
        .post("/client/v1/rooms", &body)
        .await?
        .expect_good()?;
    let mut thief = site.device().await?;
    let root = thief.root().await?;
    let theirs = thief.begin(&room, root)?;
    thief
        .post("/client/v1/rooms", &theirs)
        .await?
        .refused(409, "room_exists")
        .map(drop)
}

async fn foreign(site: Arc<Site>) -> Check {
    let mut device = site.device().await?;
    let room: RoomUri = "mimi://elsewhere.example/r/abc".parse().during("a room")?;
    let root = device.root().await?;
    let body = device.begin(&room, root)?;
    device
        .post("/client/v1/rooms", &body)
        .await?
        .refused(400, "bad_request")
        .map(drop)
}

async fn extension_of(device: &Device) -> Check<RoomExtension> {
    let hub = Hub::new(&device.server(), device.root().await?);
    Ok(RoomExtension::new(hub, device.user.clone()))
}

async fn begun_as(site: Arc<Site>, id: fn(&RoomUri) -> String, code: &'static str) -> Check {
    let mut device = site.device().await?;
    let (room, extension) = (device.new_room()?, extension_of(&device).await?);
    let body = device.begin_with(&room, id(&room).as_bytes(), &extension)?;
    device
        .post("/client/v1/rooms", &body)
        .await?
        .refused(422, code)
        .map(drop)
}

async fn later_epoch(site: Arc<Site>) -> Check {
    let (mut device, room, _body) = beginning(&site).await?;
    device.commit(&Change::update())?;
    device.merge()?;
    let body = device.beginning(&room)?;
    device
        .post("/client/v1/rooms", &body)
        .await?
        .refused(422, "commit_forbidden")
        .map(drop)
}

/// A beginning whose extension admission refuses (ADM-12).
async fn extended(site: Arc<Site>, change: fn(&mut RoomExtension)) -> Check {
    begun_with_extension(site, change, "commit_forbidden").await
}

/// A beginning whose extension contradicts itself (ROOM-5).
async fn malformed_extension(site: Arc<Site>, change: fn(&mut RoomExtension)) -> Check {
    begun_with_extension(site, change, "invalid_commit").await
}

async fn begun_with_extension(
    site: Arc<Site>,
    change: fn(&mut RoomExtension),
    code: &'static str,
) -> Check {
    let mut device = site.device().await?;
    let (room, mut extension) = (device.new_room()?, extension_of(&device).await?);
    change(&mut extension);
    let body = device.begin_with(&room, &room.group_id(0), &extension)?;
    let answer = device.post("/client/v1/rooms", &body).await?;
    answer.refused(422, code).map(drop)
}

fn required() -> Extension {
    let room = ExtensionType::Unknown(holm_protocol::room_extension::ROOM_EXTENSION_TYPE);
    let basic = openmls::prelude::CredentialType::Basic;
    Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(&[room], &[], &[basic]))
}

/// A group begun with exactly these extensions.
async fn with_context(site: Arc<Site>, extensions: Vec<Extension>) -> Check {
    let mut device = site.device().await?;
    let room = device.new_room()?;
    let extensions: Extensions<GroupContext> =
        Extensions::from_vec(extensions).during("extensions")?;
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(settings::CIPHERSUITE)
        .capabilities(settings::capabilities())
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .with_group_context_extensions(extensions)
        .build();
    let group = MlsGroup::new_with_group_id(
        &device.provider,
        &signer(&device.mls_key),
        &config,
        GroupId::from_slice(&room.group_id(0)),
        credential(&device.identity, &device.mls_key.public()),
    );
    device.group = Some(Box::new(group.during("a group")?));
    let answer = device
        .post("/client/v1/rooms", &device.beginning(&room)?)
        .await?;
    let problem = answer.problem()?;
    same("status", &answer.status, &422).during(&problem.to_string())
}

async fn without_required(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let bytes = extension_of(&device).await?.to_bytes();
    let kind = holm_protocol::room_extension::ROOM_EXTENSION_TYPE;
    let room = Extension::Unknown(kind, UnknownExtension(bytes));
    with_context(site, vec![room]).await
}

async fn of_another(site: Arc<Site>) -> Check {
    let (_device, _room, body) = beginning(&site).await?;
    let thief = site.device().await?;
    thief
        .post("/client/v1/rooms", &body)
        .await?
        .refused(422, "commit_forbidden")
        .map(drop)
}

async fn other_tree(site: Arc<Site>) -> Check {
    let (device, _room, mut body) = beginning(&site).await?;
    let (_other, _its_room, other) = beginning(&site).await?;
    body["tree"] = other["tree"].clone();
    device
        .post("/client/v1/rooms", &body)
        .await?
        .refused(422, "invalid_commit")
        .map(drop)
}

async fn huge_tree(site: Arc<Site>) -> Check {
    let (device, _room, mut body) = beginning(&site).await?;
    // A node that is not there is one byte.
    let nodes = vec![0; 100_000];
    body["tree"] = json!(base64(&holm_protocol::encoding::encode(&VLBytes::new(
        nodes
    ))));
    let answer = device.post("/client/v1/rooms", &body).await?;
    answer.refused(422, "invalid_commit").map(drop)
}

async fn cut_tree(site: Arc<Site>) -> Check {
    let (device, _room, body) = beginning(&site).await?;
    let tree = unbase64(&body["tree"])?;
    for len in (0..tree.len()).step_by(13) {
        let mut cut = body.clone();
        cut["tree"] = json!(base64(&tree[..len]));
        let answer = device.post("/client/v1/rooms", &cut).await?;
        answer
            .refused(422, "invalid_commit")
            .during(&format!("the first {len} bytes"))?;
    }
    device.post("/client/v1/rooms", &body).await?.expect_good()
}

async fn noise(site: Arc<Site>) -> Check {
    let (device, _room, body) = beginning(&site).await?;
    for member in ["group_info", "tree"] {
        for bytes in [
            vec![],
            vec![0xa5; 400],
            vec![0xff; 9],
            vec![0xbf, 0xff, 0xff, 0xff, 1],
        ] {
            let mut spoiled = body.clone();
            spoiled[member] = json!(base64(&bytes));
            let answer = device.post("/client/v1/rooms", &spoiled).await?;
            answer.refused(422, "invalid_commit").during(member)?;
        }
    }
    device.post("/client/v1/rooms", &body).await?.expect_good()
}

async fn flipped(site: Arc<Site>) -> Check {
    let (device, _room, body) = beginning(&site).await?;
    for member in ["group_info", "tree"] {
        let good = unbase64(&body[member])?;
        for at in (0..good.len()).step_by(11) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x08;
            let mut spoiled = body.clone();
            spoiled[member] = json!(base64(&bytes));
            let answer = device.post("/client/v1/rooms", &spoiled).await?;
            let problem = answer.problem().during(&format!("{member}, byte {at}"))?;
            same("status", &answer.status, &422).during(&problem.to_string())?;
        }
    }
    device.post("/client/v1/rooms", &body).await?.expect_good()
}

async fn sql(site: Arc<Site>) -> Check {
    let (device, _room, mut body) = beginning(&site).await?;
    for id in [
        "'; DROP TABLE room; --",
        "\" OR 1=1",
        "a' UNION SELECT",
        "%",
        "a%_",
    ] {
        body["room"] = json!(format!("mimi://{}/r/{id}", site.domain));
        device
            .post("/client/v1/rooms", &body)
            .await?
            .refused(400, "malformed")
            .during(id)?;
    }
    Ok(())
}
