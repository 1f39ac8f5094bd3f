//! `holm peers`: the other servers, how calls to them fare, and what waits for them.

use std::fmt;

use clap::{Args, Subcommand};
use holm_core::ports::Clock as _;
use holm_protocol::{Base64Url, PublicKey, ServerName};
use serde::Serialize;

use super::since::{ago, span};
use crate::failure::{Failure, Outcome};
use crate::operator::{
    ACCEPT_ROOT, AcceptRoot, AcceptedRoot, BLOCK_PEER, BlockPeer, BlockedPeer, Breaker, Client,
    PEERS, Peer, RETRY_PEER, RetriedPeer, RetryPeer, Whose,
};
use crate::report::Report;
use crate::runtime::SystemClock;

/// The other servers: how calls to them fare, and what waits for them.
///
/// Asks the running server over its operator's socket, so it runs as the same user.
#[derive(Args, Debug)]
pub struct PeersArgs {
    #[command(flatten)]
    whose: Whose,
    /// One JSON object a peer on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Try a peer now, whatever is left of its wait.
    Retry {
        /// The peer
        domain: ServerName,
    },
    /// Take a root key as a peer's, which its operator has confirmed over another way. A peer that
    /// had another one is then a new server, to which nothing is owed.
    AcceptRoot {
        /// The peer
        domain: ServerName,
        /// The root key, as `holm peers`, the log or its operator names it
        #[arg(value_parser = root_key)]
        root: PublicKey,
    },
    /// Have no traffic with a peer any more, and order its users out of the rooms here.
    Block {
        /// The peer
        domain: ServerName,
    },
    /// Deal with a blocked peer again.
    Unblock {
        /// The peer
        domain: ServerName,
    },
}

fn root_key(text: &str) -> Result<PublicKey, String> {
    let bytes = Base64Url::parse(text)
        .ok()
        .and_then(|bytes| bytes.to_array());
    bytes.map(PublicKey).ok_or_else(|| {
        "a root key is 43 characters of base64url, as `holm peers` shows it".to_owned()
    })
}

/// An event of `holm peers --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum PeersEvent {
    /// One peer.
    Peer(Peer),
    /// What came of a retry.
    Retried(RetriedPeer),
    /// A root key was accepted.
    RootAccepted(AcceptedRoot),
    /// A peer was blocked, or is dealt with again.
    Blocked(BlockedPeer),
}

/// Runs the command.
pub async fn run(args: PeersArgs) -> Result<Outcome, Failure> {
    let client = Client::of(&args.whose)?;
    let report = Report::to_stdout(args.json);
    match args.action {
        None => list(&client, &report).await,
        Some(Action::Retry { domain }) => retry(&client, &report, domain).await,
        Some(Action::AcceptRoot { domain, root }) => {
            let accepted = client
                .ask(&ACCEPT_ROOT, &AcceptRoot { domain, root })
                .await?;
            let failed = accepted.error.is_some();
            report.tell(&PeersEvent::RootAccepted(accepted));
            Ok(match failed {
                true => Outcome::Finding,
                false => Outcome::Fine,
            })
        }
        Some(Action::Block { domain }) => block(&client, &report, domain, true).await,
        Some(Action::Unblock { domain }) => block(&client, &report, domain, false).await,
    }
}

async fn list(client: &Client, report: &Report) -> Result<Outcome, Failure> {
    let peers = client.ask(&PEERS, &()).await?.peers;
    match report.is_json() {
        true => peers
            .into_iter()
            .for_each(|peer| report.tell(&PeersEvent::Peer(peer))),
        false => report.say(table(&peers, SystemClock.now_ms())),
    }
    Ok(Outcome::Fine)
}

async fn retry(client: &Client, report: &Report, domain: ServerName) -> Result<Outcome, Failure> {
    let retried = client.ask(&RETRY_PEER, &RetryPeer { domain }).await?;
    let failed = retried.error.is_some();
    report.tell(&PeersEvent::Retried(retried));
    Ok(match failed {
        true => Outcome::Finding,
        false => Outcome::Fine,
    })
}

async fn block(
    client: &Client,
    report: &Report,
    domain: ServerName,
    blocked: bool,
) -> Result<Outcome, Failure> {
    let done = client
        .ask(&BLOCK_PEER, &BlockPeer { domain, blocked })
        .await?;
    report.tell(&PeersEvent::Blocked(done));
    Ok(Outcome::Fine)
}

