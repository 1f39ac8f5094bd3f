//! The terminal client, as a library: `holm chat` (spec/cli.md).
//!
//! People type lines and read lines; with `--json`, programs write JSON commands and read JSON
//! events. [`chat`] takes any streams, so tests drive it in memory; [`chat_on_terminal`] is what
//! the binary runs.

mod about;
mod command;
mod event;
mod options;
mod password;
mod session;
mod text;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use holm_sdk::{Device, EventReceiver, Network, NetworkOptions, ReplicaPlace, SdkError, SdkPorts};
use thiserror::Error;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader, Lines};
use tokio::task::JoinHandle;

pub use options::ChatOptions;

use command::{Command, Secret};
use password::Passwords;
use session::{Next, Session};

/// Why a chat ended early.
#[derive(Debug, Error)]
pub enum ChatError {
    /// Input or output failed.
    #[error("standard input or output failed: {0}")]
    Io(#[from] std::io::Error),
    /// A file of the options can't be read.
    #[error("{file}: {cause}\n  fix: name a readable PEM file with --ca")]
    File {
        /// The file.
        file: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Another chat has the profile open.
    #[error("{0}: another chat uses this profile\n  fix: end it, or name another with --profile")]
    InUse(String),
    /// The device can't be opened or set up.
    #[error("{0}")]
    Sdk(#[from] SdkError),
}

/// Chats over standard input and output until `/quit` or the end of input. On a terminal,
/// passwords are asked for and not shown.
///
/// # Errors
/// The device can't be opened, or input or output fails; refusals are told and don't end it.
pub async fn chat_on_terminal(options: ChatOptions, ports: SdkPorts) -> Result<(), ChatError> {
    let on_terminal = std::io::stdin().is_terminal() && !options.json;
    let passwords = match on_terminal {
        true => Passwords::Hidden,
        false => Passwords::Given,
    };
    let input = BufReader::new(tokio::io::stdin());
    run((options, ports), input, std::io::stdout(), passwords).await
}

/// Chats over any streams. A password comes with its command (`--json`), from the variable
/// `HOLM_PASSWORD`, or else is the next line of input.
///
/// # Errors
/// As [`chat_on_terminal`].
pub async fn chat(
    options: ChatOptions,
    input: impl AsyncBufRead + Unpin,
    output: impl Write,
) -> Result<(), ChatError> {
    let ports = SdkPorts::system();
    run((options, ports), input, output, Passwords::Given).await
}

async fn run(
    (options, ports): (ChatOptions, SdkPorts),
    input: impl AsyncBufRead + Unpin,
    output: impl Write,
    passwords: Passwords,
) -> Result<(), ChatError> {
    let place = ReplicaPlace::Folder(options.profile_dir());
    let opened = Device::open(place, network(&options)?, ports).await;
    let device = opened.map_err(|error| match error {
        SdkError::ReplicaInUse => ChatError::InUse(options.profile_dir().display().to_string()),
        error => error.into(),
    })?;
    let mut events = device.events();
    let mut session = Session::new(device.clone(), output, options.json);
    session.begin().await?;
    let mut running = device.session().map(|_| start(&device));
    let mut lines = input.lines();
    let ended = loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) => session.on_event(event)?,
                Some(Err(lagged)) => session.tell(&lagged.into())?,
                None => break Ok(()),
            },
            ended = async { running.as_mut().unwrap_or_else(|| unreachable!("checked")).await },
                if running.is_some() =>
            {
                running = None;
                session.on_run_ended(ended)?;
            }
            line = lines.next_line() => {
                let Some(line) = line? else { break Ok(()) };
                let Some(command) = read(&line, &options, &mut session)? else { continue };
                let command = with_password(command, &passwords, &mut lines, options.json).await?;
                match session.on_command(command).await {
                    Ok(Next::Continue) => {}
                    Ok(Next::Run) => running = running.or_else(|| Some(start(&device))),
                    Ok(Next::End) => break Ok(()),
                    Err(error) => break Err(error),
                }
            }
        }
    };
    if ended.is_ok() && running.is_some() {
        // What is on its way would survive in the outbox, but whoever ends wants it sent.
        let quiet = until_quiet(&mut session, &mut events);
        tokio::time::timeout(LAST_SENDS, quiet)
            .await
            .unwrap_or(Ok(()))?;
    }
    device.stop();
    if let Some(running) = running {
        let _ = running.await;
    }
    ended
}

/// Tells events until all own messages have got an answer.
async fn until_quiet<O: Write>(
    session: &mut Session<O>,
    events: &mut EventReceiver,
) -> Result<(), ChatError> {
    while !session.is_quiet() {
        match events.next().await {
            Some(Ok(event)) => session.on_event(event)?,
            Some(Err(lagged)) => return session.tell(&lagged.into()),
            None => return Ok(()),
        }
    }
    Ok(())
}

/// How long the end waits for own messages that are on their way.
const LAST_SENDS: Duration = Duration::from_secs(10);

/// A line as a command; what is none is told.
fn read<O: Write>(
    line: &str,
    options: &ChatOptions,
    session: &mut Session<O>,
) -> Result<Option<Command>, ChatError> {
    let command = match options.json {
        true if line.trim().is_empty() => None,
        true => Some(Command::from_json(line)),
        false => Command::from_line(line),
    };
    match command {
        Some(Err(error)) => {
            session.refuse_as("usage", error.to_string())?;
            Ok(None)
        }
        command => Ok(command.and_then(Result::ok)),
    }
}

/// The command with the password it needs, asked for where it came without.
async fn with_password<I: AsyncBufRead + Unpin>(
    mut command: Command,
    passwords: &Passwords,
    lines: &mut Lines<I>,
    json: bool,
) -> Result<Command, ChatError> {
    let (user, password, new) = match &mut command {
        Command::Register { user, password } => (user, password, true),
        Command::Login { user, password } => (user, password, false),
        _ => return Ok(command),
    };
    if password.is_none() {
        let prompt = format!("password of {}: ", user.address());
        *password = passwords.ask(prompt, new, lines, json).await?.map(Secret);
    }
    Ok(command)
}

fn start(device: &Device) -> Running {
    let device = device.clone();
    tokio::spawn(async move { device.run().await })
}

/// The task that keeps the device connected.
type Running = JoinHandle<Result<(), SdkError>>;

fn network(options: &ChatOptions) -> Result<Network, ChatError> {
    let roots = options.ca.as_ref().map(|file| {
        std::fs::read(file).map_err(|cause| ChatError::File {
            file: file.display().to_string(),
            cause,
        })
    });
    Ok(Network::new(NetworkOptions {
        base_url: options.server.clone(),
        extra_roots_pem: roots.transpose()?.into_iter().collect(),
        dns_servers: options.dns.into_iter().collect(),
        // A developer's own server without TLS; nothing else is reached without.
        allow_plain_http_on_loopback: true,
    })?)
}
