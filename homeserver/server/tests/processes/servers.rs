//! Server processes: start, kill, restart, stop.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use holm::lab::{Front, Lab};

use crate::{holm, lab};

#[tokio::test]
async fn a_killed_server_comes_back_on_its_data_and_port() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path(), &["islet.test"], Front::Direct).await;
    let server = lab.server("islet.test").unwrap();
    let (before, first) = (server.ready(), server.pid());
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    let after = server.ready();
    assert_ne!(after.pid, first);
    assert_eq!((after.root, after.listen), (before.root, before.listen));
    assert!(after.url.starts_with("https://islet.test:"));
    let zone = std::fs::read_to_string(folder.path().join("dns/records.zone")).unwrap();
    assert!(zone.contains(&format!("root={}", after.root)), "{zone}");
    assert!(
        zone.contains(&format!("{} hs.islet.test.", after.listen.port())),
        "{zone}"
    );
}

#[tokio::test]
async fn a_server_stops_when_it_is_asked_to() {
    // F18
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path(), &["islet.test"], Front::Direct).await;
    let server = lab.server("islet.test").unwrap();
    assert_eq!(server.stop().await.unwrap(), Some(0));
    server.restart().await.unwrap();
    let terminate = Command::new("kill")
        .arg(server.pid().to_string())
        .status()
        .unwrap();
    assert!(terminate.success());
    server.ended().await;
    assert_eq!(server.stop().await.unwrap(), Some(0));
}

#[tokio::test]
async fn a_data_folder_serves_one_process_at_a_time() {
    // F12
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path(), &["islet.test"], Front::Direct).await;
    let config = lab.server("islet.test").unwrap().folder().join("holm.toml");
    let second = holm(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        told.contains("another process uses this data folder"),
        "{told}"
    );
}

#[tokio::test]
async fn what_passes_a_recording_proxy_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path(), &["islet.test"], Front::RecordingProxy).await;
    let server = lab.server("islet.test").unwrap();
    let health = reach(&lab, server.url().rsplit(':').next().unwrap()).await;
    assert!(health.contains("\"status\":\"ok\""), "{health}");
    let captured = std::fs::read_dir(lab.captured(server.domain())).unwrap();
    let captured = captured.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let captured: String = captured.collect();
    assert!(captured.contains("GET /health") && captured.contains("\"status\":\"ok\""));
}

/// `GET /health` over TLS, as another server would connect.
async fn reach(lab: &Lab, port: &str) -> String {
    use rustls::pki_types::pem::PemObject;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let pem = lab.authority.root_pem();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let tcp = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}"))
        .await
        .unwrap();
    let name = rustls::pki_types::ServerName::try_from("hs.islet.test").unwrap();
    let mut stream = connector.connect(name, tcp).await.unwrap();
    let request = b"GET /health HTTP/1.1\r\nhost: islet.test\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_server_whose_store_fails_stops_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let config = "listen = \"127.0.0.1:0\"\n[server]\ndomain = \"islet.test\"\n[tls]\noff = true\n";
    std::fs::write(folder.path().join("holm.toml"), config).unwrap();
    // Files may not grow past a limit, as on a full disk: writes fail from there on.
    let script = "trap '' XFSZ; ulimit -f 900; exec \"$0\" serve --json --config holm.toml";
    let mut server = Command::new("sh")
        .args(["-c", script])
        .arg(crate::program())
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let address = ready["listen"].as_str().unwrap();
    let accepted = (0..500).take_while(|n| register(address, *n)).count();
    assert!((1..500).contains(&accepted), "{accepted}");
    let output = server.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("the store failed, so the server stops"),
        "{told}"
    );
}

/// Whether the server makes an account.
fn register(address: &str, number: usize) -> bool {
    let body = format!("{{\"name\":\"u{number}\",\"password\":\"a password of some length\"}}");
    let request = format!(
        "POST /client/v1/register HTTP/1.1\r\nhost: islet.test\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = String::new();
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.write_all(request.as_bytes())?;
        stream.read_to_string(&mut answer)
    });
    asked.is_ok() && answer.starts_with("HTTP/1.1 200")
}
