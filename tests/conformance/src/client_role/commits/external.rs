//! External commits: a device comes back in its own place, and nobody else comes in (ADM-9, M14).

use std::sync::Arc;

use holm_mls::provider::Provider;
use holm_mls::{bundle::sign_bundle, credential, settings, signer};
use holm_protocol::aad::Aad;
use holm_protocol::bundle::Bundle;
use openmls::prelude::tls_codec::Deserialize;
use openmls::prelude::{MlsGroup, MlsMessageBodyIn, MlsMessageIn, RatchetTreeIn};

use super::{bob_is_refused, is_refused};
use crate::client_role::device::change::Change;
use crate::client_role::device::{Device, bundle_json};
use crate::client_role::fault::{Check, During, fault, same};
use crate::client_role::pair::{Pair, commit_of, log, new_id, newest, pair};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("external.resync", resync),
        named("external.event_not_welcome", event_not_welcome),
        named("external.stranger", stranger),
        named("external.other_identity", other_identity),
        named("external.stale", stale),
        named("external.by_another", by_another),
    ]
}

/// The state that an external joiner needs, as Alice has it.
struct Open {
    group_info: Vec<u8>,
    tree: Vec<u8>,
}

fn open(pair: &Pair) -> Check<Open> {
    let group = pair
        .alice
        .group
        .as_ref()
        .ok_or_else(super::super::device::change::no_group)?;
    let key = signer(&pair.alice.mls_key);
    let info = group.export_group_info(&pair.alice.provider.crypto, &key, false);
    let info = holm_mls::wire_bytes(&info.during("a GroupInfo")?);
    Ok(Open {
        group_info: info,
        tree: pair.alice.tree()?,
    })
}

/// A device's external commit; its former leaf goes, where it has the same signature key.
fn external(device: &mut Device, open: &Open) -> Check<Bundle> {
    let message = MlsMessageIn::tls_deserialize(&mut open.group_info.as_slice());
    let MlsMessageBodyIn::GroupInfo(info) = message.during("a GroupInfo")?.extract() else {
        return fault("no GroupInfo");
    };
    let tree = RatchetTreeIn::tls_deserialize(&mut open.tree.as_slice()).during("a tree")?;
    device.provider = Provider::default();
    let (provider, key) = (&device.provider, signer(&device.mls_key));
    let built = MlsGroup::external_commit_builder()
        .with_ratchet_tree(tree)
        .with_config(settings::join_config())
        .with_aad(Aad::new(new_id()).to_bytes())
        .build_group(
            provider,
            info,
            credential(&device.identity, &device.mls_key.public()),
        )
        .during("an external commit")?
        .leaf_node_parameters(
            openmls::prelude::LeafNodeParameters::builder()
                .with_capabilities(settings::capabilities())
                .build(),
        )
        .load_psks(&provider.store)
        .during("PSKs")?
        .create_group_info(true)
        .use_ratchet_tree_extension(false)
        .build(&provider.crypto, &provider.crypto, &key, |_| true)
        .during("an external commit")?;
    let (group, made) = built.finalize(provider).during("an external commit")?;
    device.group = Some(Box::new(group));
    sign_bundle(made, &device.mls_key).during("a bundle")
}

async fn resync(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let open = open(&pair)?;
    let bundle = external(&mut pair.bob, &open)?;
    pair.bob.submit(&pair.room, &bundle).await?.expect_good()?;
    pair.alice
        .receive(&commit_of(&newest(&pair.alice, &pair.room).await?)?)?;
    // Both go on in the epoch it began.
    let mut bob = pair.bob.connected().await?;
    let message = pair.bob.encrypt(new_id(), "back")?;
    crate::client_role::pair::sent(&mut bob, &pair.room, &message).await?;
    let opened = pair.alice.receive(&message)?;
    same("text", &opened.as_deref(), &Some("back".as_bytes()))
}

async fn event_not_welcome(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut socket = pair.bob.connected().await?;
    let open = open(&pair)?;
    let bundle = external(&mut pair.bob, &open)?;
    pair.bob.submit(&pair.room, &bundle).await?.expect_good()?;
    let frame = socket.wait_for("event").await?;
    let event = crate::client_role::device::event(&frame["event"])?;
    same("the commit", &commit_of(&event)?, &bundle.commit)
}

async fn stranger(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut mallory = site.device().await?;
    let bundle = external(&mut mallory, &open(&pair)?)?;
    // By the stranger the room is not there; by a member the commit is another's.
    mallory
        .submit(&pair.room, &bundle)
        .await?
        .refused(404, "not_found")?;
    let answer = pair.bob.submit(&pair.room, &bundle).await?;
    let problem = answer.problem()?;
    let code = problem["code"].as_str().unwrap_or_default();
    let fine = ["not_your_user", "commit_forbidden"].contains(&code);
    crate::client_role::fault::ensure(fine, || problem.to_string())?;
    same("events", &log(&pair.alice, &pair.room).await?.len(), &1)?;
    pair.alice
        .move_on(&pair.room, &Change::update())
        .await
        .map(drop)
}

async fn other_identity(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut false_bob = Device::new(pair.bob.door.clone(), pair.bob.session.clone())?;
    let bundle = external(&mut false_bob, &open(&pair)?)?;
    bob_is_refused(&mut pair, &bundle, "commit_forbidden").await
}

async fn stale(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let yesterday = open(&pair)?;
    pair.alice.move_on(&pair.room, &Change::update()).await?;
    let bundle = external(&mut pair.bob, &yesterday)?;
    is_refused(&pair.bob, &pair, &bundle_json(&bundle), "wrong_epoch").await
}

async fn by_another(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let open = open(&pair)?;
    let bundle = external(&mut pair.bob, &open)?;
    is_refused(&pair.alice, &pair, &bundle_json(&bundle), "not_your_user").await?;
    pair.alice
        .move_on(&pair.room, &Change::update())
        .await
        .map(drop)
}
