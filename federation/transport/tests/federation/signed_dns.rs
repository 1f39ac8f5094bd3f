//! A DNS server whose zones are signed here, with NSEC, and that can spoil what it answers.
//!
//! It knows what these tests ask for and no more: no wildcards, no CNAMEs, all in one datagram.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use hickory_server::proto::dnssec::crypto::Ed25519SigningKey;
use hickory_server::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, RRSIG, SigInput};
use hickory_server::proto::dnssec::{Algorithm, DigestType, SigningKey, TBS};
use hickory_server::proto::op::{Message, ResponseCode};
use hickory_server::proto::rr::rdata::{NS, SOA, TXT};
use hickory_server::proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

/// What becomes of answers about TXT records of `islet.test` on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoiled {
    Nothing,
    /// The records say something else.
    Record,
    /// One bit of each signature is another.
    Signature,
    /// The signatures are gone.
    Unsigned,
    /// There is no such record, it says, and has no proof of it.
    Denied,
}

/// A server of zones; it ends with the value.
pub(crate) struct SignedDns {
    pub(crate) address: SocketAddr,
    running: AbortHandle,
}

/// One zone.
pub(crate) struct Zone {
    origin: Name,
    key: Option<Key>,
    sets: BTreeMap<Name, BTreeMap<RecordType, Vec<Record>>>,
}

struct Key {
    signs: Ed25519SigningKey,
    public: DNSKEY,
}

