//! A follower brings commits and leaves to the server under test as their hub (FED-3, ROOM-8,
//! chapter 05): what is spoiled on the way, and what a member may not do.

use std::sync::Arc;

use holm_protocol::bundle::Bundle;
use holm_protocol::order::{Order, Reason, Subject};
use holm_protocol::room_extension::{Role, RoleEntry};
use holm_protocol::{PrivateKey, SignedOrder};
use serde_json::json;

use super::hosted::{Hosted, peer_device};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::{refused, refused_as_one_of};
use crate::chance::now_ms;
use crate::client_role::device::change::Change;
use crate::client_role::device::{certify, new_key, unbase64};
use crate::client_role::fault::{Check, During, ensure, same, wrong};

/// Changes a bundle, given the committer's key.
type Spoil = fn(&mut Bundle, &PrivateKey);

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = vec![
        plan(
            "hub.commit.correct",
            "a member's commit gets its place in the log",
            "FED-3 LOG-10",
            correct,
        ),
        plan(
            "hub.commit.repeated",
            "a commit brought again gets its first answer",
            "FED-3 LOG-9 S04",
            repeated,
        ),
        plan(
            "hub.commit.second",
            "of two commits of an epoch the second is refused with the epoch",
            "ROOM-14 LOG-10 M08",
            second,
        ),
        plan(
            "hub.commit.future_epoch",
            "a commit of an epoch to come is refused with the epoch",
            "FED-3 M07",
            future_epoch,
        ),
        plan(
            "hub.commit.old_epoch",
            "a commit of an epoch gone by is refused with the epoch",
            "FED-3 M07",
            old_epoch,
        ),
        plan(
            "hub.commit.other_group",
            "a commit of another group is refused",
            "ROOM-1 FED-3 M07 S06",
            other_group,
        ),
        plan(
            "hub.commit.other_user",
            "a commit brought as another user's is refused",
            "FED-3 FED-11 S13",
            other_user,
        ),
        plan(
            "hub.commit.foreign_user",
            "a commit brought as the target's user's is refused",
            "FED-11 S13 S23",
            foreign_user,
        ),
        plan(
            "hub.commit.without_participant",
            "a commit to a room without participant is refused like one to no room",
            "FED-13 R08 S21",
            without_participant,
        ),
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
        plan(
            "hub.commit.removes_owner",
            "a member does not remove the owner",
            "ADM-8 M11 M29 R19",
            removes_owner,
        ),
        plan(
            "hub.commit.makes_itself_owner",
            "a member does not make itself owner",
            "ADM-11 M11 R19",
            makes_itself_owner,
        ),
        plan(
            "hub.commit.moves_hub",
            "a member does not move the hub",
            "ADM-11 S28",
            moves_hub,
        ),
        plan(
            "hub.commit.changes_root",
            "a member does not change the hub's root",
            "ADM-11 S28",
            changes_root,
        ),
        plan(
            "hub.commit.unclaimed",
            "a device of the target enters by a claimed package alone",
            "FED-12 KP-3 M27",
            unclaimed,
        ),
        plan(
            "hub.commit.ghost",
            "a second device of a user under another identity key is not admitted",
            "ADM-5 M21",
            ghost,
        ),
        plan(
            "hub.commit.uncertified",
            "a device that its user did not certify is not admitted",
            "ADM-3 ROOM-3 M21",
            uncertified,
        ),
        plan(
            "hub.commit.same_device",
            "a device that is in already is not admitted again",
            "ADM-4 M11",
            same_device,
        ),
        plan(
            "hub.commit.order_not_open",
            "an order that is not open is not carried out",
            "ORD-6 ORD-4",
            order_not_open,
        ),
        plan(
            "hub.commit.orders_open",
            "a commit that leaves an order undone is refused",
            "ORD-3 M11",
            orders_open,
        ),
        plan(
            "hub.commit.order_carried_out",
            "a commit that carries the order out is taken",
            "ORD-3 ORD-4",
            order_carried_out,
        ),
        plan(
            "hub.commit.by_who_leaves",
            "who is being removed commits nothing more",
            "ORD-3 S15",
            by_who_leaves,
        ),
        plan(
            "hub.commit.removed",
            "a removed user's commit is refused like one to no room",
            "FED-13 M22 S15",
            removed,
        ),
        plan(
            "hub.leave.correct",
            "a leave becomes an order, signed by the hub",
            "FED-3 ORD-1 ORD-2",
            leave,
        ),
        plan(
            "hub.leave.foreign_user",
            "nobody leaves for the target's user",
            "FED-11 S13",
            leave_foreign,
        ),
        plan(
            "hub.leave.outside",
            "a user without a leaf does not leave",
            "FED-3 FED-13",
            leave_outside,
        ),
    ];
    plans.extend(spoils().into_iter().map(spoiled));
    plans
}

