//! Load on real servers through the client API, and what it costs them (tests/load/README.md).
//!
//! Servers are `holm serve` processes, rooms are MLS rooms made by real commits. In the measured
//! window each message is a copy of one real ciphertext with an id of its own, so that encryption
//! in the devices does not drown the server's figure; a server can't tell the difference.

mod args;
mod backlog;
mod crowd;
mod idle;
mod line;
mod measure;
mod message;
mod pairs;
mod peers;
mod reader;
mod reconnect;
mod report;
mod restart;
mod stage;
mod way;
mod writer;

use std::process::ExitCode;

use args::Args;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let args = match Args::read(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(why) => {
            eprintln!("{why}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match args.scenario.as_str() {
        "a" => pairs::one_server(&args).await,
        "d" => pairs::two_servers(&args).await,
        "fill" => pairs::fill(&args).await,
        "b" => crowd::run(&args).await,
        "c" => idle::run(&args).await,
        "peers" => Box::pin(peers::run(&args)).await,
        "restart" => restart::run(&args).await,
        "reconnect" => reconnect::run(&args).await,
        "backlog" => backlog::run(&args).await,
        other => {
            eprintln!("there is no scenario {other:?}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
