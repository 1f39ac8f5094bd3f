//! The binary as it runs: server processes in a lab, and the commands.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod commands;
mod conversation;
mod kills;
mod servers;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use holm::lab::{Front, Lab, LabOptions};
use holm_protocol::ServerName;

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_holm"))
}

/// A lab of servers in `data`.
async fn lab(data: &Path, domains: &[&str], front: Front) -> Lab {
    let options = LabOptions {
        data: data.to_owned(),
        domains: domains
            .iter()
            .map(|d| ServerName::parse(d).unwrap())
            .collect(),
        front,
        program: program(),
        hops: false,
    };
    Lab::start(options).await.unwrap()
}

/// Runs a command to its end.
fn holm(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}
