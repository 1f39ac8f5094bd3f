//! Cursors: what a device acknowledges it has, and it never falls.

use holm_protocol::DeviceUri;

use super::Findings;
use crate::anomaly::Kind;
use crate::facts::{Room, View};
use crate::verdict::End;

/// Cursor beyond receipt, cursor backwards.
pub(super) fn find(room: &Room<'_>, end: End, found: &mut Findings<'_>) {
    let end = room.end().filter(|_| end == End::Settled);
    for (device, view) in &room.views {
        backwards(device, view, found);
        before_receipt(device, view, found);
        let newest = view.cursors.iter().map(|(seq, _)| *seq).max();
        if let (Some(seq), Some(end)) = (newest, end)
            && seq > end
        {
            let what = format!("{device} acknowledged event {seq} of a log with {end} events");
            found.add(Kind::CursorBeyondReceipt, Some(seq), what);
        }
    }
}

fn backwards(device: &DeviceUri, view: &View<'_>, found: &mut Findings<'_>) {
    let mut newest = 0;
    for (seq, _) in &view.cursors {
        if *seq < newest {
            let what = format!("{device} acknowledged event {newest} and then only event {seq}");
            found.add(Kind::CursorBackwards, Some(*seq), what);
        }
        newest = newest.max(*seq);
    }
}

/// A message that was shown later than it was acknowledged. One that is known from the copy at
/// the end alone may have been shown any time before; one never shown is missing.
fn before_receipt(device: &DeviceUri, view: &View<'_>, found: &mut Findings<'_>) {
    let mut shown: Vec<_> = view
        .live
        .iter()
        .map(|arrival| (arrival.message.seq, arrival.index))
        .collect();
    shown.sort_unstable();
    shown.dedup_by_key(|(seq, _)| *seq);
    let mut cursors = view.cursors.clone();
    cursors.sort_unstable();
    let mut shown = shown.into_iter().peekable();
    let mut latest = (0, 0);
    for (cursor, index) in cursors {
        while let Some((seq, at)) = shown.next_if(|(seq, _)| *seq <= cursor) {
            latest = latest.max((at, seq));
        }
        if latest.0 > index {
            let seq = latest.1;
            let what = format!("{device} acknowledged event {cursor} before it showed event {seq}");
            found.add(Kind::CursorBeyondReceipt, Some(seq), what);
        }
    }
}
