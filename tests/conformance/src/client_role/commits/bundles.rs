//! A bundle is taken as a whole or not at all (ROOM-8, M01, M09, M10, M15).

use std::sync::Arc;

use holm_protocol::aad::{Aad, Extra};
use holm_protocol::bundle::Bundle;
use holm_protocol::{Signature, SignedOrder};
use openmls::prelude::tls_codec::VLBytes;
use serde_json::json;

use super::{alice_is_refused, goes_on, is_refused};
use crate::chance::now_ms;
use crate::client_role::device::change::Change;
use crate::client_role::device::{base64, bundle_json, new_key, room_path};
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::pair::{Pair, log, new_id, pair};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

/// How a good bundle is spoiled; the leaf key may sign it anew.
type Spoil = fn(&mut Bundle) -> Check;

/// Bundles that are spoiled, and whether the leaf key signs them anew afterwards.
const SPOILED: &[(&str, bool, Spoil)] = &[
    ("bundle.signature", false, |b| {
        b.signature = Signature([7; 64]);
        Ok(())
    }),
    ("bundle.signed_by_another", false, |b| {
        let (commit, info) = (b.commit.clone(), b.group_info.clone());
        *b = Bundle::sign(commit, b.welcome.clone(), info, &new_key());
        Ok(())
    }),
    ("bundle.commit_trailing", true, |b| {
        b.commit.push(0);
        Ok(())
    }),
    ("bundle.info_trailing", true, |b| {
        b.group_info.push(0);
        Ok(())
    }),
    ("bundle.welcome_trailing", true, |b| {
        b.welcome.iter_mut().for_each(|welcome| welcome.push(0));
        Ok(())
    }),
    ("bundle.commit_noise", true, |b| {
        b.commit = vec![0xa5; 500];
        Ok(())
    }),
    ("bundle.commit_empty", true, |b| {
        b.commit.clear();
        Ok(())
    }),
    ("bundle.commit_is_welcome", true, |b| {
        b.commit = b.welcome.clone().unwrap_or_default();
        Ok(())
    }),
    ("bundle.commit_version", true, |b| {
        b.commit[1] = 2;
        Ok(())
    }),
    ("bundle.commit_private", true, |b| {
        b.commit[3] = 2;
        Ok(())
    }),
    ("bundle.commit_length", true, |b| {
        b.commit.splice(4..5, [0xbf, 0xff, 0xff, 0xff]);
        Ok(())
    }),
    ("bundle.no_welcome", true, |b| {
        b.welcome = None;
        Ok(())
    }),
    ("bundle.empty_welcome", true, |b| {
        b.welcome = Some(Vec::new());
        Ok(())
    }),
    ("bundle.welcome_is_info", true, |b| {
        b.welcome = Some(b.group_info.clone());
        Ok(())
    }),
    ("bundle.info_is_commit", true, |b| {
        b.group_info.clone_from(&b.commit);
        Ok(())
    }),
];

pub(super) fn plans() -> Vec<Plan> {
    let spoiled = SPOILED.iter();
    let mut plans: Vec<_> = spoiled
        .map(|(id, resign, spoil)| named(id, |site| spoiled_is_refused(site, *resign, *spoil)))
        .collect();
    plans.extend([
        named("bundle.commit_cut_off", cut_off),
        named("bundle.commit_flipped", |s| flipped(s, "commit")),
        named("bundle.info_flipped", |s| flipped(s, "group_info")),
        named("bundle.welcome_flipped", |s| flipped(s, "welcome")),
        named("bundle.welcome_for_nobody", welcome_for_nobody),
        named("bundle.welcome_of_another", welcome_of_another),
        named("bundle.info_of_another", info_of_another),
        named("bundle.with_tree", with_tree),
        named("bundle.too_large", too_large),
        named("bundle.aad_noise", |s| with_aad(s, vec![9; 40])),
        named("bundle.aad_empty", |s| with_aad(s, Vec::new())),
        named("bundle.aad_extra_twice", |s| {
            let mut aad = Aad::new(new_id());
            let extra = Extra {
                kind: 5,
                value: VLBytes::new(vec![1]),
            };
            aad.extra = vec![extra.clone(), extra];
            with_aad(s, aad.to_bytes())
        }),
        named("bundle.many_orders", many_orders),
        named("bundle.unknown_members", unknown_members),
    ]);
    plans
}

/// A pair, and a good bundle of Alice's that adds a third user.
async fn adding(site: &Site) -> Check<(Pair, Bundle)> {
    let mut pair = pair(site).await?;
    let carol = site.member().await?;
    let package = pair.alice.claim_one(&carol.user, &pair.room).await?;
    let bundle = pair.alice.commit(&Change::add(vec![package]))?;
    Ok((pair, bundle))
}

async fn spoiled_is_refused(site: Arc<Site>, resign: bool, spoil: Spoil) -> Check {
    let (mut pair, good) = adding(&site).await?;
    let mut bundle = good.clone();
    spoil(&mut bundle)?;
    if resign {
        let Bundle {
            commit,
            welcome,
            group_info,
            ..
        } = bundle;
        bundle = Bundle::sign(commit, welcome, group_info, &pair.alice.mls_key);
    }
    is_refused(&pair.alice, &pair, &bundle_json(&bundle), "invalid_commit").await?;
    // The good one was not used up.
    let answer = pair.alice.submit(&pair.room, &good).await?;
    answer.expect_good().during("the good bundle afterwards")?;
    pair.alice.merge()?;
    goes_on(&mut pair).await
}