async fn correct(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    let answer = hosted.update(&bundle).await?.good()?;
    same("type", &answer["type"], &json!("commit"))?;
    same("seq", &answer["seq"], &json!(2))?;
    hosted.mallory.merge()?;
    hosted.goes_on().await
}

async fn repeated(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    let first = hosted.update(&bundle).await?.good()?;
    same("again", &hosted.update(&bundle).await?.good()?, &first)?;
    same("events", &hosted.len().await?, &2)
}

async fn wrong_epoch(hosted: &Hosted, bundle: &Bundle, epoch: u64) -> Check {
    let problem = refused(&hosted.update(bundle).await?, 409, "wrong_epoch")?;
    same("epoch", &problem["epoch"], &json!(epoch))
}

async fn second(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let loser = hosted.mallory.commit(&Change::update())?;
    let room = hosted.room.clone();
    hosted.owner.move_on(&room, &Change::update()).await?;
    wrong_epoch(&hosted, &loser, 2).await
}

async fn future_epoch(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    for _ in 0..2 {
        hosted.mallory.commit(&Change::update())?;
        hosted.mallory.merge()?;
    }
    let early = hosted.mallory.commit(&Change::update())?;
    wrong_epoch(&hosted, &early, 1).await
}

async fn old_epoch(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let (old, room) = (
        hosted.mallory.commit(&Change::update())?,
        hosted.room.clone(),
    );
    for _ in 0..3 {
        hosted.owner.move_on(&room, &Change::update()).await?;
    }
    wrong_epoch(&hosted, &old, 4).await
}

async fn other_group(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let mut other = Hosted::set_up(&stage).await?;
    let bundle = other.mallory.commit(&Change::update())?;
    refused(&hosted.update(&bundle).await?, 422, "invalid_commit")?;
    same("events", &hosted.len().await?, &1)
}

async fn other_user(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let other = hosted.peer.user("carol").parse().during("a user")?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    refused(
        &hosted.update_as(&other, &bundle).await?,
        403,
        "not_your_user",
    )?;
    same("events", &hosted.len().await?, &1)
}

async fn foreign_user(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.owner.commit(&Change::update())?;
    let owner = hosted.owner.user.clone();
    refused(
        &hosted.update_as(&owner, &bundle).await?,
        403,
        "not_your_user",
    )?;
    same("events", &hosted.len().await?, &1)
}

async fn without_participant(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    let mut owner = stage.resident().await?;
    let (real, none) = (owner.create_room().await?, owner.new_room()?);
    let mut texts = Vec::new();
    for room in [real, none] {
        hosted.room = room.clone();
        let answer = hosted.update(&bundle).await?;
        refused(&answer, 404, "not_found")?;
        texts.push(answer.text().replace(room.as_str(), "the room"));
    }
    same("the answers", &texts[0], &texts[1])
}

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

/// A commit of the member that the rules do not admit.
async fn forbidden(stage: &Arc<Stage>, change: impl FnOnce(&Hosted) -> Check<Change>) -> Check {
    let mut hosted = Hosted::set_up(stage).await?;
    let change = change(&hosted)?;
    let bundle = hosted.mallory.commit(&change)?;
    refused(&hosted.update(&bundle).await?, 422, "commit_forbidden")?;
    same("events", &hosted.len().await?, &1)?;
    hosted.goes_on().await
}

async fn removes_owner(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        Ok(Change::remove(vec![hosted.mallory.leaf_of(&hosted.owner)?]))
    })
    .await
}

async fn makes_itself_owner(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let mut extension = hosted.mallory.extension()?;
        let user = hosted.mallory.user.clone();
        extension.roles.push(RoleEntry {
            user,
            role: Role::Owner,
        });
        Ok(Change::extend(extension))
    })
    .await
}

async fn moves_hub(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let mut extension = hosted.mallory.extension()?;
        extension.hub.domain = hosted.peer.name.as_str().as_bytes().to_vec().into();
        extension.hub.term += 1;
        extension.hub.root = hosted.peer.root.public();
        Ok(Change::extend(extension))
    })
    .await
}

async fn changes_root(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let mut extension = hosted.mallory.extension()?;
        extension.hub.root = hosted.peer.root.public();
        Ok(Change::extend(extension))
    })
    .await
}

async fn unclaimed(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let other = stage.site.member().await?;
    let bundle = hosted
        .mallory
        .commit(&Change::add(vec![other.key_package()?]))?;
    refused(&hosted.update(&bundle).await?, 422, "unclaimed_key_package")?;
    same("events", &hosted.len().await?, &1)
}

async fn ghost(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let ghost = peer_device(&hosted.peer, "mallory", "m2")?;
        Ok(Change::add(vec![ghost.key_package()?]))
    })
    .await
}

async fn uncertified(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let mut carol = peer_device(&hosted.peer, "carol", "c1")?;
        let forged = certify(&carol.identity.device, &carol.mls_key.public(), &new_key());
        carol.identity.certificate = forged.certificate;
        Ok(Change::add(vec![carol.key_package()?]))
    })
    .await
}

