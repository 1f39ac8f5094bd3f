//! Commit bundles: no part can be exchanged (ROOM-8, LOG-10, LIM-6).

use holm_protocol::bundle::{Bundle, CommitBody};
use holm_protocol::federation::BundleJson;
use holm_protocol::limits::BUNDLE_LEN_MAX;
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::fixtures::key;
use crate::strategies::bytes;

fn bundle() -> impl Strategy<Value = Bundle> {
    let welcome = option::of(bytes().prop_filter("a Welcome has bytes", |w| !w.is_empty()));
    (bytes(), welcome, bytes())
        .prop_map(|(commit, welcome, info)| Bundle::sign(commit, welcome, info, &key("mls")))
}

proptest! {
    /// ROOM-8, LOG-10
    #[test]
    fn a_bundle_holds_by_its_committers_key_in_each_of_its_forms(bundle in bundle()) {
        let key = key("mls").public();
        prop_assert!(bundle.is_signed_by(&key));
        let body = CommitBody::from_bytes(&bundle.body().to_bytes()).unwrap();
        prop_assert!(body.is_signed_by(&key));
        let json = serde_json::to_vec(&BundleJson::from(bundle.clone())).unwrap();
        let read: BundleJson = holm_protocol::json::from_slice(&json).unwrap();
        prop_assert_eq!(Bundle::from(read), bundle);
    }

    /// ROOM-8
    #[test]
    fn no_part_of_a_bundle_can_be_exchanged(bundle in bundle(), other in bundle()) {
        let key = key("mls").public();
        let mixes = [
            Bundle { commit: other.commit.clone(), ..bundle.clone() },
            Bundle { welcome: other.welcome.clone(), ..bundle.clone() },
            Bundle { group_info: other.group_info.clone(), ..bundle.clone() },
            Bundle { signature: other.signature, ..bundle.clone() },
        ];
        for mix in mixes {
            prop_assert_eq!(mix.is_signed_by(&key), mix == bundle);
        }
    }

    /// ROOM-8
    #[test]
    fn bytes_do_not_move_from_one_part_to_the_next(bundle in bundle(), at in any::<proptest::sample::Index>()) {
        let all = [bundle.commit.as_slice(), &bundle.group_info].concat();
        let (commit, info) = all.split_at(at.index(all.len() + 1));
        let moved = Bundle { commit: commit.into(), group_info: info.into(), ..bundle.clone() };
        prop_assert_eq!(moved.is_signed_by(&key("mls").public()), moved == bundle);
    }

    /// ROOM-8
    #[test]
    fn a_commit_event_names_its_welcome(bundle in bundle(), other in bytes()) {
        let body = bundle.body();
        let welcome = bundle.welcome.clone().unwrap_or_default();
        prop_assert_eq!(body.has_welcome(&welcome), bundle.welcome.is_some());
        prop_assert_eq!(body.has_welcome(&other), bundle.welcome.is_some_and(|w| w == other));
    }
}

/// ROOM-8
#[test]
fn a_welcome_without_a_byte_is_no_welcome() {
    let signed = Bundle::sign(b"commit".to_vec(), None, b"info".to_vec(), &key("mls"));
    let welcome = Some(Vec::new());
    let empty = Bundle { welcome, ..signed };
    assert!(!empty.is_signed_by(&key("mls").public()));
    assert!(!empty.body().has_welcome(&[]));
}

/// LIM-6
#[test]
fn the_three_parts_together_have_at_most_a_mebibyte() {
    let of = |len: usize| {
        let (commit, welcome) = (vec![0; len - 300], Some(vec![0; 200]));
        Bundle::sign(commit, welcome, vec![0; 100], &key("mls"))
    };
    assert_eq!(BUNDLE_LEN_MAX, 1_048_576);
    assert_eq!(of(BUNDLE_LEN_MAX).len(), BUNDLE_LEN_MAX);
    assert!(of(BUNDLE_LEN_MAX).is_within_limit());
    assert!(!of(BUNDLE_LEN_MAX + 1).is_within_limit());
}
