//! What a homeserver of the kit answers when the server under test asks it (FED-10): whatever it
//! is, a device gets a problem of the documented kind, in bounded time, and the next honest answer
//! is taken. A device's claim of KeyPackages makes the server ask.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer_table::{BAD, Make, Wanted, table};
use super::door::{Asked, Reply};
use super::homeserver::Homeserver;
use super::hosted::{give_key_package, peer_device};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::{problem, refused_as_one_of};
use crate::client_role::device::{Device, base64};
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::wire::Response;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans: Vec<_> = table().into_iter().map(answered).collect();
    plans.extend(slow());
    plans.extend(words().into_iter().map(word));
    plans.extend([
        plan(
            "answer.text",
            "a problem's text is cut to what a person may read",
            "FED-10 PROB-1 S25 X05",
            text,
        ),
        plan(
            "answer.request",
            "what the target asks is signed as the spec says",
            "SIG-3 SIG-4 SIG-5 SIG-6 SIG-7 SIG-8 SIG-9 SIG-10 FED-1",
            request,
        ),
        plan(
            "answer.same_claim",
            "a device's claim id goes through to the user's server",
            "KP-3 FED-2",
            same_claim,
        ),
    ]);
    plans
}

/// Has a device of the target claim a package of the peer's user.
async fn claim(resident: &Device, mallory: &Device) -> Check<Response> {
    let room = resident.new_room()?;
    resident.claim(&mallory.user, &room).await
}

fn for_claims(reply: Reply) -> impl FnMut(&Asked) -> Option<Reply> + Send {
    move |asked| {
        asked
            .target
            .starts_with("/federation/v1/keyMaterial/")
            .then(|| reply.clone())
    }
}

/// An honest answer is taken after whatever came before.
async fn recovers(peer: &Homeserver, resident: &Device, mallory: &Device) -> Check {
    give_key_package(peer, mallory, &mallory.key_package()?);
    // A word from the peer ends whatever patience it has cost.
    peer.is_taken().await?;
    let answer = claim(resident, mallory).await?;
    answer.expect_good().during("an honest answer afterwards")
}

async fn with_reply(
    stage: &Arc<Stage>,
    make: impl FnOnce(&Device) -> Reply,
    wanted: Wanted,
) -> Check {
    let peer = stage.peer().await?;
    let resident = stage.resident().await?;
    let mallory = peer_device(&peer, "mallory", "m1")?;
    peer.door.rule(for_claims(make(&mallory)));
    let answer = claim(&resident, &mallory).await?;
    refused_as_one_of(&answer, wanted)?;
    recovers(&peer, &resident, &mallory).await
}

fn answered((name, what, wanted, make): (&'static str, &'static str, Wanted, Make)) -> Plan {
    let title = format!("an answer that is {what} reaches a device as a documented problem");
    plan(
        format!("answer.{name}"),
        title,
        "FED-10 KP-3 S25",
        move |stage| async move { with_reply(&stage, make, wanted).await },
    )
}

/// Makes an answer that does not come.
type Slow = fn() -> Reply;

/// Answers that do not come: the target gives up in its time.
fn slow() -> Vec<Plan> {
    let all: [(&str, &str, Slow); 3] = [
        ("silence", "never comes", || Reply::Silence),
        ("drip", "comes a byte a second", || {
            Reply::Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec())
        }),
        ("drip_head", "comes a byte of its head a second", || {
            Reply::Drip(b"HTTP/1.1 200 OK\r\nx-a:".to_vec())
        }),
    ];
    let plans = all.into_iter().map(|(name, what, reply)| {
        let title = format!("an answer that {what} is given up");
        let made = plan(
            format!("answer.{name}"),
            title,
            "FED-9 FED-10 S25 F29",
            move |stage| async move { with_reply(&stage, |_| reply(), BAD).await },
        );
        made.waiting(Duration::from_mins(1))
    });
    plans.collect()
}

/// Refusals of a peer that are about the thing asked: they reach the device as they are (FED-10).
fn words() -> Vec<(u16, &'static str)> {
    vec![
        (404, "not_found"),
        (403, "forbidden"),
        (403, "consent_required"),
        (409, "key_packages_exhausted"),
        (409, "key_package_conflict"),
        (429, "rate_limited"),
        (422, "limit"),
        (410, "gone"),
    ]
}

