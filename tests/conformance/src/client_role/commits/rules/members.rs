//! Who may add and remove whom (ADM-1, ADM-4, ADM-7, ADM-8, FED-9).

use super::{alice_extends, certified, copy};
use std::sync::Arc;

use holm_protocol::room_extension::{Policy, Role};

use crate::client_role::commits::{alice_is_refused, bob_is_refused, goes_on};
use crate::client_role::device::Device;
use crate::client_role::device::change::{Change, no_group};
use crate::client_role::fault::{Check, During};
use crate::client_role::pair::{pair, third};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("rule.add_by_member", |s| add_by_bob(s, Role::Member, None)),
        named("rule.add_by_admin_alone", |s| {
            add_by_bob(s, Role::Admin, Some("commit_forbidden"))
        }),
        named("rule.add_unclaimed", unclaimed),
        named("rule.add_claimed_elsewhere", claimed_elsewhere),
        named("rule.add_twice", add_twice),
        named("rule.add_member_again", add_again),
        named("rule.remove_by_member", remove_by_bob),
        named("rule.remove_owner", remove_owner),
        named("rule.remove_by_owner", remove_by_owner),
        named("rule.proposal_by_reference", by_reference),
    ]
}

async fn add_by_bob(site: Arc<Site>, needed: Role, code: Option<&'static str>) -> Check {
    let mut pair = pair(&site).await?;
    let mut extension = pair.alice.extension()?;
    extension.policy = Policy {
        add: needed,
        ..extension.policy
    };
    alice_extends(&mut pair, extension).await?;
    let carol = site.member().await?;
    let package = pair.bob.claim_one(&carol.user, &pair.room).await?;
    let bundle = pair.bob.commit(&Change::add(vec![package]))?;
    match code {
        Some(code) => bob_is_refused(&mut pair, &bundle, code).await,
        None => pair.bob.submit(&pair.room, &bundle).await?.expect_good(),
    }
}

async fn unclaimed(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let carol = site.device().await?;
    let package = carol.key_package()?;
    carol
        .upload_these(std::slice::from_ref(&package))
        .await?
        .expect_good()?;
    let bundle = pair.alice.commit(&Change::add(vec![package]))?;
    alice_is_refused(&mut pair, &bundle, "unclaimed_key_package").await
}

async fn claimed_elsewhere(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let carol = site.member().await?;
    let elsewhere = pair.alice.new_room()?;
    let package = pair.alice.claim_one(&carol.user, &elsewhere).await?;
    let bundle = pair.alice.commit(&Change::add(vec![package]))?;
    alice_is_refused(&mut pair, &bundle, "unclaimed_key_package").await
}

/// OpenMLS makes no commit with two leaves of one signature key, so the second has another.
async fn add_twice(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let carol = site.member().await?;
    let first = pair.alice.claim_one(&carol.user, &pair.room).await?;
    let mut twin = Device::new(carol.door.clone(), carol.session.clone())?;
    twin.identity_key = copy(&carol.identity_key);
    twin.identity = certified(
        &carol.identity.device,
        &twin.mls_key,
        &carol.identity_key,
        1,
    );
    let bundle = pair
        .alice
        .commit(&Change::add(vec![first, twin.key_package()?]))?;
    alice_is_refused(&mut pair, &bundle, "commit_forbidden").await
}

async fn add_again(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut twin = Device::new(pair.bob.door.clone(), pair.bob.session.clone())?;
    twin.identity_key = copy(&pair.bob.identity_key);
    let device = pair.bob.identity.device.clone();
    twin.identity = certified(&device, &twin.mls_key, &pair.bob.identity_key, 1);
    let bundle = pair.alice.commit(&Change::add(vec![twin.key_package()?]))?;
    alice_is_refused(&mut pair, &bundle, "commit_forbidden").await
}

async fn remove_by_bob(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let carol = third(&site, &mut pair).await?;
    let bundle = pair
        .bob
        .commit(&Change::remove(vec![pair.bob.leaf_of(&carol)?]))?;
    bob_is_refused(&mut pair, &bundle, "commit_forbidden").await
}

async fn remove_owner(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let bundle = pair
        .bob
        .commit(&Change::remove(vec![pair.bob.leaf_of(&pair.alice)?]))?;
    bob_is_refused(&mut pair, &bundle, "commit_forbidden").await
}

async fn remove_by_owner(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let carol = third(&site, &mut pair).await?;
    let both = vec![pair.alice.leaf_of(&carol)?, pair.alice.leaf_of(&pair.bob)?];
    pair.alice
        .move_on(&pair.room, &Change::remove(both))
        .await?;
    goes_on(&mut pair).await
}

async fn by_reference(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let key = holm_mls::signer(&pair.alice.mls_key);
    let leaf = pair.alice.leaf_of(&pair.bob)?;
    let group = pair.alice.group.as_mut().ok_or_else(no_group)?;
    let member = openmls::prelude::LeafNodeIndex::new(leaf);
    let proposed = group.propose_remove_member(&pair.alice.provider, &key, member);
    proposed.during("a proposal")?;
    let change = Change {
        by_reference: true,
        ..Change::update()
    };
    let bundle = pair.alice.commit(&change)?;
    let group = pair.alice.group.as_mut().ok_or_else(no_group)?;
    group
        .clear_pending_proposals(&pair.alice.provider.store)
        .during("the proposal")?;
    let answer = pair.alice.submit(&pair.room, &bundle).await?;
    let problem = answer.problem()?;
    crate::client_role::fault::same("status", &answer.status, &422).during(&problem.to_string())?;
    goes_on(&mut pair).await
}
