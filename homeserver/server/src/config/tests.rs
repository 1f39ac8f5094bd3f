//! Loading, overriding and refusing configurations.

use super::{Config, ConfigError, override_by, parse};

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("holm.toml");
    std::fs::write(&file, text).unwrap();
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::load(&file, environment)
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    // X04
    let error =
        parse("registration = \"open\"\n\n[server]\ndomian = \"islet.test\"\n").unwrap_err();
    assert_eq!(error.place, "line 4");
    assert!(error.cause.contains("unknown field `domian`"), "{error}");
    assert!(error.fix.contains("holm config"));
}

#[test]
fn a_value_of_another_kind_is_refused_with_its_line() {
    let error = parse("data = \"d\"\n[federation]\nallow_private = \"yes\"\n").unwrap_err();
    assert_eq!(error.place, "line 3");
}

#[test]
fn the_environment_overrides_the_file() {
    let config = load(
        "[server]\ndomain = \"islet.test\"\n[tls]\noff = false\n",
        &[
            ("HOLM_SERVER__DOMAIN", "skerry.test"),
            ("HOLM_TLS__OFF", "true"),
            ("HOLM_LISTEN", "127.0.0.1:0"),
            ("HOLM_DNS__SERVERS", "[\"127.0.0.1:53\"]"),
            ("HOLM_CONNECTIONS__MAX", "7"),
            ("HOLM_LOG__LEVEL", "debug"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.domain.unwrap().as_str(), "skerry.test");
    assert!(config.tls.off);
    assert_eq!(config.listen.to_string(), "127.0.0.1:0");
    assert_eq!(config.dns.servers.len(), 1);
    assert_eq!(config.connections.max, 7);
    assert_eq!(config.log.level, "debug");
}

#[test]
fn a_text_that_looks_like_a_number_stays_a_text_where_one_is_asked_for() {
    let environment = [("HOLM_LOG__LEVEL".to_owned(), "3".to_owned())];
    let config = override_by(Config::default(), environment).unwrap();
    assert_eq!(config.log.level, "3");
}

#[test]
fn an_unknown_variable_is_refused_by_name() {
    let error = load("", &[("HOLM_SERVER__DOMIAN", "islet.test")]).unwrap_err();
    assert_eq!(error.place, "environment variable HOLM_SERVER__DOMIAN");
    assert!(error.cause.contains("domian"), "{error}");
    let error = load("", &[("HOLM_DATA__X__Y", "1")]).unwrap_err();
    assert!(error.cause.contains("`data` is no section"), "{error}");
}

#[test]
fn what_a_server_cannot_run_without_is_asked_for() {
    for (text, place) in [
        ("[tls]\noff = true\n", "server.domain"),
        ("[server]\ndomain = \"islet.test\"\n", "tls"),
        (
            "[server]\ndomain = \"islet.test\"\n[tls]\ncert = \"c.pem\"\n",
            "tls",
        ),
        (
            "[server]\ndomain = \"islet.test\"\n[tls]\noff = true\nkey = \"k\"\n",
            "tls",
        ),
        (
            "[server]\ndomain = \"islet.test\"\nbase_url = \"http://x\"\n[tls]\noff = true\n",
            "server.base_url",
        ),
    ] {
        let error = load(text, &[]).unwrap_err();
        assert_eq!(error.place, place, "{text}");
        assert!(!error.cause.is_empty() && !error.fix.is_empty());
    }
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let config = load(
        "data = \"d\"\n[server]\ndomain = \"islet.test\"\n[tls]\ncert = \"c\"\nkey = \"/k\"\n",
        &[],
    )
    .unwrap();
    assert!(config.data.is_absolute() && config.data.ends_with("d"));
    assert!(config.tls.cert.unwrap().is_absolute());
    assert_eq!(config.tls.key.unwrap().to_str(), Some("/k"));
}

#[test]
fn a_missing_file_says_how_to_write_one() {
    let error = Config::load("no/such/holm.toml".as_ref(), []).unwrap_err();
    assert!(error.fix.contains("holm config --domain"), "{error}");
}