fn word((status, code): (u16, &'static str)) -> Plan {
    let title = format!("a peer's refusal {status} {code} reaches the device as it is");
    plan(
        format!("answer.word.{code}"),
        title,
        "FED-10 KP-3",
        move |stage| async move {
            let peer = stage.peer().await?;
            let resident = stage.resident().await?;
            let mallory = peer_device(&peer, "mallory", "m1")?;
            peer.door.rule(for_claims(Reply::problem(status, code)));
            let answer = claim(&resident, &mallory).await?;
            refused_as_one_of(&answer, &[(status, code)])?;
            recovers(&peer, &resident, &mallory).await
        },
    )
}

async fn text(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let resident = stage.resident().await?;
    let mallory = peer_device(&peer, "mallory", "m1")?;
    let detail = format!("\u{1b}[2J\u{202e}\u{0}{}", "x".repeat(10_000));
    let body = json!({
        "type": "urn:holm:problem:forbidden", "title": detail, "status": 403, "code": "forbidden",
        "detail": detail,
    });
    peer.door.rule(for_claims(Reply::body(
        403,
        "application/problem+json",
        body.to_string(),
    )));
    let found = problem(&claim(&resident, &mallory).await?)?;
    for member in ["title", "detail"] {
        let text = found[member].as_str().unwrap_or_default();
        let fine =
            text.chars().count() <= 300 && !text.chars().any(|c| c.is_control() || c == '\u{202e}');
        ensure(fine, || {
            format!(
                "{member}: {:?}",
                text.escape_unicode().to_string().get(..60)
            )
        })?;
    }
    recovers(&peer, &resident, &mallory).await
}

/// The value of a header of a request that was asked.
fn header<'a>(asked: &'a Asked, name: &str) -> Vec<&'a str> {
    let lines = asked.head.lines().filter_map(|line| line.split_once(':'));
    let ours = lines.filter(|(n, _)| n.eq_ignore_ascii_case(name));
    ours.map(|(_, value)| value.trim()).collect()
}

async fn request(stage: Arc<Stage>) -> Check {
    use base64::Engine;
    let peer = stage.peer().await?;
    let resident = stage.resident().await?;
    let mallory = peer_device(&peer, "mallory", "m1")?;
    recovers(&peer, &resident, &mallory).await?;
    let asked = peer.door.asked("/federation/v1/keyMaterial/");
    let Some(asked) = asked.first() else {
        return crate::client_role::fault::fault("nothing was asked");
    };
    let one = |name: &str| match header(asked, name).as_slice() {
        [value] => Ok((*value).to_owned()),
        other => crate::client_role::fault::fault(format!("{name}: {other:?}")),
    };
    let engine = base64::engine::general_purpose::STANDARD;
    let digest = format!(
        "sha-256=:{}:",
        engine.encode(holm_protocol::Hash::sha256(&asked.body).0)
    );
    same("content-digest", &one("content-digest")?, &digest)?;
    same("holm-origin", &one("holm-origin")?, &stage.target.domain)?;
    same(
        "holm-destination",
        &one("holm-destination")?,
        &peer.name.to_string(),
    )?;
    same(
        "content-type",
        &one("content-type")?,
        &"application/json".to_owned(),
    )?;
    let input = one("signature-input")?;
    let Some(parameters) = input.strip_prefix("holm=") else {
        return crate::client_role::fault::fault(input);
    };
    let covered = "(\"@method\" \"@path\" \"@query\" \"content-digest\" \"holm-origin\" \"holm-destination\");created=";
    ensure(parameters.starts_with(covered), || parameters.to_owned())?;
    let base = format!(
        "\"@method\": POST\n\"@path\": {}\n\"@query\": ?\n\"content-digest\": {digest}\n\"holm-origin\": {}\n\"holm-destination\": {}\n\"@signature-params\": {parameters}",
        asked.target, stage.target.domain, peer.name
    );
    let key_id = parameters
        .split("keyid=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let key_id = key_id.and_then(|id| id.strip_prefix(&format!("{}#", stage.target.domain)));
    let document = stage.target_document().await?;
    let key = key_id.and_then(|id| document.request_key(id, crate::chance::now_ms()));
    let text = one("signature")?;
    let signature = text
        .strip_prefix("holm=:")
        .and_then(|t| t.strip_suffix(':'));
    let signature = signature.and_then(|t| engine.decode(t).ok()?.try_into().ok());
    let signature = signature.map(holm_protocol::Signature);
    let holds = key
        .zip(signature)
        .is_some_and(|(key, s)| key.verifies_raw(base.as_bytes(), &s));
    ensure(holds, || format!("the signature does not hold over {base}"))
}

async fn same_claim(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let resident = stage.resident().await?;
    let mallory = peer_device(&peer, "mallory", "m1")?;
    give_key_package(&peer, &mallory, &mallory.key_package()?);
    let room = resident.new_room()?;
    let id = [9; 16];
    resident
        .claim_as(&mallory.user, &room, &id)
        .await?
        .expect_good()?;
    let asked = peer.door.asked("/federation/v1/keyMaterial/");
    let body: Value = asked
        .first()
        .and_then(|a| serde_json::from_slice(&a.body).ok())
        .unwrap_or_default();
    same("claim id", &body["claim_id"], &json!(base64(&id)))?;
    same("requester", &body["requester"], &json!(resident.user))?;
    same("hub", &body["hub"], &json!(stage.target.domain))
}
