//! Coverage and parameters: one set, one order, one spelling (SIG-3, SIG-4).

use holm_protocol::request_signature::{SIGNATURE, SIGNATURE_INPUT, SignatureError};

use super::parameters;
use super::request::{CREATED, request};

/// SIG-3
#[test]
fn less_more_or_other_coverage_is_refused_though_it_is_signed() {
    let good = parameters();
    assert_eq!(request().signed_over(&good).verify(), Ok(()));
    for (from, to) in [
        ("\"@query\" ", ""),
        (" \"holm-destination\"", ""),
        ("\"@method\" \"@path\"", "\"@path\" \"@method\""),
        ("\"@path\"", "\"@path\" \"@path\""),
        ("\"@path\"", "\"@target-uri\""),
        ("\"@path\"", "\"@path\";req"),
        ("\"content-digest\"", "\"content-digest\";sf"),
        ("\"holm-origin\"", "\"holm-origin\" \"date\""),
        ("\"@path\"", "@path"),
    ] {
        assert!(good.contains(from), "{from}");
        let verdict = request().signed_over(&good.replacen(from, to, 1)).verify();
        let refused = matches!(
            verdict,
            Err(SignatureError::Coverage | SignatureError::Header(_))
        );
        assert!(refused, "{to}: {verdict:?}");
    }
}

/// SIG-4
#[test]
fn other_parameters_or_another_order_are_refused_though_signed() {
    let good = parameters();
    let created = format!(";created={CREATED}");
    for (from, to) in [
        (created.as_str(), String::new()),
        (&created, format!(";created=-{CREATED}")),
        (&created, format!(";created={CREATED}.0")),
        (&created, format!(";created=\"{CREATED}\"")),
        (&created, format!(";created=@{CREATED}")),
        (";tag=\"holm-fed-1\"", String::new()),
        (";tag=\"holm-fed-1\"", ";tag=\"holm-fed-2\"".into()),
        (";tag=\"holm-fed-1\"", ";tag=holm-fed-1".into()),
        (
            ";tag=\"holm-fed-1\"",
            format!(";tag=\"holm-fed-1\";expires={CREATED}"),
        ),
        (
            ";tag=\"holm-fed-1\"",
            ";tag=\"holm-fed-1\";nonce=\"a\"".into(),
        ),
        (
            ";tag=\"holm-fed-1\"",
            ";tag=\"holm-fed-1\";alg=\"ed25519\"".into(),
        ),
        (&created, format!(";tag=\"holm-fed-1\"{created}")),
    ] {
        assert!(good.contains(from), "{from}");
        let verdict = request().signed_over(&good.replacen(from, &to, 1)).verify();
        assert_eq!(verdict, Err(SignatureError::Coverage), "{to}");
    }
}

/// SIG-4
#[test]
fn another_spelling_of_the_same_parameters_is_refused_though_signed() {
    let good = parameters();
    for (from, to) in [
        ("(\"@method\"", "( \"@method\""),
        ("\"@method\" ", "\"@method\"  "),
        (";created", "; created"),
        (";created=", ";created=0"),
        (";created=", ";created=1;created="),
        ("\"islet.example#q1\"", "\"islet.example\\#q1\""),
    ] {
        let verdict = request().signed_over(&good.replacen(from, to, 1)).verify();
        let refused = matches!(
            verdict,
            Err(SignatureError::Coverage | SignatureError::Header(_))
        );
        assert!(refused, "{to}: {verdict:?}");
    }
    for text in [
        format!(" holm={good}"),
        format!("holm={good} "),
        format!("a=1, holm={good}"),
        format!("holm={good}, a=1"),
    ] {
        let verdict = request().with(SIGNATURE_INPUT, &text).verify();
        assert_eq!(verdict, Err(SignatureError::Coverage), "{text}");
    }
}

/// SIG-4
#[test]
fn another_spelling_of_the_same_signature_is_refused() {
    let good = request().value(SIGNATURE).to_owned();
    let bare = good.replace("==:", ":");
    assert_ne!(bare, good);
    let second = format!("{good}, other=:AAAA:");
    let spare = good.replacen("==:", "==:;a=1", 1);
    for text in [
        bare,
        second,
        spare,
        format!("{good} "),
        good.replacen("holm", "Holm", 1),
    ] {
        let verdict = request().with(SIGNATURE, &text).verify();
        assert_eq!(verdict, Err(SignatureError::Header(SIGNATURE)), "{text}");
    }
}
