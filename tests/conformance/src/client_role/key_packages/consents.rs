//! Who may claim a user's KeyPackages (KP-5, KP-6).

use std::sync::Arc;

use serde_json::{Value, json};

use super::uploads::count;
use crate::client_role::device::Device;
use crate::client_role::fault::{Check, same};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("consent.at_first", at_first),
        named("consent.listed", listed),
        named("consent.nobody", nobody),
        named("consent.own", own),
        named("consent.withdrawn", withdrawn),
        named("consent.too_many", too_many),
        named("consent.wrong", wrong),
    ]
}

const PATH: &str = "/client/v1/consent";

/// Says who may add the device's user (KP-5).
async fn consent(device: &Device, users: &[&Device]) -> Check {
    let users: Vec<_> = users.iter().map(|one| one.user.as_str()).collect();
    let answer = device
        .put(PATH, &json!({ "from": "listed", "users": users }))
        .await?;
    answer.expect_good()
}

async fn is_refused(claimer: &Device, device: &Device) -> Check {
    let answer = claimer.claim(&device.user, &claimer.new_room()?).await?;
    answer.refused(403, "consent_required").map(drop)
}

async fn is_given(claimer: &Device, device: &Device) -> Check {
    let answer = claimer.claim(&device.user, &claimer.new_room()?).await?;
    answer.expect_good()
}

async fn read(device: &Device) -> Check<Value> {
    device.get(PATH).await?.good()
}

async fn at_first(site: Arc<Site>) -> Check {
    let device = site.member().await?;
    let anyone = json!({ "from": "anyone", "users": [] });
    same("the consent", &read(&device).await?, &anyone)
}

async fn listed(site: Arc<Site>) -> Check {
    let device = site.member().await?;
    let (friend, stranger) = (site.device().await?, site.device().await?);
    consent(&device, &[&friend]).await?;
    let named = json!({ "from": "listed", "users": [friend.user] });
    same("the consent", &read(&device).await?, &named)?;
    is_refused(&stranger, &device).await?;
    is_given(&friend, &device).await?;
    same("packages left", &count(&device).await?, &2)
}

async fn nobody(site: Arc<Site>) -> Check {
    let (device, stranger) = (site.member().await?, site.device().await?);
    consent(&device, &[]).await?;
    is_refused(&stranger, &device).await?;
    device
        .put(PATH, &json!({ "from": "anyone" }))
        .await?
        .expect_good()?;
    is_given(&stranger, &device).await
}

async fn own(site: Arc<Site>) -> Check {
    let device = site.member().await?;
    consent(&device, &[]).await?;
    is_given(&device, &device).await
}

/// Also one that has no package left looks like one that does not want to.
async fn withdrawn(site: Arc<Site>) -> Check {
    let (device, friend) = (site.member().await?, site.device().await?);
    consent(&device, &[&friend]).await?;
    for _ in 0..3 {
        is_given(&friend, &device).await?;
    }
    consent(&device, &[]).await?;
    is_refused(&friend, &device).await
}

async fn too_many(site: Arc<Site>) -> Check {
    let device = site.member().await?;
    let user = |n: usize| format!("mimi://{}/u/u{n}", device.server());
    let users: Vec<_> = (0..1_025).map(user).collect();
    let body = json!({ "from": "listed", "users": users });
    device.put(PATH, &body).await?.refused(422, "limit")?;
    same("from", &read(&device).await?["from"], &json!("anyone"))
}

async fn wrong(site: Arc<Site>) -> Check {
    let device = site.member().await?;
    let named = json!({ "from": "anyone", "users": [device.user] });
    let answer = device.put(PATH, &named).await?;
    answer.refused(400, "bad_request")?;
    for body in [
        json!({}),
        json!({ "from": "everybody" }),
        json!({ "from": "listed", "users": "bob" }),
        json!({ "from": "listed", "users": ["bob"] }),
    ] {
        device.put(PATH, &body).await?.refused(400, "malformed")?;
    }
    same("from", &read(&device).await?["from"], &json!("anyone"))
}
