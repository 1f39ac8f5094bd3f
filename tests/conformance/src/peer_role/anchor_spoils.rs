//! Anchors with one part that does not hold (LOG-14).

use holm_protocol::bundle::{Bundle, CommitBody};
use holm_protocol::{Event, EventKind};
use serde_json::{Value, json};

use super::led::Led;
use crate::client_role::device::change::Change;
use crate::client_role::device::{base64, unbase64};
use crate::client_role::fault::{Check, During, wrong};

/// Changes the page of an anchor.
pub(super) type Spoil = fn(&mut Page) -> Check;

/// A page with an anchor, its event taken apart.
pub(super) struct Page {
    pub(super) json: Value,
    pub(super) event: Event,
    pub(super) body: CommitBody,
    pub(super) led: Led,
}

impl Page {
    /// Puts a changed body into the event, and an honest head to it.
    fn rebuild(&mut self) {
        let header = self.event.header.clone();
        let event = Event::new(header, self.body.to_bytes());
        self.put(&event);
    }

    /// Puts another event in place, with an honest head to it.
    fn put(&mut self, event: &Event) {
        let mut head = self.led.unsigned_head();
        (head.seq, head.hash) = (event.header.seq, event.hash());
        let head = super::led::signed(head, "m1", &self.led.peer.room_key);
        self.json["head"] = json!(head);
        self.json["events"] = json!([base64(&event.to_bytes())]);
    }

    fn flip(bytes: &mut [u8], from_end: usize) {
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
    }

    /// The bundle's signature made anew, as its committer could.
    fn sign_anew(&mut self) -> Check {
        let welcome = unbase64(&self.json["anchors"][0]["welcome"])?;
        let (commit, group_info) = (self.body.commit.clone(), self.body.group_info.clone());
        let key = &self.led.owner.mls_key;
        let bundle = Bundle::sign(
            commit.as_slice().into(),
            Some(welcome),
            group_info.as_slice().into(),
            key,
        );
        self.body = bundle.body();
        self.rebuild();
        Ok(())
    }
}

