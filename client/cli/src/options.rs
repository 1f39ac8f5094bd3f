//! The options of `holm chat`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Talk: register, log in, create rooms, add people, send and read messages.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatOptions {
    /// Folder of this device's keys and messages [default: ~/.local/share/holm/chat]
    #[arg(long, value_name = "DIR")]
    pub profile: Option<PathBuf>,
    /// The server's address, like https://127.0.0.1:8443; without it, DNS leads to the server
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Certificate authority to trust beside the public ones, a PEM file
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// DNS server to ask instead of the system's
    #[arg(long, value_name = "IP:PORT")]
    pub dns: Option<SocketAddr>,
    /// For programs: a JSON object a line, commands on standard input, events on standard output
    #[arg(long)]
    pub json: bool,
}

impl ChatOptions {
    /// The folder of keys and messages.
    pub(crate) fn profile_dir(&self) -> PathBuf {
        if let Some(profile) = &self.profile {
            return profile.clone();
        }
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        let data = variable("XDG_DATA_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".local").join("share")));
        data.unwrap_or_default().join("holm").join("chat")
    }
}
