//! What an administrator is told: the folder, and the DNS records that make the server found.

use std::fmt::Write;

use super::Ready;
use crate::config::Config;

/// The text for people, shown at every start; more of it at the first.
pub(super) fn for_people(config: &Config, ready: &Ready, first_start: bool) -> String {
    let (host, port) = host_and_port(&ready.url);
    let mut text = String::new();
    if first_start {
        let _ = writeln!(
            text,
            "This is the first start: the server's keys were made just now."
        );
    }
    let _ = writeln!(
        text,
        "Data and keys: {} (back it up; it is this server)",
        config.data.display()
    );
    let _ = writeln!(text, "DNS records that other servers and devices look for:");
    let _ = writeln!(
        text,
        "  _holm._tcp.{}. 3600 IN SRV 10 5 {port} {host}.",
        ready.domain
    );
    let _ = writeln!(
        text,
        "  _holm.{}. 3600 IN TXT \"v=holm1; root={}\"",
        ready.domain, ready.root
    );
    let _ = writeln!(text, "  {host}. 3600 IN A (or AAAA) this machine's address");
    let _ = write!(
        text,
        "Talk: holm chat, then /register yourname@{}",
        ready.domain
    );
    text
}

pub(super) fn host_and_port(url: &str) -> (&str, &str) {
    let authority = url.strip_prefix("https://").unwrap_or(url);
    let authority = authority.split('/').next().unwrap_or(authority);
    authority.rsplit_once(':').unwrap_or((authority, "443"))
}

#[cfg(test)]
mod tests {
    use holm_protocol::PublicKey;

    use super::*;

    #[test]
    fn the_records_are_told_ready_to_paste() {
        let mut config = Config::default();
        config.server.domain = Some("islet.test".parse().unwrap());
        let root = PublicKey([7; 32]);
        let ready = Ready::of(&config, config.listen, root).unwrap();
        let text = for_people(&config, &ready, true);
        assert!(text.contains("\n  _holm._tcp.islet.test. 3600 IN SRV 10 5 8443 islet.test.\n"));
        assert!(text.contains(&format!(
            "_holm.islet.test. 3600 IN TXT \"v=holm1; root={root}\""
        )));
        assert!(text.starts_with("This is the first start"));
        config.server.base_url = Some("https://holm.islet.test/".to_owned());
        let ready = Ready::of(&config, config.listen, root).unwrap();
        assert!(for_people(&config, &ready, false).contains("SRV 10 5 443 holm.islet.test."));
    }
}
