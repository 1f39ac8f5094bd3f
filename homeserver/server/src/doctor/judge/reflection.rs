//! The signed round trip: whether the other side verifies us, and what it sees.

use holm_core::ports::PeerError;
use holm_protocol::federation::Reflection;
use holm_protocol::{Code, Problem, PublicKey, ServerName};

use super::super::finding::{Check, Finding};
use super::clock::clock;
use crate::operator::command::since::span;

/// Who this server is.
pub(in super::super) struct Own {
    /// Its name.
    pub(in super::super) name: ServerName,
    /// Its root.
    pub(in super::super) root: PublicKey,
    /// Serial of its document.
    pub(in super::super) serial: u64,
}

/// What came back, asked and answered between two moments of this server's clock.
pub(in super::super) fn reflection(
    peer: &ServerName,
    own: &Own,
    answer: &Result<Reflection, PeerError>,
    between: (u64, u64),
) -> Vec<Finding> {
    match answer {
        Ok(seen) => {
            let mut findings = vec![Finding::ok(
                Check::Signature,
                format!("{peer} verified our request by the key {}", seen.key_id),
            )];
            findings.push(known_there(peer, own, seen));
            findings.push(clock(&format!("{peer}'s"), seen.time, between, 0));
            findings
        }
        Err(PeerError::Refused { problem, .. }) => vec![refused(peer, own, problem, between)],
        Err(PeerError::Untrusted { reason, .. }) => vec![Finding::fail(
            Check::Signature,
            format!("nothing is sent to it, since it is not trusted: {reason}"),
            "what is found of its document and root key here says why",
        )],
        Err(error) => vec![Finding::fail(
            Check::Signature,
            format!("no signed request could be tried: {error}"),
            "what is found of its addresses and its certificate here says why; else its log",
        )],
    }
}

/// What the other side knows of us against what we are.
fn known_there(peer: &ServerName, own: &Own, seen: &Reflection) -> Finding {
    let from = match seen.address {
        Some(address) => format!("we come from {address} there"),
        None => "it can't tell our address".to_owned(),
    };
    if seen.root != own.root {
        return Finding::fail(
            Check::Reflection,
            format!(
                "{peer} knows us under the root key {}; ours is {}",
                seen.root, own.root
            ),
            format!(
                "its operator can take ours: holm peers accept-root {} {}",
                own.name, own.root
            ),
        );
    }
    if seen.serial < own.serial {
        return Finding::warn(
            Check::Reflection,
            format!(
                "{peer} still uses our document {}, not {}; {from}",
                seen.serial, own.serial
            ),
            "it fetches the new one within the hour, or as soon as it meets a key it lacks",
        );
    }
    let left = span(seen.expires.saturating_sub(seen.time));
    Finding::ok(
        Check::Reflection,
        format!(
            "{peer} knows our root key and our document {} (for {left} more); {from}",
            seen.serial
        ),
    )
}

/// It answered with a problem, which says what it lacks.
fn refused(peer: &ServerName, own: &Own, problem: &Problem, between: (u64, u64)) -> Finding {
    let saw = format!("{peer} refuses our signed request: {problem}");
    let fail = |fix: String| Finding::fail(Check::Signature, saw.clone(), fix);
    match problem.code {
        Code::ClockSkew => match problem.time {
            Some(time) => clock(&format!("{peer}'s"), time, between, 0),
            None => fail("let both machines take their time from NTP".to_owned()),
        },
        Code::PeerUnreachable => fail(format!(
            "it can't reach {0} to read our server document: run `holm doctor {0}` on a machine \
             outside; DNS, firewall or certificate keep it out",
            own.name
        )),
        Code::PeerUntrusted => fail(format!(
            "it reads our server document and does not trust it: compare the TXT record at \
             _holm.{} with our root key {}; its operator can take it: holm peers accept-root {} {}",
            own.name, own.root, own.name, own.root
        )),
        Code::UnknownKey | Code::SignatureInvalid => fail(format!(
            "it has another document of ours than the one of now: see that https://{}'s \
             /.well-known/holm is answered by this server, and not by an old copy or a cache; it \
             reads it again after a minute",
            own.name
        )),
        Code::WrongDestination => fail(
            "another server answers at its address: its SRV record or proxy leads wrong".to_owned(),
        ),
        Code::NotFound => Finding::warn(
            Check::Signature,
            format!("{peer} answers, but can't tell what it sees of us: {problem}"),
            "it is of an older version; `holm peers` shows whether other calls go",
        ),
        Code::RateLimited => Finding::warn(
            Check::Signature,
            format!("{peer} was asked for what it sees too often: {problem}"),
            "try again in a minute",
        ),
        _ => fail(
            "it answers and refuses: ask its operator whether this server is blocked there"
                .to_owned(),
        ),
    }
}