/// The table for people: a line a peer, and below it what is wrong with it.
fn table(peers: &[Peer], now_ms: u64) -> String {
    if peers.is_empty() {
        return "No other server has a room in common with this one yet.".to_owned();
    }
    let width = peers.iter().map(|p| p.domain.as_str().len()).max();
    let width = width.unwrap_or_default().max("DOMAIN".len());
    let mut lines = vec![format!(
        "{:<width$}  {:<9} {:>9} {:>11}  {:>8} {:>12} {:>10}  {:<10} NEXT TRY",
        "DOMAIN", "STATE", "OUR ROOMS", "EVENTS OWED", "RESTING", "THEIR ROOMS", "STORED", "HEARD"
    )];
    for peer in peers {
        let heard = peer.calls.heard_ms;
        lines.push(format!(
            "{:<width$}  {:<9} {:>9} {:>11}  {:>8} {:>12} {:>10}  {:<10} {}",
            peer.domain.as_str(),
            state(peer),
            peer.rooms_brought,
            peer.events_owed,
            peer.rooms_resting,
            peer.rooms_followed,
            size(peer.stored_bytes),
            heard.map_or("not yet".to_owned(), |heard| ago(heard, now_ms)),
            next_try(peer),
        ));
        lines.extend(trouble(peer, now_ms));
    }
    lines.join("\n")
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    let units = [
        (1_u64 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

fn state(peer: &Peer) -> &'static str {
    if peer.trust.unwanted.is_some() {
        return "blocked";
    }
    match (peer.calls.breaker, peer.calls.heard_ms) {
        (Breaker::Closed, None) => "unknown",
        (Breaker::Closed, Some(_)) => "answers",
        (Breaker::Open, _) => "away",
        (Breaker::Probing, _) => "trying",
    }
}

fn next_try(peer: &Peer) -> String {
    match peer.calls.breaker {
        Breaker::Closed => "-".to_owned(),
        Breaker::Open | Breaker::Probing => match peer.calls.retry_in_ms {
            0 => "now".to_owned(),
            ms => format!("in {}", span(ms)),
        },
    }
}

/// What is wrong, where something is.
fn trouble(peer: &Peer, now_ms: u64) -> Vec<String> {
    let calls = &peer.calls;
    let mut lines = Vec::new();
    if let Some(why) = &peer.trust.unwanted {
        lines.push(format!("    not dealt with: {why}"));
    }
    if let Some(why) = &peer.trust.root_refused {
        lines.push(format!("    root key refused: {why}"));
    }
    if let (Some(error), Some(time)) = (&calls.last_error, calls.last_error_ms) {
        lines.push(format!("    last error, {}: {error}", ago(time, now_ms)));
    }
    if let Some(since) = calls.failing_since_ms {
        lines.push(format!("    away since {}", ago(since, now_ms)));
    }
    if peer.over_quota {
        let stored = size(peer.stored_bytes);
        lines.push(format!(
            "    over its quota: {stored} are stored for it; what it brings is refused and waits \
             there until quotas.stored_bytes is raised"
        ));
    }
    if peer.rooms_held > 0 {
        let rooms = peer.rooms_held;
        lines.push(format!("    messages wait for it in {rooms} of its rooms"));
    }
    lines
}

impl fmt::Display for PeersEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(peer) => f.write_str(peer.domain.as_str()),
            Self::RootAccepted(accepted) => accepted_root(f, accepted),
            Self::Blocked(blocked) => blocked_peer(f, blocked),
            Self::Retried(retried) => match &retried.error {
                None => write!(
                    f,
                    "{} answers. What waited for it is on its way.",
                    retried.domain
                ),
                Some(error) => write!(
                    f,
                    "{} still does not answer: {error}\nIt is tried again in {}; `holm doctor {}` \
                     says what is wrong.",
                    retried.domain,
                    span(retried.retry_in_ms),
                    retried.domain,
                ),
            },
        }
    }
}

fn accepted_root(f: &mut fmt::Formatter<'_>, accepted: &AcceptedRoot) -> fmt::Result {
    let AcceptedRoot {
        domain,
        root,
        former,
        error,
    } = accepted;
    write!(f, "{root} is the root key of {domain} from now on.")?;
    if let Some(former) = former {
        write!(
            f,
            "\nIt was {former} before: a new server to which nothing is owed. Users of the one \
             before are ordered out of the rooms here; add them anew where they are wanted."
        )?;
    }
    match error {
        None => Ok(()),
        Some(error) => write!(f, "\nIt does not show that key now: {error}"),
    }
}

fn blocked_peer(f: &mut fmt::Formatter<'_>, blocked: &BlockedPeer) -> fmt::Result {
    let domain = &blocked.domain;
    if !blocked.blocked {
        return write!(
            f,
            "{domain} is dealt with again. Users who were ordered out have to be added anew."
        );
    }
    write!(
        f,
        "{domain} is blocked: nothing goes to it and nothing is taken from it. {} of its users were \
         ordered out of {} rooms here; the next commit in each removes them. Nothing goes on in {} \
         rooms of which it is hub.",
        blocked.users, blocked.rooms, blocked.rooms_of_it
    )
}
