//! The command line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use holm_conformance::Role;
use holm_conformance::catalogue::Choice;

/// Tries a homeserver with the cases of the conformance kit (tests/conformance/README.md).
#[derive(Debug, Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[command(name = "holm-conformance")]
pub(crate) struct Args {
    /// Try two servers of this workspace, started in a temporary folder
    #[arg(long = "self", conflicts_with_all = ["url", "domain"])]
    pub(crate) own: bool,
    /// The holm binary for --self; else the one of the same target folder
    #[arg(long, requires = "own")]
    pub(crate) program: Option<PathBuf>,
    /// Base URL of the server to try, https://host:port
    #[arg(long, required_unless_present_any = ["own", "list", "prepare"])]
    pub(crate) url: Option<String>,
    /// Its domain: its name between servers
    #[arg(long, required_unless_present_any = ["own", "list", "prepare"])]
    pub(crate) domain: Option<String>,
    /// Where it listens, where the host of its URL is not to be looked up
    #[arg(long)]
    pub(crate) address: Option<SocketAddr>,
    /// Base URL of another server of the same federation
    #[arg(long, requires = "other_domain")]
    pub(crate) other_url: Option<String>,
    /// Domain of that other server
    #[arg(long, requires = "other_url")]
    pub(crate) other_domain: Option<String>,
    /// Where that other server listens
    #[arg(long)]
    pub(crate) other_address: Option<SocketAddr>,
    /// Certificates that the servers' chains may end at, a PEM file; repeatable
    #[arg(long)]
    pub(crate) root: Vec<PathBuf>,
    /// Folder of the kit's certificate authority; cases of peers need it
    #[arg(long)]
    pub(crate) kit: Option<PathBuf>,
    /// Make the authority in --kit and end, so that servers can be told to trust it
    #[arg(long, requires = "kit")]
    pub(crate) prepare: bool,
    /// Where the kit's DNS answers; the server has to ask it
    #[arg(long, default_value = "127.0.0.1:5391")]
    pub(crate) dns_listen: SocketAddr,
    /// Address at which the kit's homeservers listen and the server reaches them
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) peer_address: Ipv4Addr,
    /// Only cases of this role
    #[arg(long, value_enum)]
    role: Option<RoleName>,
    /// Only cases whose id begins so; repeatable
    #[arg(long = "case")]
    cases: Vec<String>,
    /// Only cases that cite this requirement; repeatable
    #[arg(long)]
    requirement: Vec<String>,
    /// Only cases that make this attack; repeatable
    #[arg(long)]
    attack: Vec<String>,
    /// Cases that run at a time
    #[arg(long, default_value_t = 16)]
    pub(crate) jobs: usize,
    /// List the cases and end
    #[arg(long)]
    pub(crate) list: bool,
    /// Print results as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Write results as JUnit XML
    #[arg(long)]
    pub(crate) junit: Option<PathBuf>,
    /// Fail where outcomes differ from this list
    #[arg(long)]
    pub(crate) compare: Option<PathBuf>,
    /// Write the list of outcomes
    #[arg(long)]
    pub(crate) write_baseline: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    Client,
    Peer,
}

impl Args {
    /// Which cases are wanted.
    pub(crate) fn choice(&self) -> Choice {
        Choice {
            role: self.role.map(|role| match role {
                RoleName::Client => Role::Client,
                RoleName::Peer => Role::Peer,
            }),
            ids: self.cases.clone(),
            requirements: self.requirement.clone(),
            attacks: self.attack.clone(),
        }
    }
}
