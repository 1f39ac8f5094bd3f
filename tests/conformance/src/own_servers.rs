//! `--self`: two servers of this workspace in the lab, as servers under test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use holm::lab::{Front, Lab, LabError, LabOptions, server_program};
use holm_conformance::{Kit, Target};
use holm_protocol::ServerName;

/// Starts the servers in `folder`.
pub(crate) async fn start(folder: &Path, program: Option<PathBuf>) -> Result<Target, String> {
    let lab = start_lab(folder, program)
        .await
        .map_err(|e| e.to_string())?;
    let lab = Arc::new(lab);
    let kit = Arc::new(Kit::of_lab(Arc::clone(&lab)));
    let target = |domain: &str| -> Result<Target, String> {
        let server = lab.server(domain).map_err(|e| e.to_string())?;
        Ok(Target {
            domain: domain.to_owned(),
            host: format!("hs.{domain}"),
            address: server.listen(),
            roots_pem: lab.authority.root_pem().into_bytes(),
            other: None,
            kit: Some(Arc::clone(&kit)),
        })
    };
    let other = Some(Arc::new(target(OTHER)?));
    Ok(Target {
        other,
        ..target(OWN)?
    })
}

const OWN: &str = "islet.test";
const OTHER: &str = "skerry.test";

async fn start_lab(folder: &Path, program: Option<PathBuf>) -> Result<Lab, LabError> {
    let name = |domain| ServerName::parse(domain).ok();
    Lab::start(LabOptions {
        data: folder.to_owned(),
        domains: [OWN, OTHER].into_iter().filter_map(name).collect(),
        front: Front::Direct,
        program: program.map_or_else(server_program, Ok)?,
        hops: false,
    })
    .await
}
