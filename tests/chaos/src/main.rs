//! Process chaos: real servers, real devices, and everything that breaks (tests/chaos/README.md).
//!
//! Three `holm serve` processes and some dozens of devices talk while a nemesis kills, stops,
//! cuts, fills and skews them, by a plan that a seed draws. At the end everything is healed, all
//! have to converge, and what everybody saw goes to the history checker.

mod args;
mod churn;
mod copies;
mod crew;
mod draws;
mod life;
mod member;
mod nemesis;
mod report;
mod server;
mod settle;
mod stage;
mod tally;
mod view;
mod watch;

use std::process::ExitCode;

use args::Args;
use report::Report;
use stage::Stage;
use tokio::time::Instant;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let args = match Args::read(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(why) => {
            eprintln!("{why}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match Box::pin(run(&args)).await {
        Ok(report) => {
            report.tell(&args);
            ExitCode::from(u8::from(!report.is_sound(&args)))
        }
        Err(why) => {
            eprintln!("holm-chaos: {why}\n  {}", args.again());
            ExitCode::FAILURE
        }
    }
}

/// What cannot go on; the message says why.
type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn run(args: &Args) -> Result<Report, Failure> {
    let stage = Stage::start(args).await?;
    let servers = stage.servers();
    let story = async {
        let crew = crew::Crew::gather(&stage, args).await?;
        args.say(&format!("{} devices in {} rooms", args.devices, args.rooms));
        let until = Instant::now() + args.duration;
        let (chaos, ()) = tokio::join!(
            nemesis::run(&stage, &servers, &crew, args, until),
            churn::run(&crew, args, until)
        );
        chaos?;
        args.say("healed; waiting until everybody has everything");
        let settled = settle::wait(&crew, &stage.tally).await;
        crew.copy().await;
        crew.dismiss().await;
        Ok::<_, Failure>(settled)
    };
    let settled = tokio::select! {
        settled = story => settled?,
        failure = server::keep_all_up(&servers, &stage.tally) => return Err(failure),
        () = watch::watch(&servers, &stage.tally) => return Err("nothing watches".into()),
    };
    stage.lab.stop().await?;
    copies::record(&stage).await?;
    let report = Report::of(&stage, settled);
    if !report.is_sound(args) {
        args.say(&format!("everything is in {}", stage.keep().display()));
    }
    Ok(report)
}
