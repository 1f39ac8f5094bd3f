//! Disks that are full, fail or are slow, and processes that stand still.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::Nemesis;
use crate::Failure;
use crate::draws::Draws;
use crate::server::Server;
use crate::stage::SMALL_DISK;
use crate::tally::Fault;

/// One fault after another.
pub(super) async fn run(nemesis: &Nemesis<'_>, mut draws: Draws) -> Result<(), Failure> {
    let tracing = Command::new("strace").arg("-V").output().await.is_ok();
    if !tracing {
        let why = "EIO and a slow disk: strace is not installed";
        nemesis.stage.tally.impossible(why.to_owned());
    }
    // Each once in the first seconds, in a drawn order, then whatever comes.
    let mut first = vec![0, 1, 2, 3];
    while nemesis.pause(&mut draws, 300, 4_000).await {
        let next = match first.is_empty() {
            true => draws.below(4),
            false => first.swap_remove(draws.index(first.len())),
        };
        match next {
            0 if tracing => fail_sync(nemesis, &mut draws).await,
            1 if tracing => slow_sync(nemesis, &mut draws).await,
            2 => fill(nemesis, &mut draws).await?,
            _ => stand_still(nemesis, &mut draws).await,
        }
    }
    Ok(())
}

/// Every sync of a server fails; it has to stop itself and begin again.
async fn fail_sync(nemesis: &Nemesis<'_>, draws: &mut Draws) {
    let server = nemesis.server(draws);
    server.until_serving().await;
    let during = draws.millis(1_000, 4_000);
    server.excuse(during);
    if inject(nemesis, server, "error=EIO", "INJECTED", during).await {
        nemesis.count(Fault::FsyncEio);
    }
}

/// Every sync of a server takes a third of a second.
async fn slow_sync(nemesis: &Nemesis<'_>, draws: &mut Draws) {
    let server = nemesis.server(draws);
    server.until_serving().await;
    let during = draws.millis(1_000, 5_000);
    if inject(nemesis, server, "delay_enter=300000", "DELAYED", during).await {
        nemesis.count(Fault::SlowDisk);
    }
}

/// How long the tracer may take to let go.
const LET_GO: Duration = Duration::from_secs(5);

/// Has the kernel's tracer change what syncs do; whether it changed any.
async fn inject(
    nemesis: &Nemesis<'_>,
    server: &Server<'_>,
    what: &str,
    mark: &str,
    during: Duration,
) -> bool {
    let log = nemesis.stage.folder().join("strace.txt");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-e"]);
    strace.arg(format!("inject=fsync,fdatasync:{what}"));
    strace.arg("-p").arg(server.lab.pid().to_string());
    strace.arg("-o").arg(&log);
    strace
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(mut tracer) = strace.kill_on_drop(true).spawn() else {
        return false;
    };
    // It ends by itself where the server is killed.
    let ended = timeout(during, tracer.wait()).await.is_ok();
    if let Some(pid) = tracer.id().filter(|_| !ended) {
        let interrupted = Command::new("kill")
            .arg("-INT")
            .arg(pid.to_string())
            .status()
            .await;
        if interrupted.is_err() || timeout(LET_GO, tracer.wait()).await.is_err() {
            let _ = tracer.kill().await;
        }
    }
    let lines = std::fs::read_to_string(&log).unwrap_or_default();
    lines.contains(mark)
}

/// The small disk has no room for a while.
async fn fill(nemesis: &Nemesis<'_>, draws: &mut Draws) -> Result<(), Failure> {
    let Some(folder) = nemesis.stage.small_disk() else {
        return Ok(());
    };
    let small = |server: &&Server<'_>| server.domain().as_str() == SMALL_DISK;
    let server = nemesis.servers.iter().find(small);
    let during = draws.millis(500, 5_000);
    if let Some(server) = server {
        server.excuse(during);
    }
    let ballast = folder.join("ballast");
    let path = ballast.clone();
    let filled = tokio::task::spawn_blocking(move || fill_with(&path)).await?;
    if filled? {
        nemesis.count(Fault::Enospc);
    }
    nemesis.last(during).await;
    Ok(std::fs::remove_file(ballast)?)
}

/// Writes until there is no room; whether that was so.
fn fill_with(path: &Path) -> std::io::Result<bool> {
    let mut file = File::create(path)?;
    for size in [1024 * 1024, 4096] {
        let zeros = vec![0; size];
        loop {
            match file.write_all(&zeros) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(true)
}

/// A process stands still for a while, as on a machine that is suspended.
async fn stand_still(nemesis: &Nemesis<'_>, draws: &mut Draws) {
    let server = nemesis.server(draws);
    let pid = server.lab.pid();
    if server.signal("STOP", pid).await {
        nemesis.count(Fault::Sigstop);
        let during = match draws.percent(15) {
            true => draws.millis(8_000, 15_000),
            false => draws.millis(100, 3_000),
        };
        nemesis.last(during).await;
        // Killed meanwhile, it is gone, and this reaches nobody.
        server.signal("CONT", pid).await;
    }
}
