//! Messages that are none (LOG-7, LOG-11, M01, M02, M17).

use super::talking;
use std::sync::Arc;

use holm_protocol::aad::{Aad, Extra};
use openmls::prelude::tls_codec::VLBytes;

use crate::client_role::device::change::Change;
use crate::client_role::fault::{Check, During, same};
use crate::client_role::pair::{new_id, refused, sent};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("message.other_group", other_group),
        named("message.public", |s| {
            spoiled(s, |message| {
                Ok([&message[..3], &[1], &message[4..]].concat())
            })
        }),
        named("message.a_commit", a_commit),
        named("message.empty", |s| spoiled(s, |_| Ok(Vec::new()))),
        named("message.noise", |s| spoiled(s, |_| Ok(vec![0xa5; 500]))),
        named("message.version", |s| {
            spoiled(s, |message| Ok([&[0, 2], &message[2..]].concat()))
        }),
        named("message.trailing", |s| {
            spoiled(s, |message| Ok([message, &[0]].concat()))
        }),
        named("message.truncated", truncated),
        named("message.claimed_length", |s| {
            spoiled(s, |message| {
                Ok([&message[..4], &[0xbf, 0xff, 0xff, 0xff], &message[5..]].concat())
            })
        }),
        named("message.long_form_length", |s| {
            spoiled(s, |message| {
                Ok([&message[..4], &[0x40, message[4] & 0x3f], &message[5..]].concat())
            })
        }),
        named("message.aad_noise", |s| with_aad(s, vec![1, 2, 3])),
        named("message.aad_empty", |s| with_aad(s, Vec::new())),
        named("message.aad_trailing", |s| {
            with_aad(s, [Aad::new(new_id()).to_bytes(), vec![0]].concat())
        }),
        named("message.aad_extra_twice", |s| {
            with_aad(s, extras(&[7, 7], 1))
        }),
        named("message.aad_too_long", |s| with_aad(s, long_aad(16_385))),
        named("message.aad_at_limit", |s| taken_with(s, long_aad(16_384))),
        named("message.aad_unknown_extra", |s| {
            taken_with(s, extras(&[7, 65_000], 20))
        }),
        named("message.at_limit", lengths),
    ]
}

async fn other_group(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let other = site.device().await?;
    let mut other = other;
    other.create_room().await?;
    let message = other.encrypt(new_id(), "elsewhere")?;
    refused(&mut bob, &pair.room, &message, "invalid_message").await?;
    let own = pair.bob.encrypt(new_id(), "here")?;
    sent(&mut bob, &pair.room, &own).await.map(drop)
}

async fn a_commit(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let bundle = pair.bob.commit(&Change::update())?;
    refused(&mut bob, &pair.room, &bundle.commit, "invalid_message")
        .await
        .map(drop)
}

/// A good message spoiled is refused, and a good one is taken after it.
async fn spoiled(site: Arc<Site>, spoil: fn(&[u8]) -> Check<Vec<u8>>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt(new_id(), "spoiled")?;
    let bytes = spoil(&message)?;
    refused(&mut bob, &pair.room, &bytes, "invalid_message").await?;
    sent(&mut bob, &pair.room, &message).await.map(drop)
}

async fn truncated(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt(new_id(), "cut off")?;
    for len in (0..message.len()).step_by(7) {
        let cut = refused(&mut bob, &pair.room, &message[..len], "invalid_message").await;
        cut.during(&format!("the first {len} bytes"))?;
    }
    sent(&mut bob, &pair.room, &message).await.map(drop)
}

fn extras(kinds: &[u16], len: usize) -> Vec<u8> {
    let mut aad = Aad::new(new_id());
    let extra = |kind: &u16| Extra {
        kind: *kind,
        value: VLBytes::new(vec![1; len]),
    };
    aad.extra = kinds.iter().map(extra).collect();
    aad.to_bytes()
}

/// Authenticated data of exactly so many bytes.
fn long_aad(len: usize) -> Vec<u8> {
    let around = extras(&[9], len - 100).len() - (len - 100);
    extras(&[9], len - around)
}

async fn with_aad(site: Arc<Site>, aad: Vec<u8>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt_with(aad, "with other data")?;
    refused(&mut bob, &pair.room, &message, "invalid_message").await?;
    let good = pair.bob.encrypt(new_id(), "good")?;
    sent(&mut bob, &pair.room, &good).await.map(drop)
}

async fn taken_with(site: Arc<Site>, aad: Vec<u8>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt_with(aad, "with more data")?;
    sent(&mut bob, &pair.room, &message).await.map(drop)
}

async fn lengths(site: Arc<Site>) -> Check {
    const LEN_MAX: usize = 65_536;
    let (mut pair, mut bob) = talking(&site).await?;
    // The authenticated data fills up what padding to 256 bytes leaves.
    let text = "x".repeat(60_000);
    let base = pair.bob.encrypt_with(extras(&[9], 4_500), &text)?.len();
    let fill = 4_500 + LEN_MAX - base;
    let largest = pair.bob.encrypt_with(extras(&[9], fill), &text)?;
    same("length of the largest", &largest.len(), &LEN_MAX)?;
    sent(&mut bob, &pair.room, &largest).await?;
    let over = pair.bob.encrypt_with(extras(&[9], fill + 1), &text)?;
    refused(&mut bob, &pair.room, &over, "too_large")
        .await
        .map(drop)
}
