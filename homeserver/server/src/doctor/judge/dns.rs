//! SRV records, the pin, and the targets' addresses.

use holm_federation::{Offer, Pin, Place, ResolveError, SrvTarget, Verdict};
use holm_protocol::{PublicKey, ServerName};

use super::super::finding::{Check, Finding};
use super::super::own::OwnServer;

/// Where DNS says that the server is.
pub(in super::super) fn offer(
    server: &ServerName,
    offer: &Offer,
    own: Option<&OwnServer>,
) -> Finding {
    let name = format!("_holm._tcp.{server}");
    let (host, port) = own.map_or((server.as_str(), 443), |own| (own.host.as_str(), own.port));
    let publish = format!("publish: {}", srv_record(server, host, port));
    match offer {
        Offer::Targets(targets) if own.is_some() && targets.iter().all(|t| t.port != port) => {
            let targets: Vec<_> = targets.iter().map(at).collect();
            Finding::warn(
                Check::Srv,
                format!(
                    "{name} leads to {}, but this server is at port {port}",
                    targets.join(", then ")
                ),
                format!("{publish}; or leave it, where a proxy or router passes that port on"),
            )
        }
        Offer::Fallback(_) if port != 443 => Finding::fail(
            Check::Srv,
            format!(
                "there are no SRV records, so others look for {server} at port 443 of its name, \
                 but this server is at port {port}"
            ),
            publish,
        ),
        Offer::Targets(targets) => {
            let targets: Vec<_> = targets.iter().map(at).collect();
            Finding::ok(
                Check::Srv,
                format!("{name} leads to {}", targets.join(", then ")),
            )
        }
        Offer::Fallback(_) => Finding::ok(
            Check::Srv,
            format!("there are no SRV records, so {server} is looked for at port 443 of its name"),
        ),
        Offer::NoService => Finding::fail(
            Check::Srv,
            format!("{name} says that there is no such service (its target is a dot)"),
            publish,
        ),
        Offer::Failed(reason) => Finding::fail(
            Check::Srv,
            format!("the look-up of {name} failed: {reason}"),
            format!(
                "see that the name servers of {server} answer: dig SRV {name}; a failed look-up \
                 is not taken for \"no record\", so nothing else is tried"
            ),
        ),
    }
}

/// What the TXT record says; where there is none, the record for `root`, if that is known.
pub(in super::super) fn pin(server: &ServerName, pin: &Pin, root: Option<PublicKey>) -> Finding {
    let name = format!("_holm.{server}");
    let publish = match root {
        Some(root) => format!("publish: {}", txt_record(server, &root)),
        None => {
            format!("publish the TXT record that `holm serve` prints at its start, at {name}")
        }
    };
    match pin {
        Pin::Root(pinned) => Finding::ok(Check::Pin, format!("{name} pins the root key {pinned}")),
        Pin::None => Finding::warn(
            Check::Pin,
            format!(
                "no TXT record at {name} pins the root key, so whoever meets {server} first must \
                 trust what it finds"
            ),
            publish,
        ),
        Pin::Unusable(reason) => Finding::fail(
            Check::Pin,
            format!("the TXT records at {name} can't be used: {reason}"),
            format!("{publish}; and remove every other record that begins with v=holm1"),
        ),
        Pin::Failed(reason) => Finding::fail(
            Check::Pin,
            format!("the look-up of the TXT records at {name} failed: {reason}"),
            format!("see that the name servers of {server} answer: dig TXT {name}"),
        ),
    }
}

/// Whether its records come signed, where that is looked at (DISC-12).
pub(in super::super) fn dnssec(server: &ServerName, is_secure: Option<bool>) -> Option<Finding> {
    Some(match is_secure? {
        true => Finding::ok(
            Check::Dnssec,
            format!("the records of {server} are signed, up to the root of DNS"),
        ),
        false => Finding::warn(
            Check::Dnssec,
            format!(
                "the records of {server} are not signed, so whoever can forge an answer of DNS can \
                 lead others astray at first contact"
            ),
            "sign the zone: most DNS providers do at the press of a button",
        ),
    })
}

/// A target's port and addresses.
pub(in super::super) fn place(target: &SrvTarget, place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let at = at(target);
    if !place.port_allowed {
        findings.push(Finding::fail(
            Check::Address,
            format!("{at}: servers connect to no port below 1024 but 443"),
            "listen on 443 or on a port from 1024 on, and name it in the SRV record",
        ));
    }
    let addresses = match &place.addresses {
        Ok(addresses) if !addresses.is_empty() => addresses,
        Ok(_) | Err(ResolveError::NoRecord) => {
            let host = &target.target;
            findings.push(Finding::fail(
                Check::Address,
                format!("{host} has no address"),
                format!("publish: {host}. 3600 IN A (or AAAA) with the machine's address"),
            ));
            return findings;
        }
        Err(ResolveError::Failed(reason)) => {
            let host = &target.target;
            findings.push(Finding::fail(
                Check::Address,
                format!("the look-up of {host}'s addresses failed: {reason}"),
                format!("see that its name servers answer: dig A {host}"),
            ));
            return findings;
        }
    };
    let told: Vec<_> = addresses.iter().map(|(a, _)| a.to_string()).collect();
    findings.push(Finding::ok(
        Check::Address,
        format!("{at} has {}", told.join(", ")),
    ));
    for (address, verdict) in addresses {
        match verdict {
            Verdict::Allowed => {}
            Verdict::Private => findings.push(Finding::fail(
                Check::Address,
                format!(
                    "{at}: {address} lies in a private or special range, where other servers \
                     do not connect to"
                ),
                "publish the address under which the machine is reached from the internet; in a \
                 closed network set federation.allow_private = true on every server",
            )),
            Verdict::NoHost => findings.push(Finding::fail(
                Check::Address,
                format!("{at}: {address} is the address of no host"),
                "publish the machine's own address",
            )),
        }
    }
    findings
}

/// `host:port`.
pub(in super::super) fn at(target: &SrvTarget) -> String {
    format!("{}:{}", target.target, target.port)
}

/// The SRV record that leads to `host` at `port`.
pub(in super::super) fn srv_record(server: &ServerName, host: &str, port: u16) -> String {
    format!("_holm._tcp.{server}. 3600 IN SRV 10 5 {port} {host}.")
}

/// The TXT record that pins `root`.
pub(in super::super) fn txt_record(server: &ServerName, root: &PublicKey) -> String {
    format!("_holm.{server}. 3600 IN TXT \"v=holm1; root={root}\"")
}
