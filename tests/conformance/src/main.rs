//! `holm-conformance`: runs the kit and reports.
//!
//! Exit status: 0 where nothing failed and nothing differs from the list compared with, 1 where
//! something did, 2 where the kit could not run.

mod args;
mod foreign_server;
mod own_servers;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use args::Args;
use clap::Parser;
use holm_conformance::report::{self, Sum};
use holm_conformance::runner::{self, Finished};
use holm_conformance::{Case, baseline, catalogue, junit};

#[tokio::main(flavor = "multi_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("holm-conformance: {why}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: &Args) -> Result<bool, String> {
    if args.prepare {
        say([foreign_server::prepare(args)?]);
        return Ok(true);
    }
    let choice = args.choice();
    let all = catalogue::all()?;
    let known: Vec<String> = all.iter().map(|case| case.id.clone()).collect();
    let cases: Vec<_> = all.into_iter().filter(|case| choice.takes(case)).collect();
    if args.list {
        say(cases
            .iter()
            .map(|case| format!("{:<60} {}", case.id, case.title)));
        return Ok(true);
    }
    let wanted: Vec<String> = cases.iter().map(|case| case.id.clone()).collect();
    let finished = try_all(args, cases).await?;
    tell(args, &finished)?;
    let mut good = Sum::of(&finished).failed == 0;
    if let Some(path) = &args.compare {
        // Cases that exist and were not asked for are not missed.
        let missed = |id: &str| wanted.iter().any(|w| w == id) || !known.iter().any(|k| k == id);
        let found = baseline::differences(&read(path)?, &finished, missed)?;
        good &= found.is_empty();
        say(found.iter().map(|line| format!("differs: {line}")));
    }
    if let Some(path) = &args.write_baseline {
        write(path, &baseline::render(&finished))?;
    }
    Ok(good)
}

async fn try_all(args: &Args, cases: Vec<Case>) -> Result<Vec<Finished>, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let target = match args.own {
        true => own_servers::start(folder.path(), args.program.clone()).await?,
        false => foreign_server::find(args).await?,
    };
    let (total, mut sum) = (cases.len(), Vec::new());
    let shown = std::io::stderr().is_terminal();
    let told = |one: &Finished| {
        sum.push(one.clone());
        if shown {
            let line = Sum::of(&sum).line();
            eprint!("\r\x1b[K{line} of {total}");
            // A progress line that can't be shown is no loss.
            std::io::stderr().flush().ok();
        }
    };
    let finished = runner::run(cases, &Arc::new(target), args.jobs, told).await;
    if shown {
        eprint!("\r\x1b[K");
    }
    Ok(finished)
}

fn tell(args: &Args, finished: &[Finished]) -> Result<(), String> {
    if let Some(path) = &args.junit {
        write(path, &junit::document(finished))?;
    }
    match args.json {
        true => say(finished.iter().map(json)),
        false => say(report::table(finished)),
    }
    if !args.json {
        say([Sum::of(finished).line()]);
    }
    Ok(())
}

fn json(one: &Finished) -> String {
    serde_json::json!({
        "case": one.case.id,
        "title": one.case.title,
        "role": one.case.role.name(),
        "requirements": one.case.requirements,
        "attacks": one.case.attacks,
        "outcome": one.outcome.name(),
        "reason": one.outcome.reason(),
        "ms": u64::try_from(one.took_ms).unwrap_or(u64::MAX),
    })
    .to_string()
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

#[expect(clippy::print_stdout, reason = "a command speaks on standard output")]
fn say(lines: impl IntoIterator<Item = String>) {
    lines.into_iter().for_each(|line| println!("{line}"));
}
