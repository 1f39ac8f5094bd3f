//! A server under test that somebody else started: reached by its URL, the kit beside it.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use holm::lab::Authority;
use holm_conformance::{Kit, Target};

use crate::args::Args;

/// The server that the command line names.
pub(crate) async fn find(args: &Args) -> Result<Target, String> {
    let missing = |what: &str| format!("--{what} is needed");
    let url = args.url.as_deref().ok_or_else(|| missing("url"))?;
    let domain = args.domain.as_deref().ok_or_else(|| missing("domain"))?;
    let roots = read_roots(args)?;
    let mut target = target(url, domain, args.address, &roots)?;
    if let (Some(url), Some(domain)) = (&args.other_url, &args.other_domain) {
        let other = self::target(url, domain, args.other_address, &roots)?;
        target.other = Some(Arc::new(other));
    }
    if let Some(folder) = &args.kit {
        let kit = Kit::own(folder, args.dns_listen, args.peer_address).await?;
        kit.publish_target(&target).await?;
        if let Some(other) = &target.other {
            kit.publish_target(other).await?;
        }
        target.kit = Some(Arc::new(kit));
    }
    Ok(target)
}

/// Makes the kit's authority; where its certificate is.
pub(crate) fn prepare(args: &Args) -> Result<String, String> {
    let folder = args.kit.as_deref().ok_or("--kit is needed")?;
    let authority = Authority::kept(&folder.join("ca")).map_err(|e| e.to_string())?;
    Ok(authority.root_file().display().to_string())
}

fn read_roots(args: &Args) -> Result<Vec<u8>, String> {
    let mut roots = Vec::new();
    for file in &args.root {
        let pem = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
        roots.extend(pem);
        roots.push(b'\n');
    }
    Ok(roots)
}

fn target(
    url: &str,
    domain: &str,
    address: Option<SocketAddr>,
    roots_pem: &[u8],
) -> Result<Target, String> {
    let place = url
        .strip_prefix("https://")
        .ok_or("the URL has to begin with https://")?;
    let place = place.trim_end_matches('/');
    let (host, port) = place.split_once(':').unwrap_or((place, "443"));
    let port: u16 = port
        .parse()
        .map_err(|_no_number| format!("{url}: no port"))?;
    let looked_up = || {
        (host, port)
            .to_socket_addrs()
            .ok()?
            .find(SocketAddr::is_ipv4)
    };
    let address = address.or_else(looked_up);
    Ok(Target {
        domain: domain.to_owned(),
        host: host.to_owned(),
        address: address.ok_or_else(|| format!("{host} has no IPv4 address: use --address"))?,
        roots_pem: roots_pem.to_vec(),
        other: None,
        kit: None,
    })
}
