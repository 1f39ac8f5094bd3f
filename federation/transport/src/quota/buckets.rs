//! Buckets by name, bounded in number.

use std::collections::BTreeMap;

use super::Rate;
use super::bucket::Bucket;

/// A bucket for each of so many names; the others share one.
pub(super) struct Buckets<K> {
    rate: Rate,
    max: usize,
    known: BTreeMap<K, Bucket>,
    others: Option<Bucket>,
    swept_ms: u64,
}

impl<K: Ord> Buckets<K> {
    pub(super) fn new(rate: Rate, max: usize) -> Self {
        Self {
            rate,
            max,
            known: BTreeMap::new(),
            others: None,
            swept_ms: 0,
        }
    }

    /// Takes `n` of a name's bucket, or says in how many milliseconds it could.
    pub(super) fn take(&mut self, key: K, n: u64, now_ms: u64) -> Result<(), u64> {
        let rate = self.rate;
        if rate.burst == 0 {
            return Ok(());
        }
        if let Some(bucket) = self.known.get_mut(&key) {
            return bucket.take(rate, n, now_ms);
        }
        self.make_room(now_ms);
        let full = Bucket::full(rate, now_ms);
        match self.known.len() < self.max {
            true => self.known.entry(key).or_insert(full).take(rate, n, now_ms),
            false => self.others.get_or_insert(full).take(rate, n, now_ms),
        }
    }

    /// Gives back what was taken of a name's bucket.
    pub(super) fn give_back(&mut self, key: &K, n: u64) {
        let bucket = self.known.get_mut(key).or(self.others.as_mut());
        if let Some(bucket) = bucket {
            bucket.give_back(self.rate, n);
        }
    }

    /// Forgets the full ones, which are as good as new, where there are too many; not more often
    /// than once a second, since it looks at all.
    fn make_room(&mut self, now_ms: u64) {
        if self.known.len() >= self.max && now_ms.abs_diff(self.swept_ms) >= SWEEP_MS {
            let rate = self.rate;
            self.known.retain(|_, bucket| !bucket.is_full(rate, now_ms));
            self.swept_ms = now_ms;
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}

const SWEEP_MS: u64 = 1_000;
