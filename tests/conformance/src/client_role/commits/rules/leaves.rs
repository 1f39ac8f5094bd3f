//! What a committer may make of its own leaf (ADM-3, ADM-5, ADM-6, ADM-10).

use super::{FORBIDDEN, certified, copy};
use std::sync::Arc;

use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{DeviceUri, PrivateKey};

use crate::chance::now_ms;
use crate::client_role::commits::bob_is_refused;
use crate::client_role::device::change::Change;
use crate::client_role::device::{Device, new_key};
use crate::client_role::fault::{Check, During};
use crate::client_role::pair::pair;
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("rule.leaf_renewed", |s| leaf(s, renewed, None)),
        named("rule.leaf_new_key", |s| leaf(s, with_new_key, None)),
        named("rule.leaf_other_device", |s| {
            leaf(s, of_other_device, FORBIDDEN)
        }),
        named("rule.leaf_other_user", |s| {
            leaf(s, of_other_user, FORBIDDEN)
        }),
        named("rule.leaf_other_identity", |s| {
            leaf(s, of_other_identity, FORBIDDEN)
        }),
        named("rule.leaf_uncertified", |s| leaf(s, uncertified, FORBIDDEN)),
        named("rule.leaf_expired", |s| leaf(s, expired, FORBIDDEN)),
        named("rule.leaf_generation", |s| {
            leaf(s, older_generation, FORBIDDEN)
        }),
        named("rule.leaf_noise", |s| {
            leaf(
                s,
                |d| Ok((copy(&d.mls_key), vec![7; 60])),
                Some("invalid_commit"),
            )
        }),
    ]
}

/// A new MLS key, or the one there is, and the identity bytes beside it.
type NewLeaf = fn(&Device) -> Check<(PrivateKey, Vec<u8>)>;

async fn leaf(site: Arc<Site>, make: NewLeaf, code: Option<&'static str>) -> Check {
    let mut pair = pair(&site).await?;
    let new_key = Some(make(&pair.bob)?);
    let bundle = pair.bob.commit(&Change {
        new_key,
        ..Change::update()
    })?;
    match code {
        Some(code) => bob_is_refused(&mut pair, &bundle, code).await,
        None => pair.bob.submit(&pair.room, &bundle).await?.expect_good(),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn renewed(bob: &Device) -> Check<(PrivateKey, Vec<u8>)> {
    let identity = certified(&bob.identity.device, &bob.mls_key, &bob.identity_key, 1);
    Ok((copy(&bob.mls_key), identity.to_bytes()))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn with_new_key(bob: &Device) -> Check<(PrivateKey, Vec<u8>)> {
    let key = new_key();
    let identity = certified(&bob.identity.device, &key, &bob.identity_key, 1);
    Ok((key, identity.to_bytes()))
}

fn of_other_device(bob: &Device) -> Check<(PrivateKey, Vec<u8>)> {
    let other = DeviceUri::new(&bob.user, "other1").during("a device")?;
    let identity = certified(&other, &bob.mls_key, &bob.identity_key, 1);
    Ok((copy(&bob.mls_key), identity.to_bytes()))
}

fn of_other_user(bob: &Device) -> Check<(PrivateKey, Vec<u8>)> {
    let other: DeviceUri = "mimi://islet.example/d/mallory/d1"
        .parse()
        .during("a device")?;
    let identity = certified(&other, &bob.mls_key, &bob.identity_key, 1);
    Ok((copy(&bob.mls_key), identity.to_bytes()))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn of_other_identity(bob: &Device) -> Check<(PrivateKey, Vec<u8>)> {
    let identity = certified(&bob.identity.device, &bob.mls_key, &new_key(), 1);
    Ok((copy(&bob.mls_key), identity.to_bytes()))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn uncertified(bob: &Device) -> Check<(PrivateKey, Vec<u8>)> {
    let mut identity = certified(&bob.identity.device, &bob.mls_key, &new_key(), 1);
    identity.identity_key = bob.identity.identity_key;
    Ok((copy(&bob.mls_key), identity.to_bytes()))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn expired(bob: &Device) -> Check<(PrivateKey, Vec<u8>)> {
    let now = now_ms() / 1_000;
    let (device, key) = (bob.identity.device.clone(), bob.mls_key.public());
    let validity = (now - 7_200, now - 3_600);
    let identity = DeviceIdentity::certify(device, &key, &bob.identity_key, 1, validity);
    Ok((copy(&bob.mls_key), identity.to_bytes()))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn older_generation(bob: &Device) -> Check<(PrivateKey, Vec<u8>)> {
    let identity = certified(&bob.identity.device, &bob.mls_key, &bob.identity_key, 0);
    Ok((copy(&bob.mls_key), identity.to_bytes()))
}
