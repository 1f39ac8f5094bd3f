//! Clocks that jump, and certificates that have expired.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};

use super::Nemesis;
use crate::Failure;
use crate::draws::Draws;
use crate::server::Server;
use crate::stage::CLOCK_FILE;
use crate::tally::Fault;

/// Jumps of a clock, in seconds: within what is tolerated, and far beyond.
const JUMPS: [&str; 8] = [
    "+120", "-120", "+240", "-240", "+3600", "-3600", "+90000", "-90000",
];

/// One server's clock jumps, and comes back after a while.
pub(super) async fn run(nemesis: &Nemesis<'_>, mut draws: Draws) -> Result<(), Failure> {
    let wrapped = nemesis.servers.iter().all(|server| {
        let program = server.lab.folder().join("holm-with-a-clock");
        program.exists()
    });
    while wrapped && nemesis.pause(&mut draws, 1_000, 10_000).await {
        let server = nemesis.server(&mut draws);
        let file = server.lab.folder().join(CLOCK_FILE);
        std::fs::write(&file, format!("{}\n", draws.one_of(&JUMPS)))?;
        nemesis.count(Fault::ClockSkew);
        nemesis.last(draws.millis(1_500, 8_000)).await;
        std::fs::write(&file, "+0\n")?;
    }
    Ok(())
}

/// One server's certificate has expired until a new one is there.
pub(super) async fn certificates(nemesis: &Nemesis<'_>, mut draws: Draws) -> Result<(), Failure> {
    while nemesis.pause(&mut draws, 5_000, 60_000).await {
        let server = nemesis.server(&mut draws);
        let names = [
            server.domain().to_string(),
            format!("hs.{}", server.domain()),
        ];
        expire(nemesis, &names, server.lab.folder())?;
        nemesis.count(Fault::CertificateExpired);
        begin_again(server).await?;
        nemesis.last(draws.millis(2_000, 6_000)).await;
        nemesis
            .stage
            .lab
            .authority
            .issue(&names, server.lab.folder())?;
        begin_again(server).await?;
    }
    Ok(())
}

/// Files are looked at once a minute; a server that is started again looks at once.
async fn begin_again(server: &Server<'_>) -> Result<(), Failure> {
    server.until_serving().await;
    server.kill(Duration::ZERO).await.map(drop)
}

fn expire(nemesis: &Nemesis<'_>, names: &[String], folder: &Path) -> Result<(), Failure> {
    let mut params = CertificateParams::new(names)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    let (cert, key) = nemesis.stage.lab.authority.sign_pem(&params)?;
    std::fs::write(folder.join("cert.pem"), cert)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    Ok(options
        .open(folder.join("key.pem"))?
        .write_all(key.as_bytes())?)
}
