//! Rows survive every change, and a small change rewrites little.

use holm_mls::Secret;

use super::*;
use crate::replica::{Replica, ReplicaPlace};

fn row(value: Option<Vec<u8>>) -> RowChange {
    RowChange {
        scope: b"group".to_vec(),
        key: b"secrets".to_vec(),
        value: value.map(Secret::new),
    }
}

async fn replica() -> Replica {
    Replica::open(&ReplicaPlace::Memory).await.unwrap()
}

async fn stored(replica: &mut Replica) -> Option<Vec<u8>> {
    let rows = load(replica.reader(), b"group").await.unwrap();
    rows.into_iter().next().map(|row| row.value)
}

/// Bytes of a row that is unlike itself at every place.
fn pattern(len: usize) -> Vec<u8> {
    let byte = |i: usize| u8::try_from(i * 31 % 251).unwrap();
    (0..len).map(byte).collect()
}

fn written(old: &[(i64, Vec<u8>)], new: &[u8]) -> usize {
    match patch(old, new) {
        Patch::Nothing => 0,
        Patch::Whole => new.len(),
        Patch::Parts { body, .. } => body.len(),
    }
}

fn parts(bytes: &[u8]) -> Vec<(i64, Vec<u8>)> {
    (0..)
        .zip(bytes.chunks(PART_LEN).map(<[u8]>::to_vec))
        .collect()
}

#[tokio::test]
async fn a_row_is_what_was_written_last_whatever_changed_in_it() {
    // REL-4
    let mut replica = replica().await;
    let mut bytes = pattern(100_000);
    let mut changes: Vec<Vec<u8>> = vec![bytes.clone()];
    for step in 0..40_usize {
        let at = step * 2_477 % bytes.len();
        bytes[at] ^= 0xFF;
        match step % 4 {
            0 => drop(bytes.splice(at..at, pattern(step * 100))),
            1 => drop(bytes.drain(at.saturating_sub(500)..at)),
            2 => bytes.extend(pattern(60)),
            _ => bytes.truncate(bytes.len() - 9),
        }
        changes.push(bytes.clone());
    }
    changes.extend([pattern(10), pattern(9_000), Vec::new(), pattern(50_000)]);
    for change in changes {
        write(replica.reader(), &[row(Some(change.clone()))])
            .await
            .unwrap();
        assert_eq!(stored(&mut replica).await, Some(change));
    }
    write(replica.reader(), &[row(None)]).await.unwrap();
    assert_eq!(stored(&mut replica).await, None);
}

#[test]
fn a_few_changed_bytes_rewrite_the_parts_around_them_alone() {
    // REL-4
    let old = pattern(285_000);
    let mut new = old.clone();
    new[140_000] ^= 1;
    assert_eq!(written(&parts(&old), &new), PART_LEN);
    new.splice(140_000..140_000, [7; 44]);
    assert!(written(&parts(&old), &new) <= 2 * PART_LEN + 44);
    assert_eq!(patch(&parts(&old), &old), Patch::Nothing);
}

#[test]
fn growth_at_the_end_goes_into_the_last_part() {
    let old = pattern(20_000);
    let mut new = old.clone();
    new.extend([1, 2, 3]);
    assert!(written(&parts(&old), &new) <= 2 * PART_LEN);
}

#[tokio::test]
async fn rows_of_another_scope_stay() {
    let mut replica = replica().await;
    let other = RowChange {
        scope: b"other".to_vec(),
        ..row(Some(pattern(9)))
    };
    write(replica.reader(), &[row(Some(pattern(9_000))), other])
        .await
        .unwrap();
    remove_scope(replica.reader(), b"group").await.unwrap();
    assert_eq!(stored(&mut replica).await, None);
    assert_eq!(load(replica.reader(), b"other").await.unwrap().len(), 1);
}
