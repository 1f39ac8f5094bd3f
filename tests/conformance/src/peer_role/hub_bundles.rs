//! Bundles of which one part is spoiled on the way, cut off, or too long (ROOM-8, LIM-6).

use std::sync::Arc;

use holm_protocol::PrivateKey;
use holm_protocol::bundle::Bundle;

use super::hosted::{Hosted, peer_device};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::{refused, refused_as_one_of};
use crate::client_role::device::change::Change;
use crate::client_role::device::new_key;
use crate::client_role::fault::{Check, During, same, wrong};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = vec![
        plan(
            "hub.commit.cut",
            "a commit cut off anywhere is refused",
            "FED-3 M01",
            cut_commit,
        ),
        plan(
            "hub.commit.cut_group_info",
            "a GroupInfo cut off anywhere is refused",
            "ROOM-8 M01 M15",
            cut_group_info,
        ),
        plan(
            "hub.commit.cut_welcome",
            "a Welcome cut off anywhere is refused",
            "ROOM-8 M01 M10",
            cut_welcome,
        ),
        plan(
            "hub.commit.at_limit",
            "a bundle of the limit is read",
            "LIM-6 S19",
            at_limit,
        ),
        plan(
            "hub.commit.over_limit",
            "a bundle one byte over the limit is refused",
            "LIM-6 S19",
            over_limit,
        ),
    ];
    plans.extend(spoils().into_iter().map(spoiled));
    plans
}

/// Changes a bundle, given the committer's key.
type Spoil = fn(&mut Bundle, &PrivateKey);

/// Each piece of a part of the bundle is refused, and nothing is applied.
async fn every_cut(hosted: &Hosted, len: usize, cut: impl Fn(usize) -> Bundle) -> Check {
    let step = (len / 25).max(1);
    for at in (0..len).step_by(step).chain([len - 1]) {
        let answer = hosted.update(&cut(at)).await?;
        let wanted = [(422, "invalid_commit"), (400, "malformed")];
        refused_as_one_of(&answer, &wanted).during(&format!("{at} of {len} bytes"))?;
    }
    same("events", &hosted.len().await?, &1)
}

fn sign_anew(bundle: &Bundle, key: &PrivateKey) -> Bundle {
    let Bundle {
        commit,
        welcome,
        group_info,
        ..
    } = bundle.clone();
    Bundle::sign(commit, welcome, group_info, key)
}

async fn cut_commit(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let good = hosted.mallory.commit(&Change::update())?;
    let key = hosted.mallory.mls_key.clone();
    every_cut(&hosted, good.commit.len(), |at| {
        let mut bundle = good.clone();
        bundle.commit.truncate(at);
        sign_anew(&bundle, &key)
    })
    .await?;
    hosted.update(&good).await?.expect_good()
}

async fn cut_group_info(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let good = hosted.mallory.commit(&Change::update())?;
    let key = hosted.mallory.mls_key.clone();
    every_cut(&hosted, good.group_info.len(), |at| {
        let mut bundle = good.clone();
        bundle.group_info.truncate(at);
        sign_anew(&bundle, &key)
    })
    .await?;
    hosted.update(&good).await?.expect_good()
}

async fn cut_welcome(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let carol = peer_device(&hosted.peer, "carol", "c1")?;
    let good = hosted
        .mallory
        .commit(&Change::add(vec![carol.key_package()?]))?;
    let key = hosted.mallory.mls_key.clone();
    let welcome = good.welcome.clone().unwrap_or_default();
    every_cut(&hosted, welcome.len(), |at| {
        let mut bundle = good.clone();
        bundle.welcome = Some(welcome[..at].to_vec());
        sign_anew(&bundle, &key)
    })
    .await?;
    hosted.update(&good).await?.expect_good()
}

async fn of_size(stage: &Arc<Stage>, len: usize, status: u16, code: &str) -> Check {
    let mut hosted = Hosted::set_up(stage).await?;
    let mut bundle = hosted.mallory.commit(&Change::update())?;
    let rest = len - bundle.commit.len() - bundle.group_info.len();
    bundle.welcome = Some(vec![0; rest]);
    let key = hosted.mallory.mls_key.clone();
    refused(
        &hosted.update(&sign_anew(&bundle, &key)).await?,
        status,
        code,
    )?;
    same("events", &hosted.len().await?, &1)
}

async fn at_limit(stage: Arc<Stage>) -> Check {
    of_size(&stage, 1_048_576, 422, "invalid_commit").await
}

async fn over_limit(stage: Arc<Stage>) -> Check {
    of_size(&stage, 1_048_577, 413, "too_large").await
}

fn spoiled((name, what, spoil): (&'static str, &'static str, Spoil)) -> Plan {
    let title = format!("a bundle with {what} is refused and nothing applied");
    let cites = "ROOM-8 FED-3 M09 M10 M15";
    plan(
        format!("hub.bundle.{name}"),
        title,
        cites,
        move |stage| async move {
            let mut hosted = Hosted::set_up(&stage).await?;
            let carol = peer_device(&hosted.peer, "carol", "c1")?;
            let good = hosted
                .mallory
                .commit(&Change::add(vec![carol.key_package()?]))?;
            let mut bundle = good.clone();
            spoil(&mut bundle, &hosted.mallory.mls_key);
            if bundle == good {
                return Err(wrong("the kit spoiled nothing".to_owned()));
            }
            refused(&hosted.update(&bundle).await?, 422, "invalid_commit")?;
            same("events", &hosted.len().await?, &1)?;
            hosted
                .update(&good)
                .await?
                .expect_good()
                .during("the honest bundle afterwards")
        },
    )
}