impl Drop for SignedDns {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl SignedDns {
    pub(crate) async fn start(zones: Vec<Zone>, spoiled: Spoiled) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let running = tokio::spawn(async move {
            let mut buffer = [0; 4_096];
            loop {
                let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
                let asked = Message::from_vec(&buffer[..len]).unwrap();
                let answer = answer(&zones, &asked, spoiled).to_vec().unwrap();
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Self {
            address,
            running: running.abort_handle(),
        }
    }
}

impl Zone {
    pub(crate) fn signed(origin: &str) -> Self {
        let pkcs8 = Ed25519SigningKey::generate_pkcs8().unwrap();
        let signs = Ed25519SigningKey::from_pkcs8(&pkcs8).unwrap();
        let public = DNSKEY::from_key(&signs.to_public_key().unwrap());
        let record = RData::DNSSEC(DNSSECRData::DNSKEY(public.clone()));
        let mut zone = Self::unsigned(origin).with(origin, record);
        zone.key = Some(Key { signs, public });
        zone
    }

    pub(crate) fn unsigned(origin: &str) -> Self {
        let zone = Self {
            origin: name(origin),
            key: None,
            sets: BTreeMap::new(),
        };
        let ns = name("ns.test.");
        let soa = SOA::new(ns.clone(), name("root.test."), 1, 60, 60, 60, 5);
        zone.with(origin, RData::SOA(soa))
            .with(origin, RData::NS(NS(ns)))
    }

    pub(crate) fn with(mut self, owner: &str, data: RData) -> Self {
        let record = Record::from_rdata(name(owner), TTL, data);
        let sets = self.sets.entry(record.name.clone()).or_default();
        sets.entry(record.record_type()).or_default().push(record);
        self
    }

    /// Hands a part of its names to another zone, by its key where that has one.
    pub(crate) fn above(self, child: &Self) -> Self {
        let origin = child.origin.to_ascii();
        let zone = self.with(&origin, RData::NS(NS(name("ns.test."))));
        let Some(key) = &child.key else { return zone };
        let kind = DigestType::SHA256;
        let digest = key.public.to_digest(&child.origin, kind).unwrap();
        let tag = key.public.calculate_key_tag().unwrap();
        let ds = DS::new(tag, Algorithm::ED25519, kind, digest.as_ref().to_vec());
        zone.with(&origin, RData::DNSSEC(DNSSECRData::DS(ds)))
    }

    /// Its key as a trust anchor.
    pub(crate) fn anchor(&self) -> String {
        let key = &self.key.as_ref().unwrap().public;
        format!("{} 60 IN DNSKEY {key}\n", self.origin.to_ascii())
    }

    fn set(&self, owner: &Name, kind: RecordType) -> Option<&[Record]> {
        let set = self.sets.get(owner)?.get(&kind)?;
        Some(set)
    }

    /// A set of records and its signature.
    fn with_signature(&self, set: &[Record]) -> Vec<Record> {
        let mut all = set.to_vec();
        all.extend(self.key.as_ref().map(|key| self.signature(key, set)));
        all
    }

    fn signature(&self, key: &Key, set: &[Record]) -> Record {
        let (owner, now) = (&set[0].name, now_s());
        let input = SigInput {
            type_covered: set[0].record_type(),
            algorithm: Algorithm::ED25519,
            num_labels: owner.num_labels(),
            original_ttl: TTL,
            sig_expiration: SerialNumber::new(now + 3_600),
            sig_inception: SerialNumber::new(now - 3_600),
            key_tag: key.public.calculate_key_tag().unwrap(),
            signer_name: self.origin.clone(),
        };
        let signed = TBS::from_input(owner, DNSClass::IN, &input, set.iter()).unwrap();
        let signature = key.signs.sign(&signed).unwrap();
        let data = RRSIG::from_sig(input, signature);
        Record::from_rdata(owner.clone(), TTL, RData::DNSSEC(DNSSECRData::RRSIG(data)))
    }

    /// That it has nothing else between its names.
    fn proofs(&self) -> Vec<Record> {
        let owners: Vec<_> = self.sets.keys().collect();
        let next = owners.iter().cycle().skip(1);
        let nsec = |(owner, next): (&&Name, &&Name)| {
            let kinds: BTreeSet<_> = self.sets[*owner].keys().copied().collect();
            let data = NSEC::new_cover_self((*next).clone(), kinds);
            let data = RData::DNSSEC(DNSSECRData::NSEC(data));
            self.with_signature(&[Record::from_rdata((*owner).clone(), TTL, data)])
        };
        match self.key {
            Some(_) => owners.iter().zip(next).flat_map(nsec).collect(),
            None => Vec::new(),
        }
    }

    /// What it says where it has no such record.
    fn denial(&self) -> Vec<Record> {
        let soa = self.set(&self.origin, RecordType::SOA).unwrap();
        [self.with_signature(soa), self.proofs()].concat()
    }
}

fn answer(zones: &[Zone], asked: &Message, spoiled: Spoiled) -> Message {
    let query = &asked.queries[0];
    let (owner, kind) = (query.name().to_lowercase(), query.query_type());
    let zone = zone_of(zones, &owner, kind);
    let mut message = Message::response(asked.metadata.id, asked.metadata.op_code);
    message.add_query(query.clone());
    message.metadata.authoritative = true;
    if let Some(edns) = &asked.edns {
        message.set_edns(edns.clone());
    }
    let is_spoiled = kind == RecordType::TXT && name("islet.test.").zone_of(&owner);
    let spoiled = if is_spoiled {
        spoiled
    } else {
        Spoiled::Nothing
    };
    match zone.set(&owner, kind) {
        Some(set) if spoiled != Spoiled::Denied => {
            message.answers = spoil(zone.with_signature(set), spoiled);
        }
        _ => {
            message.authorities = zone.denial();
            if spoiled == Spoiled::Denied {
                message.authorities.truncate(1);
            }
            if !zone.sets.keys().any(|known| owner.zone_of(known)) {
                message.metadata.response_code = ResponseCode::NXDomain;
            }
        }
    }
    message
}

/// The zone that answers: the nearest above, and of a DS the one above that.
fn zone_of<'a>(zones: &'a [Zone], owner: &Name, kind: RecordType) -> &'a Zone {
    let above = |zone: &&Zone| {
        let is_parent = kind != RecordType::DS || zone.origin != *owner || owner.is_root();
        zone.origin.zone_of(owner) && is_parent
    };
    let nearest = zones.iter().filter(above);
    nearest.max_by_key(|zone| zone.origin.num_labels()).unwrap()
}

fn spoil(mut records: Vec<Record>, spoiled: Spoiled) -> Vec<Record> {
    if spoiled == Spoiled::Unsigned {
        records.retain(|record| record.record_type() != RecordType::RRSIG);
    }
    for record in &mut records {
        match &mut record.data {
            RData::TXT(text) if spoiled == Spoiled::Record => {
                *text = TXT::new(vec!["v=holm1; root=y".into()]);
            }
            RData::DNSSEC(DNSSECRData::RRSIG(signature)) if spoiled == Spoiled::Signature => {
                let mut bytes = signature.sig().to_vec();
                bytes[7] ^= 1;
                *signature = RRSIG::from_sig(signature.input().clone(), bytes);
            }
            _ => {}
        }
    }
    records
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the resolver under test asks the system's clock"
)]
fn now_s() -> u32 {
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH);
    u32::try_from(now.unwrap().as_secs()).unwrap()
}

/// Of every record, in seconds.
const TTL: u32 = 60;
