//! A connection and its certificate.

use holm_federation::{CertificateFault, Contact};
use holm_protocol::ServerName;

use super::super::finding::{Check, Finding};
use crate::operator::command::since::{ago, span};

/// A certificate is renewed a month before it ends; two weeks before it ends it was not.
const RENEWED_BEFORE_MS: u64 = 14 * 24 * 3_600 * 1_000;

/// What a connection to `at` came to. `others` tells whether another address was reached.
pub(in super::super) fn contact(
    server: &ServerName,
    at: &str,
    contact: &Contact,
    others: bool,
    now_ms: u64,
) -> Vec<Finding> {
    let reached = Finding::ok(Check::Connection, format!("{at} takes connections"));
    match contact {
        Contact::NotConnected(reason) => vec![not_connected(at, reason, others)],
        Contact::NoWay(reason) => vec![Finding::warn(
            Check::Connection,
            format!("{at}: this machine has no way there ({reason}), so it was not tried"),
            "run the doctor on a machine that has, if this address matters; a machine without \
             IPv6 can't try IPv6 addresses",
        )],
        Contact::NoTls(reason) => vec![
            reached,
            Finding::fail(
                Check::Certificate,
                format!("{at}: no TLS comes about: {reason}"),
                "see that a Holm server, or a proxy that does TLS 1.2 or 1.3 for it, listens there",
            ),
        ],
        Contact::BadCertificate(fault) => {
            vec![reached, bad_certificate(server, at, fault, now_ms)]
        }
        Contact::Secure { name, expires_ms } => {
            vec![reached, secure(at, name, *expires_ms, now_ms)]
        }
    }
}

fn not_connected(at: &str, reason: &str, others: bool) -> Finding {
    let saw = format!("{at} takes no connection: {reason}");
    let fix = "see that the server runs, that its firewall and router let the port in, and that \
               the SRV record names the right host and port";
    match others {
        true => Finding::warn(
            Check::Connection,
            format!("{saw}; other addresses do"),
            format!("{fix}; or take this target out of the records"),
        ),
        false => Finding::fail(Check::Connection, saw, fix),
    }
}

fn secure(at: &str, name: &str, expires_ms: Option<u64>, now_ms: u64) -> Finding {
    let Some(expires_ms) = expires_ms else {
        return Finding::ok(Check::Certificate, format!("{at} is valid for {name}"));
    };
    let left = expires_ms.saturating_sub(now_ms);
    let saw = format!("{at} is valid for {name}, for {} more", span(left));
    match left < RENEWED_BEFORE_MS {
        false => Finding::ok(Check::Certificate, saw),
        true => Finding::warn(
            Check::Certificate,
            saw,
            "renew the certificate, and see why that did not happen by itself; a running Holm \
             server takes the new files up within a minute",
        ),
    }
}

/// What is wrong with a certificate.
pub(in super::super) fn bad_certificate(
    server: &ServerName,
    at: &str,
    fault: &CertificateFault,
    now_ms: u64,
) -> Finding {
    let (saw, fix) = match fault {
        CertificateFault::Expired(since) => (
            format!("the certificate expired {}", ago(*since, now_ms)),
            "renew it; a running Holm server takes the new files up within a minute".to_owned(),
        ),
        CertificateFault::NotYet(from) => (
            format!(
                "the certificate becomes valid in {} only",
                span(from.saturating_sub(now_ms))
            ),
            "see that the clocks of both machines are right".to_owned(),
        ),
        CertificateFault::WrongName(names) => (
            format!(
                "the certificate is for {} and not for {server}",
                match names.is_empty() {
                    true => "another name".to_owned(),
                    false => names.join(", "),
                }
            ),
            format!(
                "get a certificate for {server}, or for an SRV target below it, as \
                 holm.{server}; and see that the record leads to the right machine"
            ),
        ),
        CertificateFault::UnknownIssuer(chain) => (
            format!("no authority that is trusted here stands behind its {chain} certificate(s)"),
            match chain {
                1 => {
                    "serve the whole chain (fullchain.pem, with the intermediate certificates); \
                      where the authority is a private one, name it in tls.extra_roots here"
                }
                _ => {
                    "get a certificate of a public authority; where a private one is meant, \
                     name it in tls.extra_roots here"
                }
            }
            .to_owned(),
        ),
        CertificateFault::Other(reason) => (
            format!("the certificate does not hold: {reason}"),
            "get a new certificate of a public authority".to_owned(),
        ),
    };
    Finding::fail(Check::Certificate, format!("{at}: {saw}"), fix)
}
