//! Sessions: log-in, proofs, log-out (ACC-2 to ACC-4, ACC-6, A05, A17).

use std::sync::Arc;

use holm_protocol::identity::login_bytes;
use holm_protocol::{DeviceUri, PrivateKey};
use serde_json::{Value, json};

use crate::chance::{letters, now_ms};
use crate::client_role::device::Device;
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::{Session, Site};
use crate::client_role::wire::{Request, Response};

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("account.log_in.new_device", new_device),
        named("account.log_in.link_required", link_required),
        named("account.log_in.proof", proven),
        named("account.log_in.proof_and_password", proof_without_password),
        named("account.log_in.proof_forged", |s| bad_proof(s, Spoil::Key)),
        named("account.log_in.proof_of_another", |s| {
            bad_proof(s, Spoil::Device)
        }),
        named("account.log_in.proof_late", |s| bad_proof(s, Spoil::Early)),
        named("account.log_in.proof_early", |s| bad_proof(s, Spoil::Ahead)),
        named("account.log_in.proof_label", |s| bad_proof(s, Spoil::Label)),
        named("account.log_in.proof_within_skew", proof_within_skew),
        named("account.log_in.many", many_at_once),
        named("account.log_out", logs_out),
        named("account.log_out.unenrolled", logs_out_unenrolled),
    ]
}

pub(super) async fn log_in(
    site: &Site,
    name: &str,
    password: &str,
    proof: Option<Value>,
) -> Check<Response> {
    let mut body = json!({ "name": name, "password": password });
    if let Some(proof) = proof {
        body["proof"] = proof;
    }
    site.send(&Request::post("/client/v1/login", &body)).await
}

async fn new_device(site: Arc<Site>) -> Check {
    let first = site.register().await?;
    let answer = log_in(&site, &first.name, &first.password, None)
        .await?
        .good()?;
    let second = Session::read(&answer, &first.name, &first.password)?;
    same("the user", &second.user, &first.user)?;
    ensure(second.device != first.device, || {
        "the same device".to_owned()
    })?;
    Device::new(site.door.clone(), second)?.enroll().await
}

async fn link_required(site: Arc<Site>) -> Check {
    let session = site.device().await?.session;
    let answer = log_in(&site, &session.name, &session.password, None).await?;
    answer.refused(403, "link_required").map(drop)
}

fn proof_by(device: &DeviceUri, key: &PrivateKey, time: u64) -> Value {
    let signature = key.sign_raw(&login_bytes(device, time));
    json!({ "device": device, "time": time, "signature": signature })
}

/// Logs an enrolled device in again, which ends its token.
pub(crate) async fn log_in_again(site: &Site, device: &Device) -> Check<Session> {
    let session = &device.session;
    let proof = proof_by(&device.identity.device, &device.mls_key, now_ms());
    let answer = log_in(site, &session.name, &session.password, Some(proof)).await?;
    Session::read(
        &answer.good().during("logging in again")?,
        &session.name,
        &session.password,
    )
}

async fn proven(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let again = log_in_again(&site, &device).await?;
    same("the device", &again.device, &device.session.device)?;
    let old = device.get("/client/v1/rooms").await?;
    old.refused(401, "unauthenticated")?;
    let request = Request::get("/client/v1/rooms").bearer(&again.token);
    site.send(&request).await?.expect_good()
}

async fn proof_without_password(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let proof = proof_by(&device.identity.device, &device.mls_key, now_ms());
    let answer = log_in(&site, &device.session.name, "correct horse", Some(proof)).await?;
    answer.refused(401, "wrong_credentials")?;
    device.get("/client/v1/rooms").await?.expect_good()
}

/// What is wrong with a proof.
#[derive(Clone, Copy)]
enum Spoil {
    Key,
    Device,
    Early,
    Ahead,
    Label,
}

async fn bad_proof(site: Arc<Site>, spoil: Spoil) -> Check {
    let device = site.device().await?;
    let (uri, key, now) = (&device.identity.device, &device.mls_key, now_ms());
    let other = DeviceUri::new(&device.user, "other1").during("a device")?;
    let (proof, status, code) = match spoil {
        Spoil::Key => (
            proof_by(uri, &device.identity_key, now),
            401,
            "wrong_credentials",
        ),
        Spoil::Device => (proof_by(&other, key, now), 403, "link_required"),
        Spoil::Early => (proof_by(uri, key, now - 320_000), 401, "clock_skew"),
        Spoil::Ahead => (proof_by(uri, key, now + 320_000), 401, "clock_skew"),
        Spoil::Label => {
            let signature = key.sign_raw(uri.as_str().as_bytes());
            let proof = json!({ "device": uri, "time": now, "signature": signature });
            (proof, 401, "wrong_credentials")
        }
    };
    let session = &device.session;
    let answer = log_in(&site, &session.name, &session.password, Some(proof)).await?;
    let problem = answer.refused(status, code)?;
    if code == "clock_skew" {
        let near = problem["time"]
            .as_u64()
            .is_some_and(|t| t.abs_diff(now_ms()) < 300_000);
        ensure(near, || format!("no time of the server's in {problem}"))?;
    }
    // The device's session is what it was.
    device.get("/client/v1/rooms").await?.expect_good()
}

async fn proof_within_skew(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let session = &device.session;
    for time in [now_ms() - 240_000, now_ms() + 240_000] {
        let proof = proof_by(&device.identity.device, &device.mls_key, time);
        let answer = log_in(&site, &session.name, &session.password, Some(proof)).await?;
        answer.expect_good()?;
    }
    Ok(())
}

/// Log-ins at once; each costs the server a password hash.
const MANY: usize = 40;

async fn many_at_once(site: Arc<Site>) -> Check {
    let one = || async {
        let answer = log_in(&site, &letters(16), "correct horse", None).await?;
        match answer.status {
            429 | 503 => answer.problem().map(drop),
            _ => answer.refused(401, "wrong_credentials").map(drop),
        }
    };
    let all = futures::future::try_join_all((0..MANY).map(|_| one()));
    let beside = async {
        for _ in 0..5 {
            site.is_well().await.during("beside log-ins")?;
        }
        Ok(())
    };
    futures::future::try_join(all, beside).await.map(drop)
}

async fn logs_out(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let answer = device.post("/client/v1/logout", &Value::Null).await?;
    same("status", &answer.status, &204)?;
    let after = device.get("/client/v1/rooms").await?;
    after.refused(401, "unauthenticated")?;
    let again = device.post("/client/v1/logout", &Value::Null).await?;
    again.refused(401, "unauthenticated")?;
    log_in_again(&site, &device).await.map(drop)
}

async fn logs_out_unenrolled(site: Arc<Site>) -> Check {
    let session = site.register().await?;
    let request = Request::new("POST", "/client/v1/logout").bearer(&session.token);
    site.send(&request).await?.expect_good()?;
    site.send(&request)
        .await?
        .refused(401, "unauthenticated")
        .map(drop)
}
