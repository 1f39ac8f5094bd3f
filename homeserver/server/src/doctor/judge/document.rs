//! The server document: whether it holds, whose it is, and under which root.

use holm_federation::{Pin, Served};
use holm_protocol::document::{
    Document, DocumentError, SignedDocument, Trust, VERSIONS, VerifiedDocument,
};
use holm_protocol::{PublicKey, ServerName};

use super::super::finding::{Check, Finding};
use super::dns::txt_record;
use crate::operator::command::since::{ago, span};

/// What an address served as the document; the document, where it holds.
pub(in super::super) fn served(
    server: &ServerName,
    at: &str,
    served: &Result<Served, String>,
    now_ms: u64,
) -> (Vec<Finding>, Option<VerifiedDocument>) {
    let failed = |saw: String, fix: &str| (vec![Finding::fail(Check::Document, saw, fix)], None);
    let proxy = "see that a Holm server listens there; a proxy in front of it must pass \
                 /.well-known/holm on as it is, without a login or a redirect";
    match served {
        Err(reason) => failed(format!("{at} does not answer: {reason}"), proxy),
        Ok(served) if served.status != 200 => {
            let status = served.status;
            failed(format!("{at} answers {status} at /.well-known/holm"), proxy)
        }
        Ok(served) => match &served.document {
            Err(reason) => failed(
                format!("what {at} serves at /.well-known/holm is no server document: {reason}"),
                proxy,
            ),
            Ok(document) => judged(server, at, document, now_ms),
        },
    }
}

fn judged(
    server: &ServerName,
    at: &str,
    signed: &SignedDocument,
    now_ms: u64,
) -> (Vec<Finding>, Option<VerifiedDocument>) {
    match signed.clone().verify(server, &Trust::default(), now_ms) {
        Err(error) => (vec![broken(server, at, &error, now_ms)], None),
        Ok(document) => {
            let mut findings = vec![holds(at, document.content(), now_ms)];
            findings.push(versions(document.content()));
            findings.extend(keys(at, document.content(), now_ms));
            (findings, Some(document))
        }
    }
}

fn holds(at: &str, document: &Document, now_ms: u64) -> Finding {
    let left = span(document.expires.saturating_sub(now_ms));
    Finding::ok(
        Check::Document,
        format!(
            "{at} serves the document of {} (serial {}, valid for {left}, people go to {})",
            document.name, document.serial, document.base_url
        ),
    )
}

fn versions(document: &Document) -> Finding {
    let common = document.versions.iter();
    let common: Vec<_> = common
        .filter(|version| VERSIONS.contains(&version.as_str()))
        .cloned()
        .collect();
    let saw = format!("in common: {}", common.join(", "));
    Finding::ok(Check::Versions, saw)
}

/// A server without a key that is valid now can't call anybody.
fn keys(at: &str, document: &Document, now_ms: u64) -> Option<Finding> {
    let valid = |from: u64, until: u64| from <= now_ms && now_ms < until;
    let request = document.request_keys.iter();
    let room = document.room_keys.iter();
    let lacks = match (
        request.clone().any(|key| valid(key.from, key.until)),
        room.clone().any(|key| valid(key.from, key.until)),
    ) {
        (true, true) => return None,
        (false, _) => "request key",
        (true, false) => "room key",
    };
    Some(Finding::fail(
        Check::Document,
        format!("the document at {at} lists no {lacks} that is valid now"),
        "see that the server's clock is right, then start it again",
    ))
}

fn broken(server: &ServerName, at: &str, error: &DocumentError, now_ms: u64) -> Finding {
    let (check, saw, fix) = match error {
        DocumentError::Expired(since) => (
            Check::Document,
            format!("the document at {at} expired {}", ago(*since, now_ms)),
            "a Holm server signs a new one for every reader: see that its clock is right, and \
             that no proxy or cache answers in its place",
        ),
        DocumentError::Name(other) => (
            Check::Document,
            format!("{at} serves the document of {other}, not of {server}"),
            "see that the SRV record, or the proxy, leads to the right server, and that its \
             server.domain is right",
        ),
        DocumentError::Version(versions) => (
            Check::Versions,
            format!(
                "no protocol version in common: it speaks {}, this program {}",
                versions.join(", "),
                VERSIONS.join(", ")
            ),
            "upgrade the older of the two",
        ),
        other => (
            Check::Document,
            format!("the document at {at} does not hold: {other}"),
            "see that no proxy changes it; else its data folder may be damaged, and its log says \
             more",
        ),
    };
    Finding::fail(check, saw, fix)
}

/// The document's root against the pin in DNS.
pub(in super::super) fn root_against_pin(
    server: &ServerName,
    document: &VerifiedDocument,
    pin: &Pin,
    now_ms: u64,
) -> Option<Finding> {
    let Pin::Root(pinned) = pin else {
        return None;
    };
    let trust = Trust {
        pin: Some(*pinned),
        known: None,
    };
    let root = document.root();
    Some(
        match document.signed().clone().verify(server, &trust, now_ms) {
            Ok(_) => Finding::ok(
                Check::Root,
                format!("the document stands under the root key that DNS pins ({pinned})"),
            ),
            Err(_refused) => Finding::fail(
                Check::Root,
                format!("DNS pins the root key {pinned}, but the server signs with {root}"),
                format!(
                    "if the server's key is the right one, publish: {}; else another server answers \
                 in its place, or it lost its keys: restore keys.json from the backup",
                    txt_record(server, &root)
                ),
            ),
        },
    )
}

/// The document's root against the one that a running server knows.
pub(in super::super) fn root_against_known(
    server: &ServerName,
    document: &VerifiedDocument,
    known: PublicKey,
    now_ms: u64,
) -> Finding {
    let trust = Trust {
        pin: None,
        known: Some((known, 0)),
    };
    let root = document.root();
    match document.signed().clone().verify(server, &trust, now_ms) {
        Ok(_) => Finding::ok(
            Check::Root,
            format!("this server knows {server} under the root key {known}"),
        ),
        Err(_refused) => Finding::fail(
            Check::Root,
            format!("this server knows {server} under {known}, but it signs with {root} now"),
            format!(
                "ask its operator over another way whether {root} is right; if so, say it here: \
                 holm peers accept-root {server} {root}"
            ),
        ),
    }
}
