//! The own server: what an administrator lacks, before the first start and after.

use holm_system_tests::{Scene, holm};

use super::has;

#[tokio::test]
async fn a_running_server_without_its_records_is_told_exactly_what_to_publish() {
    // DISC-1, DISC-9
    let scene = Scene::start(&["islet.test"]).await;
    let server = scene.lab.server("islet.test").unwrap();
    let config = server.folder().join("holm.toml");
    let config = config.to_str().unwrap();
    let ended = holm(&["doctor", "--config", config, "--json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    has(&ended, "server", "ok", "runs", "");
    has(
        &ended,
        "certificate",
        "ok",
        "cert.pem is valid for islet.test",
        "",
    );
    let dns = &scene.lab.dns;
    dns.set("_holm._tcp.islet.test", Vec::new()).await.unwrap();
    dns.set("_holm.islet.test", Vec::new()).await.unwrap();
    let ended = holm(&["doctor", "islet.test", "--config", config, "--json"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let (port, root) = (server.listen().port(), server.ready().root);
    let srv = format!("_holm._tcp.islet.test. 3600 IN SRV 10 5 {port} islet.test.");
    has(&ended, "srv", "fail", "no SRV records", &srv);
    let txt = format!("_holm.islet.test. 3600 IN TXT \"v=holm1; root={root}\"");
    has(&ended, "pin", "warn", "no TXT record", &txt);
}

#[tokio::test]
async fn before_the_first_start_it_says_what_is_missing() {
    // DISC-1, DISC-7
    let scene = Scene::start(&["islet.test"]).await;
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = scene
        .lab
        .authority
        .issue_pem(&["other.test".to_owned()])
        .unwrap();
    std::fs::write(folder.path().join("cert.pem"), cert).unwrap();
    std::fs::write(folder.path().join("key.pem"), key).unwrap();
    let text = format!(
        "[server]\ndomain = \"skerry.test\"\n[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n\
         extra_roots = [\"{}\"]\n[dns]\nservers = [\"{}\"]\n",
        scene.lab.authority.root_file().display(),
        scene.lab.dns.address()
    );
    let config = folder.path().join("holm.toml");
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let ended = holm(&["doctor", "--config", config, "--json"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(&ended, "server", "warn", "does not run", "holm serve");
    has(&ended, "keys", "warn", "no keys yet", "start it once");
    has(
        &ended,
        "certificate",
        "fail",
        "is for other.test and not for skerry.test",
        "holm.skerry.test",
    );
    let srv = "_holm._tcp.skerry.test. 3600 IN SRV 10 5 8443 skerry.test.";
    has(&ended, "srv", "fail", "no SRV records", srv);
    has(
        &ended,
        "address",
        "fail",
        "skerry.test has no address",
        "IN A",
    );
}

#[tokio::test]
async fn health_is_told_by_the_exit_code() {
    // X06
    let scene = Scene::start(&["islet.test"]).await;
    let server = scene.lab.server("islet.test").unwrap();
    let data = server.data_dir();
    let arguments = ["health", "--data", data.to_str().unwrap(), "--json"];
    let ended = holm(&arguments).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.events("healthy")[0]["domain"], "islet.test");
    server.stop().await.unwrap();
    assert_eq!(holm(&arguments).await.code, Some(1));
}
