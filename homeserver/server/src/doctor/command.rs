//! `holm doctor`: looks, and tells people or programs what it found.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};

use clap::Args;
use holm_protocol::ServerName;
use serde::Serialize;

use super::TIME_MAX;
use super::finding::{Check, Finding, Findings, Level};
use super::outside::{Whom, outside};
use super::own::own;
use super::settings::{Settings, examiner};
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::operator::{Client, ClientError, DOCTOR, Examine, Whose};
use crate::report::Report;

/// Say what is wrong with the way to a server, and what to do about it.
///
/// Without a configuration it looks from outside: DNS, addresses, TLS, server document, root key,
/// clock. With one (--config, --data, or a holm.toml here) the running server looks, which adds
/// what it knows of the other, a signed round trip, what the other sees of it, and what waits.
/// Without a domain it looks at the own server, also before its first start.
///
/// Exit codes: 0 fine or warnings alone, 1 something does not work, 2 it could not look.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The server to look at [default: the own one, by the configuration]
    domain: Option<ServerName>,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    settings: Settings,
    /// One JSON object a finding on standard output
    #[arg(long)]
    json: bool,
}

/// An event of `holm doctor --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DoctorEvent {
    /// One finding.
    Finding(Finding),
    /// How many there were.
    Summary(Summary),
}

/// All findings, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// As it should be.
    ok: usize,
    /// It works, but.
    warnings: usize,
    /// It does not work.
    failures: usize,
}

/// Runs the command.
pub async fn run(args: DoctorArgs) -> Result<Outcome, Failure> {
    let report = Report::to_stdout(args.json);
    let progress = Progress::new(&report);
    let look = Box::pin(look(&args, &progress));
    let findings = look.await.map_err(could_not_look)?;
    progress.end();
    let mut summary = Summary::default();
    for finding in findings {
        summary.count(finding.level);
        report.tell(&DoctorEvent::Finding(finding));
    }
    report.tell(&DoctorEvent::Summary(summary));
    Ok(match summary.failures {
        0 => Outcome::Fine,
        _ => Outcome::Finding,
    })
}

/// It is told apart from a finding by its exit code.
fn could_not_look(failure: Failure) -> Failure {
    match failure {
        Failure::Usage(text) | Failure::Failed(text) => Failure::Usage(text),
    }
}

async fn look(args: &DoctorArgs, progress: &Progress) -> Result<Vec<Finding>, Failure> {
    let config = match args.whose.data {
        // The server that runs there knows its configuration.
        Some(_) => None,
        None => args.whose.configuration()?,
    };
    let own_name = config.as_ref().and_then(|c| c.server.domain.clone());
    let found = Findings::default();
    let server = match (&args.domain, own_name) {
        (Some(domain), own) if own.as_ref() != Some(domain) => domain,
        (_, Some(_)) => {
            look_at_own(args, config.as_ref(), &found, progress).await?;
            return Ok(found.take());
        }
        (_, None) => {
            return Err(Failure::Usage(
                "which server?\n  fix: name it (holm doctor islet.example), or name the own \
                 server's configuration (--config FILE)"
                    .to_owned(),
            ));
        }
    };
    if args.whose.data.is_some() || config.is_some() {
        let client = Client::of(&args.whose)?;
        let domain = server.clone();
        progress.tell("the running server looks");
        match client.ask(&DOCTOR, &Examine { domain }).await {
            Ok(examined) => return Ok(examined.findings),
            Err(error @ ClientError::NotRunning(_)) if config.is_some() => {
                found.add([not_running(&error)]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let examiner = examiner(&args.settings.over(config.as_ref()))?;
    let whom = Whom {
        server: server.clone(),
        known: None,
        own: None,
    };
    let tell = |text: &str| progress.tell(text);
    outside(&examiner, &whom, &found, &tell, TIME_MAX).await;
    Ok(found.take())
}

async fn look_at_own(
    args: &DoctorArgs,
    config: Option<&Config>,
    found: &Findings,
    progress: &Progress,
) -> Result<(), Failure> {
    let config = args.settings.over(config);
    let server = config.domain()?.clone();
    let examiner = examiner(&config)?;
    progress.tell("looking at this machine");
    let own = own(&config, &examiner, found).await?;
    let whom = Whom {
        server,
        known: None,
        own: Some(own),
    };
    let tell = |text: &str| progress.tell(text);
    outside(&examiner, &whom, found, &tell, TIME_MAX).await;
    Ok(())
}

fn not_running(error: &ClientError) -> Finding {
    let error = error.to_string();
    let (saw, fix) = error.split_once("\n  fix: ").unwrap_or((&error, ""));
    Finding::warn(
        Check::Server,
        format!("{saw}, so no signed request is tried"),
        fix,
    )
}

impl Summary {
    fn count(&mut self, level: Level) {
        match level {
            Level::Ok => self.ok += 1,
            Level::Warn => self.warnings += 1,
            Level::Fail => self.failures += 1,
        }
    }
}

impl fmt::Display for DoctorEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finding(finding) => finding.fmt(f),
            Self::Summary(Summary {
                ok,
                warnings,
                failures,
            }) => write!(f, "\nok {ok}, warnings {warnings}, failures {failures}"),
        }
    }
}

/// A line on a terminal that says what goes on, and leaves nothing behind.
struct Progress {
    shown: bool,
}

impl Progress {
    fn new(report: &Report) -> Self {
        Self {
            shown: !report.is_json() && std::io::stderr().is_terminal(),
        }
    }

    fn tell(&self, text: &str) {
        self.write(&format!("\r\u{1b}[K{text} …"));
    }

    fn end(&self) {
        self.write("\r\u{1b}[K");
    }

    fn write(&self, text: &str) {
        if self.shown {
            let mut out = std::io::stderr();
            // A terminal that has gone away is no reason to stop.
            let _ = write!(out, "{text}").and_then(|()| out.flush());
        }
    }
}
