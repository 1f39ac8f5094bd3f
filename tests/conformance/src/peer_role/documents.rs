//! Server documents that do not hold (DOC-1 to DOC-8, LIM-18), found when the server under test has
//! to prove who signed a request; and such as hold.

use std::sync::Arc;

use holm_protocol::PrivateKey;
use serde_json::{Value, json};

use super::document_answers::{Around, replies, surroundings};
use super::document_contents::{Change, contents};
use super::door::Reply;
use super::homeserver::{Homeserver, listed, signed_document};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused;
use crate::chance::random;
use crate::client_role::fault::{Check, During, ensure, same};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let contents = contents().into_iter().map(content);
    let surroundings = surroundings().into_iter().map(surrounding);
    let replies = replies().into_iter().map(reply);
    let stories = [
        plan(
            "document.last_good",
            "while a document cannot be had the last good one serves",
            "DISC-10 D07 F41",
            last_good,
        ),
        plan(
            "document.spurious",
            "a document that does not hold puts no other in its place",
            "DOC-2 DISC-10 S12",
            spurious,
        ),
        plan(
            "document.asked_once",
            "an unknown key makes it ask again, and not at each request",
            "DISC-10 S11",
            asked_once,
        ),
        plan(
            "document.of_the_target",
            "the target's own document is served to anybody and holds",
            "DOC-1 DOC-2 DOC-3 DOC-4 DOC-8",
            of_the_target,
        ),
        plan(
            "document.redirect",
            "a redirect is not followed",
            "DISC-7 S12 D14",
            redirect,
        ),
    ];
    contents
        .chain(surroundings)
        .chain(replies)
        .chain(stories)
        .collect()
}

/// A correct request is refused with this code, or taken where it is empty.
async fn greeted(peer: &Homeserver, code: &str) -> Check {
    let answer = peer.send(&peer.greeting()).await?;
    match code {
        "" => answer.expect_good(),
        "peer_unreachable" => refused(&answer, 503, code).map(drop),
        "peer_untrusted" => refused(&answer, 502, code).map(drop),
        _ => refused(&answer, 401, code).map(drop),
    }
}

fn content((name, what, code, change): (&'static str, &'static str, &'static str, Change)) -> Plan {
    let title = format!(
        "a document with {what}: {}",
        if code.is_empty() { "taken" } else { code }
    );
    let cites = "DOC-2 DOC-3 DOC-4 DOC-7 DOC-8 S10 S12";
    plan(
        format!("document.{name}"),
        title,
        cites,
        move |stage| async move {
            let peer = stage.peer().await?;
            let mut document = peer.document();
            change(&mut document, &peer);
            peer.show(&document);
            greeted(&peer, code).await
        },
    )
}

pub(super) fn remove(document: &mut Value, member: &str) {
    document.as_object_mut().map(|object| object.remove(member));
}

pub(super) const UNTRUSTED: &str = "peer_untrusted";

pub(super) const UNREACHABLE: &str = "peer_unreachable";

fn surrounding(
    (name, what, code, around): (&'static str, &'static str, &'static str, Around),
) -> Plan {
    let title = format!(
        "a signed document with {what}: {}",
        if code.is_empty() { "taken" } else { code }
    );
    plan(
        format!("document.signed.{name}"),
        title,
        "DOC-2 DOC-5 SIG-1 ENC-3 LIM-18 S12",
        move |stage| async move {
            let peer = stage.peer().await?;
            peer.answer_document(Reply::json(&around(&peer)));
            greeted(&peer, code).await
        },
    )
}

fn reply((name, what, reply): (&'static str, &'static str, Reply)) -> Plan {
    let title =
        format!("a server that answers {what} when asked for its document cannot be reached");
    let reply = Arc::new(reply);
    plan(
        format!("document.answer.{name}"),
        title,
        "DOC-1 DISC-7 S12 S25",
        move |stage| {
            let reply = Arc::clone(&reply);
            async move {
                let peer = stage.peer().await?;
                peer.answer_document((*reply).clone());
                greeted(&peer, UNREACHABLE).await
            }
        },
    )
}

async fn last_good(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    peer.is_taken().await?;
    peer.answer_document(Reply::problem(500, "internal"));
    // A key that the document lacks makes the server ask again.
    let mut unknown = peer.greeting();
    "{origin}#r7".clone_into(&mut unknown.key_id);
    refused(&peer.send(&unknown).await?, 401, "unknown_key")?;
    peer.is_taken().await
}

async fn spurious(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    peer.is_taken().await?;
    let impostor = PrivateKey::from_seed(&random());
    let mut document = peer.document();
    document["serial"] = json!(2);
    document["request_keys"] = json!([listed("r7", &impostor)]);
    let forged = signed_document(document.to_string().as_bytes(), &impostor);
    peer.answer_document(Reply::json(&forged));
    let mut request = peer.greeting();
    (request.key_id, request.key) = ("{origin}#r7".to_owned(), impostor);
    refused(&peer.send(&request).await?, 401, "unknown_key")?;
    peer.is_taken().await
}

async fn asked_once(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    peer.is_taken().await?;
    for n in 0..30 {
        let mut unknown = peer.greeting();
        unknown.key_id = format!("{{origin}}#x{n}");
        refused(&peer.send(&unknown).await?, 401, "unknown_key")?;
    }
    let asked = peer.door.asked("/.well-known/holm").len();
    ensure(asked <= 2, || {
        format!("the document was fetched {asked} times within a minute")
    })?;
    peer.is_taken().await
}

async fn of_the_target(stage: Arc<Stage>) -> Check {
    let document = stage.target_document().await?;
    let content = document.content();
    same("name", &content.name.to_string(), &stage.target.domain)?;
    ensure(
        !content.request_keys.is_empty() && !content.room_keys.is_empty(),
        || "no keys in the document".to_owned(),
    )
}

async fn redirect(stage: Arc<Stage>) -> Check {
    let other = stage.peer().await?;
    for status in [301, 302, 303, 307, 308] {
        let peer = stage.peer().await?;
        let place = format!("https://hs.{}:{}/.well-known/holm", other.name, other.port);
        peer.answer_document(Reply::Full {
            status,
            headers: vec![("location".to_owned(), place)],
            body: Vec::new(),
        });
        greeted(&peer, UNREACHABLE)
            .await
            .during(&status.to_string())?;
    }
    let followed = other.door.asked("/").len();
    same("requests at the place redirected to", &followed, &0)
}
