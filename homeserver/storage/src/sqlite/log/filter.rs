//! Which ids a run has brought to the index: no for nearly every other, never no for one of them.
//!
//! Nearly every id that comes is new. A Bloom filter for each run, written with its mark and held
//! in memory, spares the index a look for each (LOG-9).

use super::recent::Key;

/// The filter of one run: a power of two of bits.
pub(crate) struct Filter(Vec<u8>);

/// Bits an id has at least; one in some two thousand others is taken for one of the run.
const BITS_EACH: usize = 16;
/// Bits an id sets.
const PROBES: u64 = 8;
/// Bits of a filter at least.
const BITS_MIN: usize = 1_024;

impl Filter {
    /// The filter of these ids.
    pub(crate) fn of<'a>(ids: impl ExactSizeIterator<Item = &'a (i64, Key, u64)>) -> Self {
        let bits = (ids.len() * BITS_EACH).next_power_of_two().max(BITS_MIN);
        let mut bytes = vec![0; bits / 8];
        for (log, key, _) in ids {
            for (byte, bit) in places(*log, key, bytes.len()) {
                bytes[byte] |= bit;
            }
        }
        Self(bytes)
    }

    /// A filter as it was stored; none where the bytes are none.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let fits = bytes.len().is_power_of_two() && bytes.len() >= BITS_MIN / 8;
        fits.then_some(Self(bytes))
    }

    /// What is stored.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the id may be one of the run.
    pub(crate) fn may_have(&self, log: i64, key: &Key) -> bool {
        places(log, key, self.0.len()).all(|(byte, bit)| self.0[byte] & bit != 0)
    }
}

/// Byte and bit of each probe. The id is half a SHA-256 already, so it is cut and not hashed; the
/// form is stored, so it stays.
fn places(log: i64, key: &Key, len: usize) -> impl Iterator<Item = (usize, u8)> {
    let (first, second) = key.split_at(8);
    let number = |half: &[u8]| half.iter().fold(0, |n: u64, b| n << 8 | u64::from(*b));
    let begin = number(first).wrapping_add(log.cast_unsigned().wrapping_mul(SPREAD));
    let step = number(second) | 1;
    let mask = len * 8 - 1;
    (0..PROBES).map(move |n| {
        let place = begin.wrapping_add(step.wrapping_mul(n));
        // The mask is smaller than any number that matters here.
        let place = usize::try_from(place & u64::from(u32::MAX)).unwrap_or(0) & mask;
        (place / 8, 1 << (place % 8))
    })
}

/// Spreads small log numbers over 64 bits: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::sqlite::log::recent::{Submitted, short};
    use holm_protocol::Hash;

    fn ids(log: i64, range: std::ops::Range<u64>) -> Vec<Submitted> {
        let id = |n: u64| (log, short(&Hash::sha256(&n.to_be_bytes())), n);
        range.map(id).collect()
    }

    // LOG-9
    #[test]
    fn no_id_of_the_run_is_missed_and_few_others_are_taken_for_one() {
        let run = ids(7, 0..10_000);
        let filter = Filter::of(run.iter());
        let filter = Filter::from_bytes(filter.as_bytes().to_vec()).unwrap();
        let count = |ids: &[Submitted]| {
            ids.iter()
                .filter(|(l, k, _)| filter.may_have(*l, k))
                .count()
        };
        assert_eq!(count(&run), run.len());
        assert!(count(&ids(7, 10_000..30_000)) < 100, "other ids of the log");
        assert!(
            count(&ids(8, 0..20_000)) < 100,
            "the same ids of another log"
        );
    }

    #[test]
    fn bytes_that_are_no_filter_are_told() {
        for len in [0, 3, 64, 129] {
            assert!(Filter::from_bytes(vec![0; len]).is_none(), "{len} bytes");
        }
    }
}
