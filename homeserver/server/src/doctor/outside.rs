//! The look from outside: DNS, connection, TLS, document, clock.

use std::net::IpAddr;
use std::time::Duration;

use futures::StreamExt;
use holm_federation::{Contact, Examiner, Offer, Pin, SrvTarget, Verdict};
use holm_protocol::document::VerifiedDocument;
use holm_protocol::{PublicKey, ServerName};

use super::finding::{Check, Finding, Findings};
use super::judge::{certificate, clock, dns, document};
use super::own::OwnServer;

/// Addresses that are looked at, over all targets.
const ADDRESSES_MAX: usize = 24;
/// Of them at a time.
const AT_A_TIME: usize = 8;
/// The Date header tells whole seconds.
const DATE_GRAIN_MS: u64 = 1_000;

/// Who is looked at, and what is known of it before.
pub(crate) struct Whom {
    /// The server.
    pub(crate) server: ServerName,
    /// The root that the one who asks knows it under.
    pub(crate) known: Option<PublicKey>,
    /// What the configuration says, where it is the own one.
    pub(crate) own: Option<OwnServer>,
}

impl Whom {
    fn own_root(&self) -> Option<PublicKey> {
        self.own.as_ref().and_then(|own| own.root)
    }
}

/// Looks, and adds what is found; what was found stays where the time runs out. `progress` is
/// told what is looked at.
pub(crate) async fn outside(
    examiner: &Examiner,
    whom: &Whom,
    found: &Findings,
    progress: &(dyn Fn(&str) + Send + Sync),
    time_max: Duration,
) {
    let look = look(examiner, whom, found, progress);
    if tokio::time::timeout(time_max, look).await.is_err() {
        let seconds = time_max.as_secs();
        found.add([Finding::fail(
            Check::Doctor,
            format!("the examination did not end within {seconds} s"),
            "something answers very slowly; what stands above was found until then",
        )]);
    }
}

async fn look(
    examiner: &Examiner,
    whom: &Whom,
    found: &Findings,
    progress: &(dyn Fn(&str) + Send + Sync),
) {
    let server = &whom.server;
    progress("asking DNS");
    let (offer, pin, is_secure) = tokio::join!(
        examiner.offer(server),
        examiner.pin(server),
        examiner.is_secure(server)
    );
    found.add([dns::offer(server, &offer, whom.own.as_ref())]);
    found.add(dns::dnssec(server, is_secure));
    let targets = match offer {
        Offer::Targets(targets) => targets,
        Offer::Fallback(target) => vec![target],
        Offer::NoService | Offer::Failed(_) => {
            found.add([dns::pin(server, &pin, whom.own_root())]);
            return;
        }
    };
    let addresses = places(examiner, &targets, found).await;
    progress("connecting");
    let mut looks = Vec::new();
    for (target, address) in &addresses {
        looks.push(Box::pin(at_address(examiner, server, target, *address)));
    }
    let looks: Vec<Look> = futures::stream::iter(looks)
        .buffered(AT_A_TIME)
        .collect()
        .await;
    let others = |at: usize| {
        let mut looks = looks.iter().enumerate();
        looks.any(|(other, look)| other != at && matches!(look.contact, Contact::Secure { .. }))
    };
    let mut documents = Vec::new();
    for (index, look) in looks.iter().enumerate() {
        let (findings, document) = look.judge(server, others(index), examiner.now_ms());
        found.add(findings);
        documents.extend(document);
    }
    found.add(whose(whom, &documents, &pin, examiner.now_ms()));
}

/// The addresses that may be connected to.
async fn places(
    examiner: &Examiner,
    targets: &[SrvTarget],
    found: &Findings,
) -> Vec<(SrvTarget, IpAddr)> {
    let places = targets.iter().map(|target| examiner.place(target));
    let places = futures::future::join_all(places).await;
    let mut addresses = Vec::new();
    for (target, place) in targets.iter().zip(places) {
        found.add(dns::place(target, &place));
        let usable = place.addresses.unwrap_or_default().into_iter();
        let usable =
            usable.filter(|(_, verdict)| place.port_allowed && *verdict == Verdict::Allowed);
        addresses.extend(usable.map(|(address, _)| (target.clone(), address)));
    }
    if addresses.len() > ADDRESSES_MAX {
        found.add([Finding::warn(
            Check::Address,
            format!(
                "of its {} addresses only {ADDRESSES_MAX} are looked at",
                addresses.len()
            ),
            "a server needs a few addresses; every further one makes a failure take longer",
        )]);
        addresses.truncate(ADDRESSES_MAX);
    }
    addresses
}

/// What was seen at one address.
struct Look {
    at: String,
    contact: Contact,
    served: Option<Result<holm_federation::Served, String>>,
}

async fn at_address(
    examiner: &Examiner,
    server: &ServerName,
    target: &SrvTarget,
    address: IpAddr,
) -> Look {
    let contact = examiner.contact(server, target, address).await;
    let served = match contact {
        Contact::Secure { .. } => Some(examiner.document(server, target, address).await),
        _ => None,
    };
    Look {
        at: format!("{} ({address})", dns::at(target)),
        contact,
        served,
    }
}

impl Look {
    fn judge(
        &self,
        server: &ServerName,
        others: bool,
        now_ms: u64,
    ) -> (Vec<Finding>, Option<VerifiedDocument>) {
        let mut findings = certificate::contact(server, &self.at, &self.contact, others, now_ms);
        let Some(served) = &self.served else {
            return (findings, None);
        };
        let (judged, document) = document::served(server, &self.at, served, now_ms);
        findings.extend(judged);
        if let Ok(served) = served
            && let Some(date_ms) = served.date_ms
        {
            let whose = format!("{}'s", self.at);
            findings.push(clock::clock(
                &whose,
                date_ms,
                served.between_ms,
                DATE_GRAIN_MS,
            ));
        }
        (findings, document)
    }
}

/// Whose documents they are: against the pin, against what is known, and against each other.
fn whose(whom: &Whom, documents: &[VerifiedDocument], pin: &Pin, now_ms: u64) -> Vec<Finding> {
    let server = &whom.server;
    let root = documents.first().map(VerifiedDocument::root);
    let mut findings = vec![dns::pin(server, pin, whom.own_root().or(root))];
    let mut seen = Vec::new();
    for document in documents {
        if seen.contains(&document.root()) {
            continue;
        }
        seen.push(document.root());
        findings.extend(document::root_against_pin(server, document, pin, now_ms));
        if let Some(known) = whom.known {
            findings.push(document::root_against_known(
                server, document, known, now_ms,
            ));
        }
    }
    if seen.len() > 1 {
        findings.push(Finding::fail(
            Check::Root,
            format!("its addresses show {} different root keys", seen.len()),
            "only one server may answer for a domain: take the other targets out of the records",
        ));
    }
    if let (Some(own), Some(root)) = (whom.own_root(), root)
        && own != root
    {
        findings.push(Finding::fail(
            Check::Root,
            format!("another server than this one answers: this one's root key is {own}"),
            "see that the SRV record, or the proxy, leads here",
        ));
    }
    findings
}
