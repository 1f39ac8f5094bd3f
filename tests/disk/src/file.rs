//! One file: what a process sees of it, what would survive, and the writes between the two.

/// What became of a write that was not synced when the power failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It had reached the disk.
    Kept,
    /// It had not.
    Lost,
    /// So many of its first bytes had.
    Torn(usize),
}

enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// A file's bytes.
#[derive(Default)]
pub(crate) struct File {
    pub(crate) seen: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

impl File {
    /// What a process sees, as a file that is durable whole.
    pub(crate) fn image(&self) -> Self {
        Self {
            seen: self.seen.clone(),
            durable: self.seen.clone(),
            unsynced: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        let change = Change::Write(at, bytes.to_vec());
        change.apply(&mut self.seen, usize::MAX);
        self.unsynced.push(change);
    }

    pub(crate) fn set_len(&mut self, len: usize) {
        let change = Change::Length(len);
        change.apply(&mut self.seen, usize::MAX);
        self.unsynced.push(change);
    }

    pub(crate) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable, usize::MAX);
        }
    }

    /// A sync that failed: nobody will write these again.
    pub(crate) fn forget_unsynced(&mut self) {
        self.unsynced.clear();
    }

    pub(crate) fn fail_power(&mut self, fate: &mut impl FnMut() -> Fate) {
        for change in self.unsynced.drain(..) {
            match fate() {
                Fate::Kept => change.apply(&mut self.durable, usize::MAX),
                Fate::Torn(len) => change.apply(&mut self.durable, len),
                Fate::Lost => {}
            }
        }
        self.seen.clone_from(&self.durable);
    }
}

impl Change {
    /// Applies the change, of a write its first `len` bytes.
    fn apply(&self, bytes: &mut Vec<u8>, len: usize) {
        match self {
            Self::Length(len) => bytes.resize(*len, 0),
            Self::Write(at, data) => {
                let data = &data[..data.len().min(len)];
                let end = at + data.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*at..end].copy_from_slice(data);
            }
        }
    }
}
