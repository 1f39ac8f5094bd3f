//! Three servers, each behind a program that lets its clock be moved and one of them on a disk that
//! can be filled, and the views that lead to them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use holm::lab::{Front, Lab, LabOptions, server_program};
use holm_history::{Observation, Recorder};
use holm_protocol::ServerName;
use holm_sdk::{Network, NetworkOptions};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::Failure;
use crate::args::Args;
use crate::server::Server;
use crate::tally::Tally;
use crate::view::View;

/// Everything that is there.
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) tally: Arc<Tally>,
    pub(crate) recorder: Recorder,
    /// How each server sees the others, in the order of the servers.
    pub(crate) peers: Vec<View>,
    /// How most devices see the servers.
    pub(crate) near: View,
    /// How the devices see them that sometimes read slowly.
    pub(crate) slow: View,
    begun: Instant,
    disk: Option<SmallDisk>,
    folder: Folder,
}

/// Writes down what devices see.
#[derive(Clone)]
pub(crate) struct Scribe {
    recorder: Recorder,
    pub(crate) tally: Arc<Tally>,
    begun: Instant,
}

impl Scribe {
    /// Records something that happens now.
    pub(crate) fn record(&self, observation: Observation) {
        self.record_at(self.now_ms(), observation);
    }

    /// Records something that began at that time.
    pub(crate) fn record_at(&self, at_ms: u64, observation: Observation) {
        self.recorder.record(at_ms, observation);
    }

    /// Milliseconds since the beginning.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

enum Folder {
    Kept(PathBuf),
    Temporary(TempDir),
}

/// The servers; all have clocks that can be moved.
pub(crate) const DOMAINS: [&str; 3] = ["islet.test", "skerry.test", "holm3.test"];
/// The server whose disk is small.
pub(crate) const SMALL_DISK: &str = "islet.test";
/// Size of the small disk.
const SMALL_DISK_SIZE: &str = "256m";

impl Stage {
    /// Sets everything up.
    pub(crate) async fn start(args: &Args) -> Result<Self, Failure> {
        let folder = match &args.keep {
            Some(folder) => Folder::Kept(std::path::absolute(folder)?),
            None => Folder::Temporary(tempfile::tempdir()?),
        };
        let (data, tally) = (folder.path().join("lab"), Arc::new(Tally::default()));
        let disk = SmallDisk::mount(&data.join("servers").join(SMALL_DISK).join("data"));
        let disk = disk
            .map_err(|why| tally.impossible(format!("ENOSPC: {why}")))
            .ok();
        let options = LabOptions {
            data: data.clone(),
            domains: Vec::new(),
            front: Front::Direct,
            program: server_program()?,
            hops: false,
        };
        let program = options.program.clone();
        let mut lab = Lab::start(options).await?;
        for domain in DOMAINS {
            let folder = data.join("servers").join(domain);
            let program = wrapper(&folder, &program, &tally)?;
            lab.add(ServerName::parse(domain)?, Front::Direct, program)
                .await?;
        }
        let mut peers = Vec::new();
        for server in lab.servers() {
            let view = View::open(&data.join("views").join(server.domain().as_str()), &lab).await?;
            let dns = view.dns();
            server
                .configure(|config| config.dns.servers = vec![dns])
                .await?;
            server.restart().await?;
            peers.push(view);
        }
        Ok(Self {
            near: View::open(&data.join("views/near"), &lab).await?,
            slow: View::open(&data.join("views/slow"), &lab).await?,
            recorder: Recorder::default(),
            begun: Instant::now(),
            lab,
            tally,
            peers,
            disk,
            folder,
        })
    }

    /// The servers, to be kept up; in the order of [`Stage::peers`].
    pub(crate) fn servers(&self) -> Vec<Server<'_>> {
        self.lab.servers().map(Server::new).collect()
    }

    /// How devices go through a view.
    pub(crate) fn network(&self, view: &View) -> Result<Network, Failure> {
        let options = NetworkOptions {
            dns_servers: vec![view.dns()],
            ..self.lab.network_options()
        };
        Ok(Network::new(options)?)
    }

    /// All views of devices.
    pub(crate) fn device_views(&self) -> [&View; 2] {
        [&self.near, &self.slow]
    }

    /// The folder on the small disk, where there is one.
    pub(crate) fn small_disk(&self) -> Option<&Path> {
        self.disk.as_ref().map(|disk| disk.folder.as_path())
    }

    /// What writes down what devices see.
    pub(crate) fn scribe(&self) -> Scribe {
        Scribe {
            recorder: self.recorder.clone(),
            tally: Arc::clone(&self.tally),
            begun: self.begun,
        }
    }

    /// Leaves everything where it is, for a person to look at.
    pub(crate) fn keep(self) -> PathBuf {
        match self.folder {
            Folder::Kept(path) => path,
            Folder::Temporary(folder) => folder.keep(),
        }
    }

    /// Where everything lies.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// A file system of a fixed size in memory; gone when dropped.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    fn mount(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o"]);
        mount.arg(format!("size={SMALL_DISK_SIZE},mode=0700"));
        let mount = mount.arg("tmpfs").arg(folder).output();
        let output = mount.map_err(|e| format!("mount: {e}"))?;
        match output.status.success() {
            true => Ok(Self {
                folder: folder.to_owned(),
            }),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.folder).output();
        if unmounted.is_err() {
            eprintln!("{} is still mounted", self.folder.display());
        }
    }
}

/// Places where the library lies that moves a process's clock.
const FAKETIME: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// A file in a server's folder that says by how much its clock is wrong.
pub(crate) const CLOCK_FILE: &str = "clock";

/// A program that becomes `program` with a clock that can be moved, where that can be.
fn wrapper(folder: &Path, program: &Path, tally: &Tally) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(CLOCK_FILE), "+0\n")?;
    let library = FAKETIME.iter().find(|path| Path::new(path).exists());
    let Some(library) = library else {
        if folder.ends_with(DOMAINS[0]) {
            tally.impossible("clock skew: libfaketime is not installed".to_owned());
        }
        return Ok(program.to_owned());
    };
    let text = format!(
        "#!/bin/sh\nexport FAKETIME_TIMESTAMP_FILE='{}' FAKETIME_DONT_FAKE_MONOTONIC=1 \
         FAKETIME_CACHE_DURATION=1 FAKETIME_DISABLE_SHM=1 LD_PRELOAD={library}\nexec '{}' \"$@\"\n",
        folder.join(CLOCK_FILE).display(),
        program.display()
    );
    let path = folder.join("holm-with-a-clock");
    std::fs::write(&path, text)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}
