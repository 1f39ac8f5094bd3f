//! The look from a running server: what it knows, what waits, and a signed round trip.

use std::time::Duration;

use holm_core::ports::PeerError;
use holm_protocol::document::Trust;
use holm_protocol::{Code, Problem, ServerName};

use super::finding::{Check, Finding, Findings};
use super::judge::peer;
use super::judge::reflection::{Own, reflection};
use super::outside::{Whom, outside};
use super::settings::examiner;
use crate::operator::{Calls, Operator};

/// Looks at `server` from inside and outside at the same time.
pub(crate) async fn inside(
    operator: &Operator,
    server: &ServerName,
    found: &Findings,
    time_max: Duration,
) -> Result<(), Problem> {
    let (homeserver, transport) = (&operator.homeserver, &operator.transport);
    let now_ms = homeserver.now_ms();
    let state = transport.peer_state(server);
    let views = homeserver.peer_views().await?;
    let known = transport.known_root(server).await;
    let whom = Whom {
        server: server.clone(),
        known,
        own: None,
    };
    let quiet = |_: &str| {};
    // Made for this look alone: it remembers no answer of DNS and keeps no connection.
    let examiner = examiner(&operator.config)
        .map_err(|error| Problem::new(Code::Unavailable, error.to_string()))?;
    let look = outside(&examiner, &whom, found, &quiet, time_max);
    let round_trip = Box::pin(signed_round_trip(operator, server, time_max));
    let ((), round_trip) = tokio::join!(look, round_trip);
    let after = transport.peer_state(server);
    if let Some(refused) = after.and_then(|state| state.root_refused) {
        let fix = "ask its operator over another way which root key is the right one";
        found.add([Finding::fail(Check::Root, refused, fix)]);
    }
    found.add(round_trip);
    found.add(peer::calls(
        &state.map(Calls::from).unwrap_or_default(),
        now_ms,
    ));
    found.add(peer::queue(views.get(server)));
    Ok(())
}

/// By the operator's word at once, whatever is left of a wait (FED-9).
async fn signed_round_trip(
    operator: &Operator,
    server: &ServerName,
    time_max: Duration,
) -> Vec<Finding> {
    let (homeserver, transport) = (&operator.homeserver, &operator.transport);
    let document = homeserver.own_document();
    let root = document.root;
    let verified = document.verify(homeserver.name(), &Trust::default(), homeserver.now_ms());
    let own = Own {
        name: homeserver.name().clone(),
        root,
        serial: verified.map_or(0, |document| document.content().serial),
    };
    if let Some(unwanted) = transport.unwanted(server) {
        return vec![Finding::fail(
            Check::Signature,
            format!("nothing is sent to it: {}", unwanted.text()),
            "to deal with it again: holm peers unblock, or the lists under [federation]",
        )];
    }
    transport.retry_now(server);
    let asked_ms = homeserver.now_ms();
    let answer = tokio::time::timeout(time_max, transport.reflect(server)).await;
    let answer = answer.unwrap_or_else(|_elapsed| {
        Err(PeerError::Unreachable {
            server: server.clone(),
            reason: format!("no answer within {} s", time_max.as_secs()),
        })
    });
    reflection(server, &own, &answer, (asked_ms, homeserver.now_ms()))
}
