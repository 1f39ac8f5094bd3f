//! Pins of root keys in DNS (DISC-9, DOC-5).

use holm::lab::RecordData;
use holm_protocol::{PrivateKey, PublicKey};

use super::finding::greeted;
use super::plan::{Plan, plan};
use crate::chance::random;
use crate::client_role::fault::During;

/// TXT records of a root.
type Records = fn(&PublicKey) -> Vec<String>;

/// Pins in DNS (DISC-9, DOC-5).
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn plans() -> Vec<Plan> {
    let all: [(&str, &str, bool, Records); 20] = [
        ("absent", "no pin at first contact", true, |_| vec![]),
        ("correct", "the root's pin", true, |root| {
            vec![format!("v=holm1; root={root}")]
        }),
        ("twice", "the same pin twice", true, |root| {
            vec![format!("v=holm1; root={root}"); 2]
        }),
        ("tight", "a pin without spaces", true, |root| {
            vec![format!("v=holm1;root={root}")]
        }),
        (
            "more_tags",
            "tags nobody knows beside the root",
            true,
            |root| vec![format!("v=holm1; later=1; root={root}; a=b")],
        ),
        (
            "other_purposes",
            "records of other purposes beside it",
            true,
            |root| {
                vec![
                    "v=spf1 -all".into(),
                    "hello".into(),
                    format!("v=holm1; root={root}"),
                ]
            },
        ),
        (
            "other_purposes_alone",
            "records of other purposes alone",
            true,
            |_| vec!["v=spf1 -all".into()],
        ),
        (
            "next_version",
            "a record of another version alone",
            true,
            |_| vec!["v=holm2; root=x".into()],
        ),
        ("other_root", "another root's pin", false, |_| {
            vec![format!("v=holm1; root={}", stranger())]
        }),
        ("two_roots", "pins of two roots", false, |root| {
            vec![
                format!("v=holm1; root={root}"),
                format!("v=holm1; root={}", stranger()),
            ]
        }),
        ("no_root", "a pin without root", false, |_| {
            vec!["v=holm1".into()]
        }),
        ("empty_root", "a pin of nothing", false, |_| {
            vec!["v=holm1; root=".into()]
        }),
        ("short_root", "a pin of 31 bytes", false, |_| {
            vec![format!(
                "v=holm1; root={}",
                crate::client_role::device::base64(&[7; 31])
            )]
        }),
        ("padded", "a pin with padding", false, |root| {
            vec![format!("v=holm1; root={root}=")]
        }),
        (
            "standard_base64",
            "a pin in the other base64",
            false,
            |_| vec![format!("v=holm1; root={}", "+/".repeat(21) + "+")],
        ),
        ("hexadecimal", "a pin in hexadecimal", false, |_| {
            vec![format!("v=holm1; root={}", "ab".repeat(32))]
        }),
        ("cut", "a pin that is cut off", false, |root| {
            let text = root.to_string();
            vec![format!("v=holm1; root={}", &text[..20])]
        }),
        (
            "readable_beside",
            "a pin that cannot be read beside the right one",
            false,
            |root| vec![format!("v=holm1; root={root}"), "v=holm1; root=?".into()],
        ),
        ("root_twice", "two roots in one record", false, |root| {
            vec![format!("v=holm1; root={root}; root={}", stranger())]
        }),
        ("quoted", "a pin in quotation marks", false, |root| {
            vec![format!("v=holm1; root=\"{root}\"")]
        }),
    ];
    let plan_of = |(name, what, taken, records): (&'static str, &'static str, bool, Records)| {
        let title = format!("{what}: taken {taken}");
        plan(
            format!("pin.{name}"),
            title,
            "DISC-9 DOC-5 S12 D08",
            move |stage| async move {
                let peer = stage.peer().await?;
                let texts = records(&peer.root.public())
                    .into_iter()
                    .map(RecordData::Txt);
                let name = format!("_holm.{}", peer.name);
                peer.kit.set(&name, texts.collect()).await.during("DNS")?;
                greeted(&peer, taken).await
            },
        )
    };
    all.into_iter().map(plan_of).collect()
}

fn stranger() -> PublicKey {
    PrivateKey::from_seed(&random()).public()
}
