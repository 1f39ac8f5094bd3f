//! Changes of the room extension and of the context.

use holm_protocol::admission::ContextExtension;
use holm_protocol::room_extension::{Hub, Role, RoleEntry, RoomExtension};
use serde_json::{Value, json};

use super::super::shared::named;
use super::{by, case, changed, refused, with};
use crate::admission::context;
use crate::fixtures::{key, skerry, user};
use crate::vectors::case::hex;

fn pairs(extensions: &[ContextExtension]) -> Value {
    let pair = |e: &ContextExtension| json!([e.kind, hex(&e.data)]);
    extensions.iter().map(pair).collect()
}

/// A commit that changes the extension of `group`.
pub(super) fn change_of(
    group: &str,
    committer: u32,
    change: impl FnOnce(&mut RoomExtension),
) -> Value {
    let mut extension = named(group).extension;
    change(&mut extension);
    with(
        by(committer),
        &json!({ "extensions": pairs(&context(&extension)) }),
    )
}

fn give(address: &str, role: Role) -> impl FnOnce(&mut RoomExtension) {
    let user = user(address);
    move |e| e.roles.push(RoleEntry { user, role })
}

fn ban(address: &str) -> impl FnOnce(&mut RoomExtension) {
    let user = user(address);
    move |e| e.bans.push(user)
}

fn move_to(term: u32) -> impl FnOnce(&mut RoomExtension) {
    move |e| {
        let hub = Hub::new(&skerry(), key("root of skerry").public());
        e.hub = Hub { term, ..hub };
    }
}

fn hand_to(address: &str) -> impl FnOnce(&mut RoomExtension) {
    let give = give(address, Role::Owner);
    move |e| {
        e.roles[0].role = Role::Admin;
        give(e);
    }
}

/// A case of a change by the member at a leaf, under the rule on changes.
fn change(
    name: &str,
    (group, committer): (&str, u32),
    change: impl FnOnce(&mut RoomExtension),
    verdict: Value,
) -> Value {
    case(
        name,
        &["ADM-11"],
        group,
        change_of(group, committer, change),
        verdict,
    )
}

/// Who may change, and what an admin may not.
fn roles() -> Vec<Value> {
    let carol = "carol@skerry.example";
    let (alice, bob, open) = (("harbor", 0), ("harbor", 1), ("admins change", 1));
    let fine = || changed(&[], &[]);
    let role = || refused("role_not_allowed");
    let not = refused("change_not_allowed");
    let become_owner = |e: &mut RoomExtension| e.roles[1].role = Role::Owner;
    let demote = |e: &mut RoomExtension| e.roles[0].role = Role::Admin;
    vec![
        change("an owner restates the extension", alice, |_| (), fine()),
        change("an admin changes where the owner does", bob, |_| (), not),
        change(
            "an owner makes an admin",
            alice,
            give(carol, Role::Admin),
            fine(),
        ),
        change(
            "an admin makes an admin",
            open,
            give(carol, Role::Admin),
            fine(),
        ),
        change(
            "an admin makes an owner",
            open,
            give(carol, Role::Owner),
            role(),
        ),
        change("an admin makes itself owner", open, become_owner, role()),
        change("an admin makes the owner an admin", open, demote, role()),
    ]
}

/// Requirements an admin may move.
fn policies() -> Vec<Value> {
    let open = ("admins change", 1);
    let role = || refused("role_not_allowed");
    let (add, remove, keep) = (
        |e: &mut RoomExtension| e.policy.add = Role::Admin,
        |e: &mut RoomExtension| e.policy.remove = Role::Admin,
        |e: &mut RoomExtension| e.policy.change = Role::Owner,
    );
    vec![
        change(
            "an admin lets admins alone add",
            open,
            add,
            changed(&[], &[]),
        ),
        change("an admin lets admins remove", open, remove, role()),
        change("an admin keeps changes for owners", open, keep, role()),
    ]
}

