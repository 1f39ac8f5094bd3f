//! Enrolling: which certificates a server takes, and what a device may do before (ACC-5, API-3).

use super::sessions::log_in;
use std::sync::Arc;
use std::time::Duration;

use holm_protocol::DeviceUri;
use holm_protocol::identity::DeviceIdentity;
use serde_json::json;

use crate::chance::now_ms;
use crate::client_role::device::{Device, base64, certify, new_key};
use crate::client_role::fault::{Check, During, ensure};
use crate::client_role::plan::{Plan, named, plan};
use crate::client_role::site::{Session, Site};
use crate::client_role::table::{Endpoint, endpoints};

pub(super) fn plans() -> Vec<Plan> {
    let mut plans = vec![
        named("account.enroll.again", enroll_again),
        named("account.enroll.other_key", enroll_other_key),
        named("account.enroll.second", enroll_second),
        named("account.enroll.of_another", |s| {
            bad_certificate(s, of_another_device)
        }),
        named("account.enroll.other_identity", |s| {
            bad_certificate(s, by_another_identity)
        }),
        named("account.enroll.mls_key", |s| {
            bad_certificate(s, for_another_key)
        }),
        named("account.enroll.expired", |s| bad_certificate(s, expired)),
        named("account.enroll.too_early", |s| {
            bad_certificate(s, too_early)
        }),
        named("account.enroll.flipped", flipped_certificates),
        named("account.enroll.trailing", trailing_identity),
    ];
    let guarded = endpoints().into_iter().filter(|endpoint| {
        let free = ["log_out", "enroll_device"];
        endpoint.needs_token && !free.contains(&endpoint.operation.as_str())
    });
    plans.extend(guarded.map(unenrolled));
    plans
}

async fn enroll_again(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    device.enroll().await.during("a second time")?;
    device.upload(1).await.map(drop)
}

async fn enroll_other_key(site: Arc<Site>) -> Check {
    let mut device = site.device().await?;
    let old_key = std::mem::replace(&mut device.mls_key, new_key());
    let uri = device.identity.device.clone();
    let old = device.identity.clone();
    device.identity = certify(&uri, &device.mls_key.public(), &device.identity_key);
    let answer = device
        .put("/client/v1/device", &device.enrollment())
        .await?;
    answer.refused(403, "link_required")?;
    device.mls_key = old_key;
    device.identity = old;
    device
        .upload(1)
        .await
        .during("with the key there was")
        .map(drop)
}

async fn enroll_second(site: Arc<Site>) -> Check {
    let first = site.register().await?;
    let answer = log_in(&site, &first.name, &first.password, None)
        .await?
        .good()?;
    let second = Session::read(&answer, &first.name, &first.password)?;
    Device::new(site.door.clone(), first)?.enroll().await?;
    let second = Device::new(site.door.clone(), second)?;
    let answer = second
        .put("/client/v1/device", &second.enrollment())
        .await?;
    answer.refused(403, "link_required").map(drop)
}

type Certify = fn(&Device) -> Check<DeviceIdentity>;

/// A device with a certificate that does not hold is not enrolled, and may still be.
async fn bad_certificate(site: Arc<Site>, certify: Certify) -> Check {
    let mut device = Device::new(site.door.clone(), site.register().await?)?;
    let good = device.identity.clone();
    device.identity = certify(&device)?;
    let answer = device
        .put("/client/v1/device", &device.enrollment())
        .await?;
    answer.refused(422, "invalid_certificate")?;
    device.identity = good;
    device.enroll().await
}

fn of_another_device(device: &Device) -> Check<DeviceIdentity> {
    let other = DeviceUri::new(&device.user, "other1").during("a device")?;
    Ok(certify(
        &other,
        &device.mls_key.public(),
        &device.identity_key,
    ))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn by_another_identity(device: &Device) -> Check<DeviceIdentity> {
    let mut identity = device.identity.clone();
    identity.identity_key = new_key().public();
    Ok(identity)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn for_another_key(device: &Device) -> Check<DeviceIdentity> {
    Ok(certify(
        &device.identity.device,
        &new_key().public(),
        &device.identity_key,
    ))
}

fn valid(device: &Device, from: i64, until: i64) -> DeviceIdentity {
    let now = now_ms() / 1_000;
    let at = |offset: i64| now.saturating_add_signed(offset);
    let (uri, key) = (device.identity.device.clone(), device.mls_key.public());
    DeviceIdentity::certify(uri, &key, &device.identity_key, 1, (at(from), at(until)))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one form with those that can fail"
)]
fn expired(device: &Device) -> Check<DeviceIdentity> {
    Ok(valid(device, -7_200, -3_600))
}

fn too_early(device: &Device) -> Check<DeviceIdentity> {
    let day = i64::try_from(Duration::from_hours(24).as_secs()).during("a day")?;
    Ok(valid(device, 2 * day, 30 * day))
}

async fn flipped_certificates(site: Arc<Site>) -> Check {
    let device = Device::new(site.door.clone(), site.register().await?)?;
    let good = device.identity.to_bytes();
    for at in (0..good.len()).step_by(5) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x01;
        let mut body = device.enrollment();
        body["identity"] = json!(base64(&bytes));
        let answer = device.put("/client/v1/device", &body).await?;
        let problem = answer.problem().during(&format!("byte {at}"))?;
        let code = problem["code"].as_str().unwrap_or_default();
        ensure(["malformed", "invalid_certificate"].contains(&code), || {
            format!("byte {at}: {problem}")
        })?;
    }
    device.enroll().await
}

async fn trailing_identity(site: Arc<Site>) -> Check {
    let device = Device::new(site.door.clone(), site.register().await?)?;
    let mut body = device.enrollment();
    body["identity"] = json!(base64(&[device.identity.to_bytes(), vec![0]].concat()));
    let answer = device.put("/client/v1/device", &body).await?;
    answer.refused(400, "malformed").map(drop)
}

/// A device that only logged in may do nothing but enroll and log out (API-3).
fn unenrolled(endpoint: Endpoint) -> Plan {
    let id = format!("account.unenrolled.{}", endpoint.operation);
    let title = format!(
        "{} {} is not for a device that is not enrolled",
        endpoint.method, endpoint.path
    );
    plan(id, title, "API-3 A16", move |site| {
        let endpoint = endpoint.clone();
        async move {
            let session = site.register().await?;
            let request = endpoint.request(&site).bearer(&session.token);
            site.send(&request)
                .await?
                .refused(403, "forbidden")
                .map(drop)
        }
    })
}
