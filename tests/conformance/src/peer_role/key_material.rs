//! Other servers claim KeyPackages of users of the server under test (FED-2, FED-12).

use std::sync::Arc;

use serde_json::{Value, json};

use super::homeserver::Homeserver;
use super::led::claim_path;
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused;
use crate::chance::{now_ms, random};
use crate::client_role::device::{Device, base64, unbase64};
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::wire::{Response, segment};

/// All of them.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = vec![
        plan(
            "claim.correct",
            "a claim gets one valid package of each device",
            "FED-2 ROOM-11 ROOM-3",
            correct,
        ),
        plan(
            "claim.repeated",
            "the same claim gets the same packages",
            "FED-2 S04",
            repeated,
        ),
        plan(
            "claim.once",
            "another claim gets other packages",
            "FED-2 KP-3",
            once,
        ),
        plan(
            "claim.other_room",
            "the id of a claim for another room is refused",
            "FED-2 S22",
            other_room,
        ),
        plan(
            "claim.other_hub",
            "the id of a claim for another hub is refused",
            "FED-2 S22",
            other_hub,
        ),
        plan(
            "claim.other_requester",
            "the id of another requester's claim is refused",
            "FED-2 S22",
            other_requester,
        ),
        plan(
            "claim.other_user",
            "the id of a claim of another user is no claim of this one",
            "FED-2 S22",
            other_user,
        ),
        plan(
            "claim.foreign_requester",
            "nobody claims for another server's user",
            "FED-11 S13",
            foreign_requester,
        ),
        plan(
            "claim.as_the_target",
            "nobody claims for the target's own user",
            "FED-11 S13 S09",
            as_the_target,
        ),
        plan(
            "claim.users_of_others",
            "the target knows nothing of other servers' users",
            "FED-2 ID-2 S21",
            users_of_others,
        ),
        plan(
            "claim.unknown_user",
            "a user that is not there is not found",
            "FED-2 S21",
            unknown_user,
        ),
        plan(
            "claim.device_in_path",
            "a device is no user",
            "ID-5 FED-1 S06",
            device_in_path,
        ),
        plan(
            "claim.exhausted",
            "a user without packages left is said to have none",
            "FED-2 F56 S22",
            exhausted,
        ),
        plan(
            "claim.without_consent",
            "nothing leaves for a user who was not named by the one asked for",
            "KP-5 FED-2",
            without_consent,
        ),
        plan(
            "claim.two_peers",
            "one claim id of two servers are two claims",
            "FED-2 S22",
            two_peers,
        ),
    ];
    let sizes = [0, 1, 15, 17, 32].map(|size| {
        let title = format!("a claim id of {size} bytes is refused");
        plan(
            format!("claim.id_of_{size}"),
            title,
            "FED-2 ENC-3 S22",
            move |stage| async move {
                let (peer, guest) = (stage.peer().await?, stage.invitee().await?);
                let mut body = claim(&peer, "r1");
                body["claim_id"] = json!(base64(&vec![7; size]));
                refused(
                    &peer.post(&claim_path(&guest), &body).await?,
                    400,
                    "malformed",
                )
                .map(drop)
            },
        )
    });
    plans.extend(sizes);
    plans
}

/// A correct claim for a room of the peer, of a fresh id.
fn claim(peer: &Homeserver, room: &str) -> Value {
    json!({
        "requester": peer.user("mallory"),
        "room": format!("mimi://{}/r/{room}", peer.name),
        "hub": peer.name,
        "claim_id": base64(&random::<16>()),
    })
}

async fn ask(peer: &Homeserver, guest: &Device, body: &Value) -> Check<Response> {
    peer.post(&claim_path(guest), body).await
}

async fn correct(stage: Arc<Stage>) -> Check {
    let (peer, guest) = (stage.peer().await?, stage.invitee().await?);
    let answer = ask(&peer, &guest, &claim(&peer, "r1")).await?.good()?;
    same(
        "packages",
        &answer["key_packages"].as_array().map(Vec::len),
        &Some(1),
    )?;
    let given = &answer["key_packages"][0];
    same("device", &given["device"], &json!(guest.identity.device))?;
    let package = unbase64(&given["key_package"])?;
    let view = holm_mls::read_key_package(&package, now_ms()).during("the package (ROOM-11)")?;
    same("its device", &view.identity.device, &guest.identity.device)
}

async fn repeated(stage: Arc<Stage>) -> Check {
    let (peer, guest) = (stage.peer().await?, stage.invitee().await?);
    let body = claim(&peer, "r1");
    let first = ask(&peer, &guest, &body).await?.good()?;
    for _ in 0..3 {
        same("again", &ask(&peer, &guest, &body).await?.good()?, &first)?;
    }
    Ok(())
}

async fn without_consent(stage: Arc<Stage>) -> Check {
    let (peer, guest) = (stage.peer().await?, stage.site.member().await?);
    let consent = async |users: Value| {
        let consent = json!({ "from": "listed", "users": users });
        guest
            .put("/client/v1/consent", &consent)
            .await?
            .expect_good()
    };
    consent(json!([peer.user("bob")])).await?;
    let answer = ask(&peer, &guest, &claim(&peer, "r1")).await?;
    refused(&answer, 403, "consent_required")?;
    consent(json!([peer.user("mallory")])).await?;
    ask(&peer, &guest, &claim(&peer, "r1")).await?.expect_good()
}