/// The last owner.
fn owners() -> Vec<Value> {
    let alice = ("harbor", 0);
    let step = |e: &mut RoomExtension| e.roles[0].role = Role::Admin;
    let (heir, stranger) = (
        hand_to("carol@skerry.example"),
        hand_to("dave@skerry.example"),
    );
    let add = |e: &mut RoomExtension| e.policy.add = Role::Admin;
    let no = || refused("last_owner");
    let fine = || changed(&[], &[]);
    vec![
        change("the last owner steps down", alice, step, no()),
        change(
            "the last owner hands over to a participant",
            alice,
            heir,
            fine(),
        ),
        change(
            "the last owner hands over to a stranger",
            alice,
            stranger,
            no(),
        ),
        change(
            "an owner steps down beside another",
            ("two owners", 0),
            step,
            fine(),
        ),
        change(
            "admins change a room whose owner left",
            ("alice left", 1),
            add,
            fine(),
        ),
    ]
}

fn hubs() -> Vec<Value> {
    let alice = ("harbor", 0);
    let no = || refused("hub_not_allowed");
    let fine = || changed(&[], &[]);
    let root = |e: &mut RoomExtension| e.hub.root = key("next root").public();
    vec![
        change("an owner names another hub", alice, move_to(2), fine()),
        change("another hub without another term", alice, move_to(1), no()),
        change("another hub with a term too high", alice, move_to(3), no()),
        change("another root of the hub", alice, root, no()),
        change(
            "another term without another hub",
            alice,
            |e| e.hub.term = 2,
            no(),
        ),
        change(
            "an admin names another root",
            ("admins change", 1),
            root,
            no(),
        ),
    ]
}

fn bans() -> Vec<Value> {
    let carol = |removes: &[u32]| {
        let change = change_of("harbor", 0, ban("carol@skerry.example"));
        with(change, &json!({ "removes": removes }))
    };
    let back = with(
        change_of("dave banned", 0, |e| e.bans.clear()),
        &json!({ "adds": ["dave@skerry.example/phone 1"] }),
    );
    let alice = |e: &mut RoomExtension| {
        e.roles.remove(0);
        ban("alice@islet.example")(e);
    };
    let gone = ["carol@skerry.example/phone", "carol@skerry.example/tablet"];
    let of = |name, group, commit, verdict| case(name, &["ADM-13"], group, commit, verdict);
    let (no, role) = (|| refused("banned"), refused("role_not_allowed"));
    let returned = changed(&["dave@skerry.example/phone"], &[]);
    vec![
        of(
            "a participant is banned and stays",
            "harbor",
            carol(&[]),
            no(),
        ),
        of(
            "a participant is banned and stays with one device",
            "harbor",
            carol(&[2]),
            no(),
        ),
        of(
            "a participant is banned and removed",
            "harbor",
            carol(&[2, 4]),
            changed(&[], &gone),
        ),
        of(
            "a ban is lifted and the user added",
            "dave banned",
            back,
            returned,
        ),
        change(
            "an admin bans the owner who left",
            ("alice left", 1),
            alice,
            role,
        ),
    ]
}

pub(super) fn changes() -> Vec<Value> {
    [roles(), policies(), owners(), hubs(), bans()].concat()
}

pub(super) fn contexts() -> Vec<Value> {
    let two = context(&named("harbor").extension);
    let of = |name: &str, extensions: &[ContextExtension], verdict| {
        let commit = with(by(0), &json!({ "extensions": pairs(extensions) }));
        case(name, &["ADM-2", "ROOM-2"], "harbor", commit, verdict)
    };
    let no = || refused("extensions");
    let mut swapped = two.clone();
    swapped.reverse();
    let senders = ContextExtension {
        kind: 5,
        data: vec![0],
    };
    let third = [two.clone(), vec![senders]].concat();
    let twice = [two.clone(), two[1..].to_vec()].concat();
    let mut more = two.clone();
    more[0].data = vec![0x02, 0xF0, 0xA0, 0x02, 0x00, 0x08, 0x02, 0x00, 0x01];
    let mut broken = two.clone();
    broken[1].data.push(0);
    vec![
        of(
            "the two extensions in the other order",
            &swapped,
            changed(&[], &[]),
        ),
        of("no extension", &[], no()),
        of("without required_capabilities", &two[1..], no()),
        of("without the room extension", &two[..1], no()),
        of("with external_senders", &third, no()),
        of("with the room extension twice", &twice, no()),
        of("with a further required proposal", &more, no()),
        of("with a room extension that is malformed", &broken, no()),
    ]
}
