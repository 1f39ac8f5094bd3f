//! Who may change the room extension, and to what (ADM-2, ADM-11, ADM-13).

use super::{FORBIDDEN, alice_extends, role};
use std::sync::Arc;

use holm_mls::settings;
use holm_protocol::room_extension::{Policy, ROOM_EXTENSION_TYPE, Role, RoomExtension};
use openmls::prelude::tls_codec::VLBytes;
use openmls::prelude::{
    BasicCredential, Extension, ExtensionType, Extensions, ExternalSender, GroupContext,
    UnknownExtension,
};

use crate::client_role::commits::{alice_is_refused, bob_is_refused, goes_on};
use crate::client_role::device::change::Change;
use crate::client_role::device::{Device, new_key};
use crate::client_role::fault::{Check, During};
use crate::client_role::pair::{Pair, pair};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("rule.promote", |s| {
            alice_changes(s, |e, bob| e.roles.push(role(bob, Role::Admin)), None)
        }),
        named("rule.promote_oneself", |s| {
            bob_changes(s, None, |e, bob| e.roles.push(role(bob, Role::Owner)))
        }),
        named("rule.admin_promotes", |s| {
            bob_changes(s, Some(Role::Admin), |e, bob| {
                e.roles.retain(|entry| entry.user != bob.user);
                e.roles.push(role(bob, Role::Owner));
            })
        }),
        named("rule.admin_demotes_owner", |s| {
            bob_changes(s, Some(Role::Admin), |e, bob| {
                e.roles.retain(|entry| entry.user == bob.user);
            })
        }),
        named("rule.last_owner", |s| {
            alice_changes(s, |e, _| e.roles.clear(), FORBIDDEN)
        }),
        named("rule.ban_member", |s| {
            alice_changes(s, |e, bob| e.bans.push(bob.user.clone()), FORBIDDEN)
        }),
        named("rule.ban_and_remove", ban_and_remove),
        named("rule.banned_comes_back", banned_comes_back),
        named("rule.policy", |s| {
            alice_changes(s, |e, _| e.policy.add = Role::Owner, None)
        }),
        named("rule.policy_by_member", |s| {
            bob_changes(s, None, |e, _| e.policy.remove = Role::Member)
        }),
        named("rule.hub", |s| {
            alice_changes(
                s,
                |e, _| {
                    e.hub.domain = VLBytes::new(b"elsewhere.example".to_vec());
                    e.hub.term = 2;
                },
                FORBIDDEN,
            )
        }),
        named("rule.hub_root", |s| {
            alice_changes(s, |e, _| e.hub.root = new_key().public(), FORBIDDEN)
        }),
        named("rule.term", |s| {
            alice_changes(s, |e, _| e.hub.term = 2, FORBIDDEN)
        }),
        named("rule.extension_version", |s| {
            alice_changes(s, |e, _| e.version = 2, FORBIDDEN)
        }),
        named("rule.extension_hash", |s| {
            alice_changes(
                s,
                |e, _| e.profile_hash = VLBytes::new(vec![1; 31]),
                FORBIDDEN,
            )
        }),
        named("rule.profile_hash", |s| {
            alice_changes(s, |e, _| e.profile_hash = VLBytes::new(vec![1; 32]), None)
        }),
        named("rule.third_extension", third_extension),
        named("rule.extension_noise", extension_noise),
        named("rule.extension_gone", extension_gone),
    ]
}

type Alter = fn(&mut RoomExtension, &Device);

async fn alice_changes(site: Arc<Site>, alter: Alter, code: Option<&'static str>) -> Check {
    let mut pair = pair(&site).await?;
    let mut extension = pair.alice.extension()?;
    alter(&mut extension, &pair.bob);
    let bundle = pair.alice.commit(&Change::extend(extension))?;
    match code {
        Some(code) => alice_is_refused(&mut pair, &bundle, code).await,
        None => pair.alice.submit(&pair.room, &bundle).await?.expect_good(),
    }
}

/// Bob, with a role or none, tries to change the extension in a room where admins may.
async fn bob_changes(site: Arc<Site>, given: Option<Role>, alter: Alter) -> Check {
    let mut pair = pair(&site).await?;
    if let Some(given) = given {
        let mut extension = pair.alice.extension()?;
        extension.roles.push(role(&pair.bob, given));
        extension.policy = Policy {
            change: Role::Admin,
            ..extension.policy
        };
        alice_extends(&mut pair, extension).await?;
    }
    let mut extension = pair.bob.extension()?;
    alter(&mut extension, &pair.bob);
    let bundle = pair.bob.commit(&Change::extend(extension))?;
    bob_is_refused(&mut pair, &bundle, "commit_forbidden").await
}

/// Alice bans Bob and removes him.
async fn ban(pair: &mut Pair) -> Check {
    let mut extension = pair.alice.extension()?;
    extension.bans.push(pair.bob.user.clone());
    let mut change = Change::extend(extension);
    change.removes = vec![pair.alice.leaf_of(&pair.bob)?];
    pair.alice.move_on(&pair.room, &change).await.map(drop)
}

async fn ban_and_remove(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    ban(&mut pair).await?;
    goes_on(&mut pair).await
}

async fn banned_comes_back(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    ban(&mut pair).await?;
    pair.bob.upload(1).await?;
    let package = pair.alice.claim_one(&pair.bob.user, &pair.room).await?;
    let bundle = pair.alice.commit(&Change::add(vec![package]))?;
    alice_is_refused(&mut pair, &bundle, "commit_forbidden").await
}

async fn third_extension(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut extensions = settings::context_extensions(&pair.alice.extension()?);
    let key = pair.alice.mls_key.public().0.to_vec();
    let server = BasicCredential::new(b"a server".to_vec()).into();
    let senders = vec![ExternalSender::new(key.into(), server)];
    extensions
        .add(Extension::ExternalSenders(senders))
        .during("an extension")?;
    with_extensions(&mut pair, extensions).await
}

async fn extension_noise(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut extensions = settings::context_extensions(&pair.alice.extension()?);
    let noise = UnknownExtension(vec![0xa5; 50]);
    extensions
        .add_or_replace(Extension::Unknown(ROOM_EXTENSION_TYPE, noise))
        .during("noise")?;
    with_extensions(&mut pair, extensions).await
}

async fn extension_gone(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut extensions = settings::context_extensions(&pair.alice.extension()?);
    extensions.remove(ExtensionType::Unknown(ROOM_EXTENSION_TYPE));
    with_extensions(&mut pair, extensions).await
}

/// A commit to extensions that a room does not have; either the library or the server refuses.
async fn with_extensions(pair: &mut Pair, extensions: Extensions<GroupContext>) -> Check {
    let change = Change {
        extensions: Some(extensions),
        ..Change::update()
    };
    let bundle = pair.alice.commit(&change)?;
    let answer = pair.alice.submit(&pair.room, &bundle).await?;
    let problem = answer.problem()?;
    crate::client_role::fault::same("status", &answer.status, &422).during(&problem.to_string())?;
    goes_on(pair).await
}
