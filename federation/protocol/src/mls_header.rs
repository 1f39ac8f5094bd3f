//! The readable front of an MLS message, without an MLS library (RFC 9420 §6).
//!
//! A hub looks at group id, epoch, content type and authenticated data of every message; reading
//! them in place costs nanoseconds and allocates nothing. A PrivateMessage, which no server can
//! open, is at least complete and canonical, so that nothing else is relayed (LOG-11; spec 03 §3).

use tls_codec::VLBytes;

use crate::encoding::encode;
use crate::signing::Hash;

/// Wire format of a PublicMessage.
pub const PUBLIC_MESSAGE: u16 = 1;
/// Wire format of a PrivateMessage.
pub const PRIVATE_MESSAGE: u16 = 2;
/// Content type of application data.
pub const CONTENT_APPLICATION: u8 = 1;
/// Content type of a commit.
pub const CONTENT_COMMIT: u8 = 3;
/// Sender type of a member.
pub const SENDER_MEMBER: u8 = 1;
/// Sender type of a device that enters by its own commit.
pub const SENDER_NEW_MEMBER_COMMIT: u8 = 4;

/// The readable front of an MLSMessage, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MlsHeader<'a> {
    /// [`PUBLIC_MESSAGE`] or [`PRIVATE_MESSAGE`].
    pub wire_format: u16,
    /// The group's id.
    pub group_id: &'a [u8],
    /// The epoch it was made in.
    pub epoch: u64,
    /// Sender type and leaf index; of a PublicMessage alone.
    pub sender: Option<(u8, u32)>,
    /// What it carries.
    pub content_type: u8,
    /// The authenticated data.
    pub aad: &'a [u8],
}

impl<'a> MlsHeader<'a> {
    /// Reads the front of an MLSMessage; `None` where it is no public or private message of MLS 1.0.
    ///
    /// A private message is read to its end; what follows the front of a public one is for an MLS
    /// library, since the hub checks commits with one.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut r = Reader(bytes);
        if r.number(2)? != 1 {
            return None;
        }
        let wire_format = u16::try_from(r.number(2)?).ok()?;
        let (group_id, epoch) = (r.vector()?, r.number(8)?);
        let (sender, content_type, aad) = match wire_format {
            PUBLIC_MESSAGE => {
                let sender = r.sender()?;
                let aad = r.vector()?;
                (Some(sender), r.byte()?, aad)
            }
            PRIVATE_MESSAGE => {
                let (content_type, aad) = (r.byte()?, r.vector()?);
                let (_sender_data, _ciphertext) = (r.vector()?, r.vector()?);
                r.0.is_empty().then_some((None, content_type, aad))?
            }
            _ => return None,
        };
        Some(Self {
            wire_format,
            group_id,
            epoch,
            sender,
            content_type,
            aad,
        })
    }

    /// Whether it is application data of a PrivateMessage, the one form a message has (LOG-11).
    pub fn is_message(&self) -> bool {
        self.wire_format == PRIVATE_MESSAGE && self.content_type == CONTENT_APPLICATION
    }

    /// Whether it is a commit as PublicMessage, the one form a commit has (LOG-11).
    pub fn is_commit(&self) -> bool {
        self.wire_format == PUBLIC_MESSAGE && self.content_type == CONTENT_COMMIT
    }
}

/// The confirmed transcript hash after a commit: interim hash before it, then the commit from its
/// wire format to its signature (RFC 9420 §8.2, LOG-14). `None` where it is no commit.
pub fn confirmed_transcript_hash(interim_before: &Hash, commit: &[u8]) -> Option<Hash> {
    let header = MlsHeader::read(commit).filter(MlsHeader::is_commit)?;
    let (sender, _) = header.sender?;
    // After the signature: confirmation tag, and of a member also the membership tag.
    let tags = if sender == SENDER_MEMBER { 66 } else { 33 };
    let covered = commit.get(2..commit.len().checked_sub(tags)?)?;
    Some(Hash::sha256(&[&interim_before.0, covered].concat()))
}

/// The interim transcript hash: confirmed hash, then the confirmation tag (RFC 9420 §8.2, LOG-14).
pub fn interim_transcript_hash(confirmed: &[u8], tag: &[u8]) -> Hash {
    let tag = encode(&VLBytes::new(tag.to_vec()));
    Hash::sha256(&[confirmed, tag.as_slice()].concat())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, len: usize) -> Option<u64> {
        Some(
            self.take(len)?
                .iter()
                .fold(0, |n, b| n << 8 | u64::from(*b)),
        )
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    /// A vector whose length is written in the fewest bytes (ENC-2).
    fn vector(&mut self) -> Option<&'a [u8]> {
        let (len, least) = match self.0.first()? >> 6 {
            0 => (self.number(1)?, 0),
            1 => (self.number(2)? & 0x3fff, 0x40),
            2 => (self.number(4)? & 0x3fff_ffff, 0x4000),
            _ => return None,
        };
        let len = (len >= least).then_some(len)?;
        self.take(usize::try_from(len).ok()?)
    }

    fn sender(&mut self) -> Option<(u8, u32)> {
        match self.byte()? {
            kind @ 1..=2 => Some((kind, u32::try_from(self.number(4)?).ok()?)),
            kind @ 3..=4 => Some((kind, 0)),
            _ => None,
        }
    }
}