fn flip(bytes: &mut [u8], from_end: usize) {
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn spoils() -> Vec<(&'static str, &'static str, Spoil)> {
    // A commit ends with its signature (64 bytes and a length), confirmation and membership tag
    // (32 bytes and a length each).
    vec![
        (
            "commit_signature",
            "a turned bit in the commit's signature",
            |b, key| {
                flip(&mut b.commit, 76);
                *b = sign_anew(b, key);
            },
        ),
        (
            "commit_content",
            "a turned bit in the commit's content",
            |b, key| {
                flip(&mut b.commit, 300);
                *b = sign_anew(b, key);
            },
        ),
        ("confirmation_tag", "another confirmation tag", |b, key| {
            flip(&mut b.commit, 40);
            *b = sign_anew(b, key);
        }),
        ("sender", "another sender in the commit", |b, key| {
            let group_id = usize::from(b.commit[4]);
            // After the group id: eight bytes of epoch, one of the sender's type, four of its leaf.
            let leaf = 4 + 1 + group_id + 8 + 1 + 3;
            b.commit[leaf] ^= 1;
            *b = sign_anew(b, key);
        }),
        (
            "sender_out_of_range",
            "a sender that has no leaf",
            |b, key| {
                let leaf = 4 + 1 + usize::from(b.commit[4]) + 8 + 1;
                b.commit[leaf] = 0x7f;
                *b = sign_anew(b, key);
            },
        ),
        (
            "commit_longer",
            "a byte more behind the commit",
            |b, key| {
                b.commit.push(0);
                *b = sign_anew(b, key);
            },
        ),
        (
            "commit_version",
            "a commit of another protocol version",
            |b, key| {
                b.commit[1] = 2;
                *b = sign_anew(b, key);
            },
        ),
        (
            "commit_is_group_info",
            "a GroupInfo in place of the commit",
            |b, key| {
                b.commit = b.group_info.clone();
                *b = sign_anew(b, key);
            },
        ),
        (
            "commit_is_welcome",
            "a Welcome in place of the commit",
            |b, key| {
                b.commit = b.welcome.clone().unwrap_or_default();
                *b = sign_anew(b, key);
            },
        ),
        ("welcome_bit", "a turned bit in the Welcome", |b, _| {
            if let Some(welcome) = &mut b.welcome {
                flip(welcome, 9);
            }
        }),
        (
            "welcome_left_out",
            "no Welcome for whom it adds",
            |b, key| {
                b.welcome = None;
                *b = sign_anew(b, key);
            },
        ),
        (
            "welcome_left_out_unsigned",
            "a Welcome that was lost on the way",
            |b, _| b.welcome = None,
        ),
        (
            "welcome_reference",
            "a Welcome for another package",
            |b, key| {
                // The reference of the first joiner: version, format, suite, two lengths.
                if let Some(welcome) = &mut b.welcome {
                    welcome[12] ^= 1;
                }
                *b = sign_anew(b, key);
            },
        ),
        (
            "welcome_is_commit",
            "the commit in place of the Welcome",
            |b, key| {
                b.welcome = Some(b.commit.clone());
                *b = sign_anew(b, key);
            },
        ),
        (
            "group_info_signature",
            "a turned bit in the GroupInfo's signature",
            |b, key| {
                flip(&mut b.group_info, 5);
                *b = sign_anew(b, key);
            },
        ),
        (
            "group_info_tag",
            "another tag in the GroupInfo",
            |b, key| {
                flip(&mut b.group_info, 75);
                *b = sign_anew(b, key);
            },
        ),
        (
            "group_info_context",
            "a turned bit in the GroupInfo's context",
            |b, key| {
                b.group_info[40] ^= 1;
                *b = sign_anew(b, key);
            },
        ),
        (
            "group_info_longer",
            "a byte more behind the GroupInfo",
            |b, key| {
                b.group_info.push(0);
                *b = sign_anew(b, key);
            },
        ),
        ("group_info_empty", "an empty GroupInfo", |b, key| {
            b.group_info.clear();
            *b = sign_anew(b, key);
        }),
        (
            "group_info_is_commit",
            "the commit in place of the GroupInfo",
            |b, key| {
                b.group_info = b.commit.clone();
                *b = sign_anew(b, key);
            },
        ),
        (
            "signature_bit",
            "a turned bit in the bundle's signature",
            |b, _| b.signature.0[7] ^= 1,
        ),
        ("signature_zero", "a bundle's signature of zeros", |b, _| {
            b.signature.0 = [0; 64];
        }),
        (
            "signature_other",
            "a bundle signed by another key",
            |b, _| *b = sign_anew(b, &new_key()),
        ),
    ]
}