async fn cut_off(site: Arc<Site>) -> Check {
    let (mut pair, good) = adding(&site).await?;
    for len in (0..good.commit.len()).step_by(41) {
        let commit = good.commit[..len].to_vec();
        let (welcome, info) = (good.welcome.clone(), good.group_info.clone());
        let bundle = Bundle::sign(commit, welcome, info, &pair.alice.mls_key);
        let answer = pair.alice.submit(&pair.room, &bundle).await?;
        answer
            .refused(422, "invalid_commit")
            .during(&format!("the first {len} bytes"))?;
    }
    alice_submits(&mut pair, &good).await
}

/// The good bundle is taken after all.
async fn alice_submits(pair: &mut Pair, good: &Bundle) -> Check {
    same("events", &log(&pair.alice, &pair.room).await?.len(), &1)?;
    let answer = pair.alice.submit(&pair.room, good).await?;
    answer.expect_good().during("the good bundle afterwards")
}

async fn flipped(site: Arc<Site>, part: &'static str) -> Check {
    let (mut pair, good) = adding(&site).await?;
    let len = match part {
        "commit" => good.commit.len(),
        "group_info" => good.group_info.len(),
        _ => good.welcome.as_ref().map_or(0, Vec::len),
    };
    for at in (0..len).step_by(37) {
        let mut bundle = good.clone();
        match part {
            "commit" => bundle.commit[at] ^= 0x04,
            "group_info" => bundle.group_info[at] ^= 0x04,
            _ => bundle
                .welcome
                .iter_mut()
                .for_each(|welcome| welcome[at] ^= 0x04),
        }
        let answer = pair.alice.submit(&pair.room, &bundle).await?;
        let problem = answer.problem().during(&format!("{part}, byte {at}"))?;
        let fine = [409, 422].contains(&answer.status);
        ensure(fine, || format!("{part}, byte {at}: {problem}"))?;
    }
    alice_submits(&mut pair, &good).await
}

async fn welcome_for_nobody(site: Arc<Site>) -> Check {
    let (mut pair, adding) = adding(&site).await?;
    let update = pair.alice.commit(&Change::update())?;
    let key = &pair.alice.mls_key;
    let bundle = Bundle::sign(update.commit, adding.welcome, update.group_info, key);
    alice_is_refused(&mut pair, &bundle, "invalid_commit").await
}

async fn welcome_of_another(site: Arc<Site>) -> Check {
    let (mut pair, first) = adding(&site).await?;
    let dave = site.member().await?;
    let package = pair.alice.claim_one(&dave.user, &pair.room).await?;
    let second = pair.alice.commit(&Change::add(vec![package]))?;
    let key = &pair.alice.mls_key;
    let bundle = Bundle::sign(second.commit, first.welcome, second.group_info, key);
    alice_is_refused(&mut pair, &bundle, "invalid_commit").await
}

async fn info_of_another(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let first = pair.alice.commit(&Change::update())?;
    let second = pair.alice.commit(&Change::update())?;
    let key = &pair.alice.mls_key;
    let bundle = Bundle::sign(second.commit, None, first.group_info, key);
    alice_is_refused(&mut pair, &bundle, "invalid_commit").await
}

async fn with_tree(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let change = Change {
        with_tree: true,
        ..Change::update()
    };
    let bundle = pair.alice.commit(&change)?;
    alice_is_refused(&mut pair, &bundle, "invalid_commit").await
}

async fn too_large(site: Arc<Site>) -> Check {
    let (mut pair, good) = adding(&site).await?;
    let mut bundle = good.clone();
    let rest = bundle.commit.len() + bundle.group_info.len();
    bundle.welcome = Some(vec![1; 1_048_576 + 1 - rest]);
    is_refused(&pair.alice, &pair, &bundle_json(&bundle), "too_large").await?;
    bundle.welcome = Some(vec![1; 1_048_576 - rest]);
    is_refused(&pair.alice, &pair, &bundle_json(&bundle), "invalid_commit").await?;
    alice_submits(&mut pair, &good).await
}

async fn with_aad(site: Arc<Site>, aad: Vec<u8>) -> Check {
    let mut pair = pair(&site).await?;
    let change = Change {
        aad: Some(aad),
        ..Change::update()
    };
    let bundle = pair.alice.commit(&change)?;
    alice_is_refused(&mut pair, &bundle, "invalid_commit").await
}

async fn many_orders(site: Arc<Site>) -> Check {
    use holm_protocol::order::{Order, Reason, Subject};
    let mut pair = pair(&site).await?;
    let order = Order {
        room: pair.room.clone(),
        generation: 0,
        subject: Subject::User(pair.bob.user.clone()),
        reason: Reason::LEAVE,
        time: now_ms(),
    };
    let signed = SignedOrder::sign(order, "m1", &pair.bob.mls_key);
    let change = Change {
        orders: vec![signed; 17],
        ..Change::update()
    };
    let bundle = pair.alice.commit(&change)?;
    alice_is_refused(&mut pair, &bundle, "invalid_commit").await
}

async fn unknown_members(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut body = bundle_json(&pair.alice.commit(&Change::update())?);
    body["later"] = json!({ "user": pair.bob.user, "proof": base64(&[1, 2, 3]) });
    let answer = pair
        .alice
        .post(&room_path(&pair.room, "commits"), &body)
        .await?;
    answer.expect_good()
}