const INVALID: &[&str] = &["invalid_commit"];

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn spoils() -> Vec<(&'static str, &'static str, &'static [&'static str], Spoil)> {
    vec![
        (
            "welcome_bit",
            "a turned bit in its Welcome",
            INVALID,
            |page| {
                let mut welcome = unbase64(&page.json["anchors"][0]["welcome"])?;
                Page::flip(&mut welcome, 3);
                page.json["anchors"][0]["welcome"] = json!(base64(&welcome));
                Ok(())
            },
        ),
        ("welcome_empty", "an empty Welcome", INVALID, |page| {
            page.json["anchors"][0]["welcome"] = json!("");
            Ok(())
        }),
        ("interim", "another interim hash", INVALID, |page| {
            page.json["anchors"][0]["interim"] = json!(base64(&[1; 32]));
            Ok(())
        }),
        ("tree_absent", "no tree", &["gap"], |page| {
            let anchor = page.json["anchors"][0].as_object_mut();
            anchor.map(|anchor| anchor.remove("tree"));
            Ok(())
        }),
        ("tree_empty", "an empty tree", INVALID, |page| {
            page.json["anchors"][0]["tree"] = json!("");
            Ok(())
        }),
        ("tree_blank", "a tree of one blank node", INVALID, |page| {
            page.json["anchors"][0]["tree"] = json!(base64(&[1, 0]));
            Ok(())
        }),
        (
            "tree_claims_more",
            "a tree that claims a gigabyte",
            INVALID,
            |page| {
                page.json["anchors"][0]["tree"] = json!(base64(&[0xbf, 0xff, 0xff, 0xff, 0]));
                Ok(())
            },
        ),
        (
            "tree_of_blanks",
            "a tree of a million blank nodes",
            INVALID,
            |page| {
                let mut tree = vec![0x80, 0x0f, 0x42, 0x40];
                tree.resize(1_000_004, 0);
                page.json["anchors"][0]["tree"] = json!(base64(&tree));
                Ok(())
            },
        ),
        (
            "tree_too_large",
            "a tree over the limit",
            &["too_large"],
            |page| {
                page.json["anchors"][0]["tree"] = json!(base64(&vec![0; 2_097_153]));
                Ok(())
            },
        ),
        (
            "tree_of_other_group",
            "the tree of another group",
            INVALID,
            |page| {
                let mut other = super::hosted::peer_device(&page.led.peer, "mallory", "m1")?;
                let extension = page.led.owner.extension()?;
                let (room, group_id) = (page.led.room.clone(), page.led.room.group_id(0));
                other.begin_with(&room, &group_id, &extension)?;
                page.json["anchors"][0]["tree"] = json!(base64(&other.tree()?));
                Ok(())
            },
        ),
        (
            "tree_leaf_bit",
            "a turned bit in a leaf of its tree",
            INVALID,
            |page| {
                let mut tree = unbase64(&page.json["anchors"][0]["tree"])?;
                Page::flip(&mut tree, 20);
                page.json["anchors"][0]["tree"] = json!(base64(&tree));
                Ok(())
            },
        ),
        ("no_anchor", "nothing but its event", &["gap"], |page| {
            page.json["anchors"] = json!([]);
            Ok(())
        }),
        (
            "other_number",
            "another number than its event",
            &["gap"],
            |page| {
                page.json["anchors"][0]["seq"] = json!(2);
                Ok(())
            },
        ),
        (
            "event_kind",
            "an event that is no commit",
            &["bad_request"],
            |page| {
                let mut event = page.event.clone();
                event.header.kind = EventKind::MESSAGE;
                page.put(&event);
                Ok(())
            },
        ),
        (
            "event_room",
            "an event of another room",
            &["bad_request"],
            |page| {
                let mut event = page.event.clone();
                let room = holm_protocol::RoomUri::new(&page.led.peer.name, "other");
                event.header.room = room.during("a room")?;
                page.put(&event);
                Ok(())
            },
        ),
        (
            "event_zero",
            "an event of number 0",
            &["bad_request", "gap"],
            |page| {
                let mut event = page.event.clone();
                event.header.seq = 0;
                page.json["anchors"][0]["seq"] = json!(0);
                page.put(&event);
                Ok(())
            },
        ),
        (
            "event_absent",
            "no event at all",
            &["not_found", "gap", "malformed"],
            |page| {
                page.json["events"] = json!([]);
                Ok(())
            },
        ),
        (
            "body_empty",
            "a commit event without a commit",
            &["malformed"],
            |page| {
                let event = Event::new(page.event.header.clone(), Vec::new());
                page.put(&event);
                Ok(())
            },
        ),
        (
            "commit_bit",
            "a turned bit in its commit",
            INVALID,
            |page| {
                let mut commit = page.body.commit.as_slice().to_vec();
                Page::flip(&mut commit, 100);
                page.body.commit = commit.into();
                page.rebuild();
                Ok(())
            },
        ),
        (
            "commit_bit_signed",
            "a turned bit in its commit, the bundle signed anew",
            INVALID,
            |page| {
                let mut commit = page.body.commit.as_slice().to_vec();
                Page::flip(&mut commit, 100);
                page.body.commit = commit.into();
                page.sign_anew()
            },
        ),
        (
            "confirmation_tag",
            "another confirmation tag, the bundle signed anew",
            INVALID,
            |page| {
                let mut commit = page.body.commit.as_slice().to_vec();
                Page::flip(&mut commit, 40);
                page.body.commit = commit.into();
                page.sign_anew()
            },
        ),
        (
            "group_info_bit",
            "a turned bit in its GroupInfo",
            INVALID,
            |page| {
                let mut info = page.body.group_info.as_slice().to_vec();
                Page::flip(&mut info, 5);
                page.body.group_info = info.into();
                page.rebuild();
                Ok(())
            },
        ),
        (
            "group_info_bit_signed",
            "a turned bit in its GroupInfo, the bundle signed anew",
            INVALID,
            |page| {
                let mut info = page.body.group_info.as_slice().to_vec();
                Page::flip(&mut info, 5);
                page.body.group_info = info.into();
                page.sign_anew()
            },
        ),
        (
            "group_info_garbage",
            "a GroupInfo that is none",
            INVALID,
            |page| {
                page.body.group_info = vec![0, 1, 0, 4, 0xff].into();
                page.sign_anew()
            },
        ),
        (
            "group_info_of_epoch_before",
            "the GroupInfo of another epoch",
            INVALID,
            |page| {
                page.led.owner.commit(&Change::update())?;
                page.led.owner.merge()?;
                page.body.group_info = page.led.owner.group_info()?.into();
                page.sign_anew()
            },
        ),
        (
            "bundle_signature",
            "a turned bit in the bundle's signature",
            INVALID,
            |page| {
                page.body.signature.0[9] ^= 1;
                page.rebuild();
                Ok(())
            },
        ),
        (
            "bundle_signer",
            "a bundle signed by another key",
            INVALID,
            |page| {
                page.led.owner.mls_key = crate::client_role::device::new_key();
                page.sign_anew()
            },
        ),
        (
            "welcome_hash",
            "another hash of the Welcome",
            INVALID,
            |page| {
                page.body.welcome_hash = holm_protocol::Hash([3; 32]);
                page.rebuild();
                Ok(())
            },
        ),
        (
            "head_bit",
            "a head whose signature does not hold",
            &["invalid_head"],
            |page| {
                let mut head = unbase64(&page.json["head"])?;
                Page::flip(&mut head, 9);
                page.json["head"] = json!(base64(&head));
                Ok(())
            },
        ),
        ("head_absent", "no head", &["invalid_head"], |page| {
            page.json["head"] = json!("");
            Ok(())
        }),
        (
            "head_key",
            "a head by a key that the hub does not list",
            &["invalid_head"],
            |page| {
                let head = page.led.unsigned_head();
                page.json["head"] = json!(super::led::signed(head, "m7", &page.led.peer.room_key));
                Ok(())
            },
        ),
        (
            "head_term",
            "a head of another term than the group's",
            &["invalid_head"],
            |page| {
                let mut head = page.led.unsigned_head();
                head.term = 2;
                page.json["head"] = json!(super::led::signed(head, "m1", &page.led.peer.room_key));
                Ok(())
            },
        ),
        (
            "head_room",
            "a head of another room",
            &["invalid_head"],
            |page| {
                let mut head = page.led.unsigned_head();
                let room = holm_protocol::RoomUri::new(&page.led.peer.name, "other");
                head.room = room.map_err(|e| wrong(e.to_string()))?;
                page.json["head"] = json!(super::led::signed(head, "m1", &page.led.peer.room_key));
                Ok(())
            },
        ),
        (
            "page_room",
            "the name of another room on the page",
            &["gap", "bad_request", "unclaimed_key_package"],
            |page| {
                page.json["room"] = json!(format!("mimi://{}/r/other", page.led.peer.name));
                page.led.room =
                    holm_protocol::RoomUri::new(&page.led.peer.name, "other").during("a room")?;
                Ok(())
            },
        ),
    ]
}
