//! Claiming KeyPackages: each once (KP-3, KP-4, I18).

use super::uploads::count;
use std::sync::Arc;

use holm_protocol::UserUri;
use serde_json::{Value, json};

use crate::chance::{letters, random};
use crate::client_role::device::{Device, unbase64};
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("claim.once", once),
        named("claim.same_id", same_id),
        named("claim.other_claim", other_claim),
        named("claim.other_requester", other_requester),
        named("claim.raced", raced),
        named("claim.exhausted", exhausted),
        named("claim.unknown_user", unknown_user),
        named("claim.id_sizes", id_sizes),
        named("claim.names_requester", names_requester),
        named("claim.unreachable", unreachable),
        named("claim.counts", counts),
    ]
}

/// A user with three packages and one who claims.
async fn two(site: &Site) -> Check<(Device, Device)> {
    Ok((site.member().await?, site.device().await?))
}

fn packages(answer: &Value) -> Check<Vec<Vec<u8>>> {
    let packages = answer["key_packages"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    packages
        .iter()
        .map(|p| unbase64(&p["key_package"]))
        .collect()
}

async fn once(site: Arc<Site>) -> Check {
    let (device, claimer) = two(&site).await?;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = claimer
            .claim(&device.user, &claimer.new_room()?)
            .await?
            .good()?;
        same(
            "device",
            &answer["key_packages"][0]["device"],
            &json!(device.identity.device),
        )?;
        seen.extend(packages(&answer)?);
    }
    seen.sort();
    seen.dedup();
    same("different packages", &seen.len(), &3)?;
    let fourth = claimer.claim(&device.user, &claimer.new_room()?).await?;
    fourth.refused(409, "key_packages_exhausted").map(drop)
}

async fn same_id(site: Arc<Site>) -> Check {
    let (device, claimer) = two(&site).await?;
    let (room, id) = (claimer.new_room()?, random::<16>());
    let first = claimer.claim_as(&device.user, &room, &id).await?.good()?;
    for _ in 0..3 {
        let again = claimer.claim_as(&device.user, &room, &id).await?.good()?;
        same("the packages", &again, &first)?;
    }
    same("packages left", &count(&device).await?, &2)
}

async fn other_claim(site: Arc<Site>) -> Check {
    let (device, claimer) = two(&site).await?;
    let id = random::<16>();
    claimer
        .claim_as(&device.user, &claimer.new_room()?, &id)
        .await?
        .expect_good()?;
    let other = claimer
        .claim_as(&device.user, &claimer.new_room()?, &id)
        .await?;
    other.refused(409, "key_package_conflict")?;
    same("packages left", &count(&device).await?, &2)
}

async fn other_requester(site: Arc<Site>) -> Check {
    let (device, claimer) = two(&site).await?;
    let thief = site.device().await?;
    let (room, id) = (claimer.new_room()?, random::<16>());
    claimer
        .claim_as(&device.user, &room, &id)
        .await?
        .expect_good()?;
    let other = thief.claim_as(&device.user, &room, &id).await?;
    other.refused(409, "key_package_conflict").map(drop)
}

async fn raced(site: Arc<Site>) -> Check {
    let (device, claimer) = (site.device().await?, site.device().await?);
    device.upload(10).await?;
    let room = claimer.new_room()?;
    let ten = (0..10).map(|_| claimer.claim(&device.user, &room));
    let mut seen = Vec::new();
    for answer in futures::future::join_all(ten).await {
        seen.extend(packages(&answer?.good()?)?);
    }
    seen.sort();
    seen.dedup();
    same("different packages", &seen.len(), &10)
}

async fn exhausted(site: Arc<Site>) -> Check {
    let (device, claimer) = (site.device().await?, site.device().await?);
    let (room, id) = (claimer.new_room()?, random::<16>());
    let answer = claimer.claim_as(&device.user, &room, &id).await?;
    answer.refused(409, "key_packages_exhausted")?;
    device.upload(1).await?;
    // The claim was not remembered.
    claimer
        .claim_as(&device.user, &room, &id)
        .await?
        .expect_good()
}

async fn unknown_user(site: Arc<Site>) -> Check {
    let claimer = site.device().await?;
    let nobody = UserUri::new(&claimer.server(), &letters(16)).during("a user")?;
    let answer = claimer.claim(&nobody, &claimer.new_room()?).await?;
    answer.refused(404, "not_found").map(drop)
}

async fn id_sizes(site: Arc<Site>) -> Check {
    let (device, claimer) = two(&site).await?;
    for len in [0, 1, 15, 17, 32] {
        let answer = claimer
            .claim_as(&device.user, &claimer.new_room()?, &vec![7; len])
            .await?;
        answer
            .refused(400, "malformed")
            .during(&format!("{len} bytes"))?;
    }
    same("packages left", &count(&device).await?, &3)
}

async fn names_requester(site: Arc<Site>) -> Check {
    let (device, claimer) = two(&site).await?;
    let (room, id) = (claimer.new_room()?, random::<16>());
    let path = format!(
        "/client/v1/keyMaterial/{}",
        crate::client_role::wire::segment(device.user.as_str())
    );
    let body = json!({
        "room": room, "hub": room.server(), "claim_id": crate::client_role::device::base64(&id),
        "requester": device.user, "user": device.user
    });
    claimer.post(&path, &body).await?.expect_good()?;
    // It counts as the claimer's: asked again by them it is the same claim.
    claimer
        .claim_as(&device.user, &room, &id)
        .await?
        .expect_good()
}

async fn unreachable(site: Arc<Site>) -> Check {
    let claimer = site.device().await?;
    let away: UserUri = "mimi://nothing-is-here.example/u/alice"
        .parse()
        .during("a user")?;
    let answer = claimer.claim(&away, &claimer.new_room()?).await?;
    let problem = answer.problem()?;
    let codes = ["peer_unreachable", "peer_untrusted"];
    ensure(
        codes.contains(&problem["code"].as_str().unwrap_or_default()),
        || format!("a server that is not there: {problem}"),
    )
}

async fn counts(site: Arc<Site>) -> Check {
    let (device, claimer) = two(&site).await?;
    for left in [2, 1, 0] {
        claimer
            .claim(&device.user, &claimer.new_room()?)
            .await?
            .expect_good()?;
        same("packages left", &count(&device).await?, &left)?;
    }
    Ok(())
}
