//! The command line: what there is, and how each command ends (spec/cli.md).

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use holm_cli::ChatOptions;
use holm_protocol::ServerName;

use crate::config::Config;
use crate::demo::{self, DemoOptions};
use crate::doctor;
use crate::doctor::command::DoctorArgs;
use crate::failure::{Failure, Outcome};
use crate::names::{self, NamesArgs};
use crate::operator;
use crate::operator::command::forks::ForksArgs;
use crate::operator::command::health::HealthArgs;
use crate::operator::command::keys::KeysArgs;
use crate::operator::command::peers::PeersArgs;
use crate::replay::{self, ReplayOptions};
use crate::report::Report;
use crate::serve::{self, ServeOptions};
use crate::verify_proof::{self, VerifyProofArgs};

/// A homeserver and client for end-to-end encrypted conversations between organizations.
///
/// Exit codes: 0 all went well, 1 a difference was found or something failed, 2 the command line
/// or configuration can't be used.
#[derive(Debug, Parser)]
#[command(name = "holm", version)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Config(ConfigArgs),
    Serve(ServeArgs),
    Demo(DemoArgs),
    Replay(ReplayArgs),
    Chat(ChatOptions),
    Peers(PeersArgs),
    Keys(KeysArgs),
    Doctor(DoctorArgs),
    Health(HealthArgs),
    Forks(ForksArgs),
    VerifyProof(VerifyProofArgs),
    Names(NamesArgs),
}

/// Print a commented configuration file with every default.
#[derive(Args, Debug)]
struct ConfigArgs {
    /// The server's domain, set in the file
    #[arg(long, value_name = "D")]
    domain: Option<ServerName>,
}

/// Run a homeserver until it is stopped.
///
/// The environment overrides the file: HOLM_SECTION__KEY, as in HOLM_SERVER__DOMAIN.
#[derive(Args, Debug)]
struct ServeArgs {
    /// The configuration file; `holm config` prints one
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// One JSON object an event on standard output
    #[arg(long)]
    json: bool,
    /// Stop when standard input ends, for a server that is another program's child
    #[arg(long)]
    stop_with_stdin: bool,
}

/// Show a conversation across two servers, every hop told in words.
///
/// Runs islet.test and skerry.test as processes on this machine, with DNS and certificates of
/// their own, lets alice and bob talk, and stays up for others to join in.
#[derive(Args, Debug)]
struct DemoArgs {
    /// Folder for all that arises [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// End when the conversation is over
    #[arg(long)]
    exit: bool,
    /// One JSON object an event on standard output
    #[arg(long)]
    json: bool,
}

/// Replay an IRC log over several servers and compare what every device decrypted.
///
/// Each speaker becomes a user on one of the servers, with a device of its own; each line is
/// encrypted and sent by its speaker once the line before has its number in the log. Exit code 1
/// if a line was lost, doubled or changed anywhere.
#[derive(Args, Debug)]
struct ReplayArgs {
    /// The log: `[HH:MM] <nick> text` and `[HH:MM] * nick action` lines
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// How many servers the speakers are spread over, 1 to 64
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    servers: u16,
    /// Folder for all that arises [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where devices keep their keys and messages
    #[arg(long, value_enum, default_value = "disk")]
    replicas: replay::Replicas,
    /// Folder for what each device decrypted, a file a user
    #[arg(long, value_name = "DIR")]
    transcripts: Option<PathBuf>,
    /// Kill a server so often while the lines are sent; SERVER is a domain, a number from 1, or
    /// `all` for each of them. Repeatable
    #[arg(long, value_name = "SERVER:TIMES")]
    kill: Vec<replay::KillServer>,
    /// Kill so many devices while the lines are sent, and open them again from their databases
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000))]
    kill_devices: u16,
    /// What the moments of killing are drawn from [default: drawn, and told]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// One JSON object an event on standard output
    #[arg(long)]
    json: bool,
}

/// Reads the command line, runs the command, and answers with its exit code.
pub fn main() -> ExitCode {
    let line = Line::try_parse().unwrap_or_else(|e| e.exit());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = runtime.map_err(Failure::failed).and_then(|runtime| {
        let ended = runtime.block_on(run(line.command));
        // A thread that still reads standard input must not hold the process.
        runtime.shutdown_timeout(LAST_WORK);
        ended
    });
    match ended {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "holm: {failure}");
            (&failure).into()
        }
    }
}

/// How long threads may take to end after the command has.
const LAST_WORK: Duration = Duration::from_secs(1);

async fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Config(args) => print_config(args),
        Command::Serve(args) => {
            let options = ServeOptions {
                stop_with_stdin: args.stop_with_stdin,
            };
            let report = Report::to_stdout(args.json);
            Box::pin(serve::run(&args.config, options, &report)).await
        }
        Command::Demo(args) => {
            let options = DemoOptions {
                data: args.data,
                exit: args.exit,
            };
            Box::pin(demo::run(options, &Report::to_stdout(args.json))).await
        }
        Command::Replay(args) => {
            let options = ReplayOptions {
                log: args.log,
                servers: args.servers,
                data: args.data,
                replicas: args.replicas,
                transcripts: args.transcripts,
                kill: args.kill,
                kill_devices: args.kill_devices,
                seed: args.seed,
            };
            Box::pin(replay::run(options, &Report::to_stdout(args.json))).await
        }
        Command::Chat(options) => Box::pin(chat(options)).await,
        Command::Forks(args) => Box::pin(operator::command::forks::run(args)).await,
        Command::Names(args) => Box::pin(names::run(args)).await,
        Command::VerifyProof(args) => verify_proof::run(&args),
        Command::Peers(args) => Box::pin(operator::command::peers::run(args)).await,
        Command::Keys(args) => Box::pin(operator::command::keys::run(args)).await,
        Command::Health(args) => Box::pin(operator::command::health::run(args)).await,
        Command::Doctor(args) => Box::pin(doctor::command::run(args)).await,
    }
}

fn print_config(args: ConfigArgs) -> Result<Outcome, Failure> {
    let mut config = Config::default();
    config.server.domain = args.domain;
    let text = config.to_commented_toml();
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(Failure::failed)?;
    Ok(Outcome::Fine)
}

async fn chat(options: ChatOptions) -> Result<Outcome, Failure> {
    holm_cli::chat_on_terminal(options, crate::crash::of_device()?)
        .await
        .map_err(Failure::failed)?;
    Ok(Outcome::Fine)
}