async fn once(stage: Arc<Stage>) -> Check {
    let (peer, guest) = (stage.peer().await?, stage.invitee().await?);
    let first = ask(&peer, &guest, &claim(&peer, "r1")).await?.good()?;
    let second = ask(&peer, &guest, &claim(&peer, "r1")).await?.good()?;
    ensure(first != second, || {
        "one package was handed out twice".to_owned()
    })
}

/// A claim, and the same id with a member changed.
async fn conflict(
    stage: &Arc<Stage>,
    member: &str,
    value: impl FnOnce(&Homeserver) -> String,
) -> Check {
    let (peer, guest) = (stage.peer().await?, stage.invitee().await?);
    let mut body = claim(&peer, "r1");
    let first = ask(&peer, &guest, &body).await?.good()?;
    let honest = body.clone();
    body[member] = json!(value(&peer));
    refused(
        &ask(&peer, &guest, &body).await?,
        409,
        "key_package_conflict",
    )?;
    same(
        "the honest claim",
        &ask(&peer, &guest, &honest).await?.good()?,
        &first,
    )
}

async fn other_room(stage: Arc<Stage>) -> Check {
    conflict(&stage, "room", |peer| format!("mimi://{}/r/r2", peer.name)).await
}

async fn other_hub(stage: Arc<Stage>) -> Check {
    conflict(&stage, "hub", |peer| peer.target.clone()).await
}

async fn other_requester(stage: Arc<Stage>) -> Check {
    conflict(&stage, "requester", |peer| peer.user("carol")).await
}

async fn other_user(stage: Arc<Stage>) -> Check {
    let (peer, guest) = (stage.peer().await?, stage.invitee().await?);
    let other = stage.site.member().await?;
    let body = claim(&peer, "r1");
    ask(&peer, &guest, &body).await?.expect_good()?;
    let answer = ask(&peer, &other, &body).await?;
    if answer.status == 200 {
        let given = answer.good()?["key_packages"][0]["device"].clone();
        return same("device", &given, &json!(other.identity.device));
    }
    refused(&answer, 409, "key_package_conflict").map(drop)
}

async fn refused_requester(stage: &Arc<Stage>, requester: &str) -> Check {
    let (peer, guest) = (stage.peer().await?, stage.invitee().await?);
    let mut body = claim(&peer, "r1");
    body["requester"] = json!(requester);
    refused(&ask(&peer, &guest, &body).await?, 403, "not_your_user").map(drop)
}

async fn foreign_requester(stage: Arc<Stage>) -> Check {
    refused_requester(&stage, "mimi://third.example/u/carol").await
}

async fn as_the_target(stage: Arc<Stage>) -> Check {
    let requester = format!("mimi://{}/u/admin", stage.target.domain);
    refused_requester(&stage, &requester).await
}

async fn not_found(stage: &Arc<Stage>, user: impl FnOnce(&Homeserver) -> String) -> Check {
    let peer = stage.peer().await?;
    let path = format!("/federation/v1/keyMaterial/{}", segment(&user(&peer)));
    refused(
        &peer.post(&path, &claim(&peer, "r1")).await?,
        404,
        "not_found",
    )
    .map(drop)
}

async fn users_of_others(stage: Arc<Stage>) -> Check {
    not_found(&stage, |_| "mimi://third.example/u/carol".to_owned()).await?;
    not_found(&stage, |peer| peer.user("mallory")).await
}

async fn unknown_user(stage: Arc<Stage>) -> Check {
    not_found(&stage, |peer| format!("mimi://{}/u/nobody", peer.target)).await
}

async fn device_in_path(stage: Arc<Stage>) -> Check {
    let (peer, guest) = (stage.peer().await?, stage.invitee().await?);
    let path = format!(
        "/federation/v1/keyMaterial/{}",
        segment(guest.identity.device.as_str())
    );
    refused(
        &peer.post(&path, &claim(&peer, "r1")).await?,
        400,
        "malformed",
    )
    .map(drop)
}

async fn exhausted(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let poor = stage.site.device().await?;
    poor.upload(2).await?;
    for _ in 0..2 {
        ask(&peer, &poor, &claim(&peer, "r1"))
            .await?
            .expect_good()?;
    }
    refused(
        &ask(&peer, &poor, &claim(&peer, "r1")).await?,
        409,
        "key_packages_exhausted",
    )?;
    poor.upload(1).await?;
    ask(&peer, &poor, &claim(&peer, "r1")).await?.expect_good()
}

async fn two_peers(stage: Arc<Stage>) -> Check {
    let (one, two, guest) = (
        stage.peer().await?,
        stage.peer().await?,
        stage.invitee().await?,
    );
    let mut body = claim(&one, "r1");
    let first = ask(&one, &guest, &body).await?.good()?;
    body["requester"] = json!(two.user("mallory"));
    let answer = ask(&two, &guest, &body).await?;
    // Another server's claim under the id is another claim: refused, or with packages of its own.
    if answer.status == 200 {
        return ensure(answer.good()? != first, || {
            "one package was handed out twice".to_owned()
        });
    }
    refused(&answer, 409, "key_package_conflict").map(drop)
}