async fn same_device(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let mut twin = peer_device(&hosted.peer, "carol", "c1")?;
    let room = hosted.room.clone();
    let bundle = hosted
        .owner
        .move_on(&room, &Change::add(vec![twin.key_package()?]))
        .await?;
    hosted.mallory.receive(&bundle.commit)?;
    twin.mls_key = new_key();
    let (device, key) = (twin.identity.device.clone(), twin.mls_key.public());
    twin.identity = certify(&device, &key, &twin.identity_key);
    let bundle = hosted
        .mallory
        .commit(&Change::add(vec![twin.key_package()?]))?;
    refused(&hosted.update(&bundle).await?, 422, "commit_forbidden")?;
    same("events", &hosted.len().await?, &2)
}

async fn order_not_open(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let order = Order {
            room: hosted.room.clone(),
            generation: 0,
            subject: Subject::User(hosted.owner.user.clone()),
            reason: Reason::LEAVE,
            time: now_ms(),
        };
        let forged = SignedOrder::sign(order, "m1", &hosted.peer.room_key);
        let mut change = Change::remove(vec![hosted.mallory.leaf_of(&hosted.owner)?]);
        change.orders = vec![forged];
        Ok(change)
    })
    .await
}

/// Two users of the peer, of whom the second asked to leave; the order.
async fn with_leaver(stage: &Arc<Stage>) -> Check<(Hosted, u32, SignedOrder)> {
    let mut hosted = Hosted::set_up(stage).await?;
    let carol = peer_device(&hosted.peer, "carol", "c1")?;
    let room = hosted.room.clone();
    let bundle = hosted
        .owner
        .move_on(&room, &Change::add(vec![carol.key_package()?]))
        .await?;
    hosted.mallory.receive(&bundle.commit)?;
    let answer = hosted.leave(carol.user.as_str()).await?.good()?;
    let order = holm_protocol::encoding::decode(&unbase64(&answer["order"])?).during("an order")?;
    let leaf = hosted.mallory.leaf_of(&carol)?;
    Ok((hosted, leaf, order))
}

async fn orders_open(stage: Arc<Stage>) -> Check {
    let (mut hosted, _, _) = with_leaver(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    refused(&hosted.update(&bundle).await?, 409, "orders_open")?;
    same("events", &hosted.len().await?, &2)
}

async fn order_carried_out(stage: Arc<Stage>) -> Check {
    let (mut hosted, leaf, order) = with_leaver(&stage).await?;
    let mut change = Change::remove(vec![leaf]);
    change.orders = vec![order];
    let bundle = hosted.mallory.commit(&change)?;
    hosted.update(&bundle).await?.expect_good()?;
    hosted.mallory.merge()?;
    // The same order removes nobody again.
    let bundle = hosted.mallory.commit(&Change {
        orders: change.orders,
        ..Change::update()
    })?;
    refused(&hosted.update(&bundle).await?, 422, "commit_forbidden")?;
    hosted.goes_on().await
}

async fn by_who_leaves(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    hosted
        .leave(hosted.mallory.user.as_str())
        .await?
        .expect_good()?;
    refused(&hosted.update(&bundle).await?, 403, "forbidden")?;
    same("events", &hosted.len().await?, &1)
}

async fn removed(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let (bundle, room) = (
        hosted.mallory.commit(&Change::update())?,
        hosted.room.clone(),
    );
    let leaf = hosted.owner.leaf_of(&hosted.mallory)?;
    hosted
        .owner
        .move_on(&room, &Change::remove(vec![leaf]))
        .await?;
    refused(&hosted.update(&bundle).await?, 404, "not_found").map(drop)
}

async fn leave(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let answer = hosted.leave(hosted.mallory.user.as_str()).await?.good()?;
    let order: SignedOrder =
        holm_protocol::encoding::decode(&unbase64(&answer["order"])?).during("an order")?;
    same(
        "subject",
        &order.order.subject,
        &Subject::User(hosted.mallory.user.clone()),
    )?;
    same("room", &order.order.room, &hosted.room)?;
    let document = stage.target_document().await?;
    let signed = order
        .key_id()
        .and_then(|id| document.room_key(id, order.order.time));
    let verified = signed.is_some_and(|key| order.verify(&key).is_some());
    ensure(verified, || {
        "the order is not signed by a listed room key".to_owned()
    })
}

async fn leave_foreign(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    refused(
        &hosted.leave(hosted.owner.user.as_str()).await?,
        403,
        "not_your_user",
    )
    .map(drop)
}

async fn leave_outside(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let answer = hosted.leave(&hosted.peer.user("nobody")).await?;
    refused(&answer, 404, "not_found").map(drop)
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
            b.signature.0 = [0; 64]
        }),
        (
            "signature_other",
            "a bundle signed by another key",
            |b, _| *b = sign_anew(b, &new_key()),
        ),
    ]
}
