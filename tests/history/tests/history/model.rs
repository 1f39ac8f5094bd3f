//! A model that makes histories as they ought to be: a hub's log, devices that come and go, and
//! answers that are lost.

use holm_history::{History, Holder, Message, Observation};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName};
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// Devices that there are; the first makes the room.
pub(crate) const DEVICES: usize = 5;

/// Something that happens; a number picks the device.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A message is sent; the hub numbers it, and its answer comes unless it is lost.
    Send { device: usize, answered: bool },
    /// A message is sent and refused.
    Refuse { device: usize },
    /// What was not answered is sent again: the same id, the first answer.
    Retry { device: usize },
    /// A device takes some of what it has not.
    Take { device: usize, count: u64 },
    /// A device that is out comes in, or one that is in goes out.
    ComeOrGo { device: usize },
    /// The hub signs its head, and a follower tells what it has.
    Tell,
    /// A KeyPackage is claimed.
    Claim,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let device = || 0..DEVICES;
    let step = prop_oneof![
        4 => (device(), any::<bool>()).prop_map(|(device, answered)| Step::Send { device, answered }),
        1 => device().prop_map(|device| Step::Refuse { device }),
        1 => device().prop_map(|device| Step::Retry { device }),
        4 => (device(), 1..6_u64).prop_map(|(device, count)| Step::Take { device, count }),
        1 => device().prop_map(|device| Step::ComeOrGo { device }),
        1 => Just(Step::Tell),
        1 => Just(Step::Claim),
    ];
    proptest::collection::vec(step, 0..120)
}

enum Entry {
    Commit,
    Message(Message),
}

#[derive(Clone, Default)]
struct Member {
    inside: bool,
    cursor: u64,
    shown: Vec<Message>,
    unanswered: Vec<(ClientMsgId, u64)>,
}

/// The world while it is made.
pub(crate) struct World {
    pub(crate) history: History,
    log: Vec<Entry>,
    epoch: u64,
    members: Vec<Member>,
    ids: u8,
    packages: u8,
    now: u64,
}

pub(crate) fn device(number: usize) -> DeviceUri {
    let server = ["islet.test", "skerry.test"][number % 2];
    DeviceUri::parse(&format!("mimi://{server}/d/user{number}/one")).expect("a name")
}

pub(crate) fn room() -> RoomUri {
    RoomUri::parse("mimi://islet.test/r/room").expect("a name")
}

pub(crate) fn hub() -> ServerName {
    ServerName::parse("islet.test").expect("a name")
}

fn hash_of(seq: u64) -> Hash {
    Hash::sha256(format!("event {seq}").as_bytes())
}

pub(crate) fn content_of(id: ClientMsgId) -> Hash {
    Hash::sha256(&id.0)
}

impl World {
    /// A room that the first device made and the second is in.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            history: History::default(),
            log: Vec::new(),
            epoch: 0,
            members: vec![Member::default(); DEVICES],
            ids: 0,
            packages: 0,
            now: 0,
        };
        world.members[0].inside = true;
        world.record(Observation::Joined {
            device: device(0),
            room: room(),
            anchor: 0,
        });
        world.step(&Step::ComeOrGo { device: 1 });
        world
    }

    /// A history of these steps, settled at the end.
    pub(crate) fn of(steps: &[Step]) -> History {
        let mut world = Self::new();
        for step in steps {
            world.step(step);
        }
        world.settle();
        world.history
    }

    fn record(&mut self, observation: Observation) {
        self.now += 10;
        self.history.record(self.now, observation);
    }

    fn end(&self) -> u64 {
        u64::try_from(self.log.len()).expect("small")
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match *step {
            Step::Send { device, answered } if self.members[device].inside => {
                self.send(device, answered);
            }
            Step::Refuse { device: number } => {
                let id = self.submit(number);
                self.record(Observation::Refused {
                    device: device(number),
                    room: room(),
                    id,
                });
            }
            Step::Retry { device } => self.retry(device),
            Step::Take { device, count } => self.take(device, count),
            Step::ComeOrGo { device } if device > 0 => self.come_or_go(device),
            Step::Tell => self.tell(),
            Step::Claim => self.claim(),
            Step::Send { .. } | Step::ComeOrGo { .. } => {}
        }
    }

    fn submit(&mut self, number: usize) -> ClientMsgId {
        self.ids += 1;
        let id = ClientMsgId([self.ids; 16]);
        self.submit_again(number, id);
        id
    }

    fn submit_again(&mut self, number: usize, id: ClientMsgId) {
        self.record(Observation::Submitted {
            device: device(number),
            room: room(),
            id,
            content: content_of(id),
        });
    }

    fn send(&mut self, number: usize, answered: bool) {
        let id = self.submit(number);
        let seq = self.end() + 1;
        self.log.push(Entry::Message(Message {
            seq,
            hash: Some(hash_of(seq)),
            sender: device(number).user(),
            id,
            content: content_of(id),
        }));
        if answered {
            self.accept(number, id, seq);
        } else {
            self.members[number].unanswered.push((id, seq));
            self.record(Observation::Unknown {
                device: device(number),
                room: room(),
                id,
            });
        }
    }

    fn accept(&mut self, number: usize, id: ClientMsgId, seq: u64) {
        let commits = self.log[..usize::try_from(seq).expect("small")].iter();
        let commits = commits.filter(|entry| matches!(entry, Entry::Commit));
        let epoch = Some(u64::try_from(commits.count()).expect("small"));
        self.record(Observation::Accepted {
            device: device(number),
            room: room(),
            id,
            seq,
            epoch,
        });
    }

    fn retry(&mut self, number: usize) {
        for (id, seq) in std::mem::take(&mut self.members[number].unanswered) {
            self.submit_again(number, id);
            self.accept(number, id, seq);
        }
    }

    fn take(&mut self, number: usize, count: u64) {
        if !self.members[number].inside {
            return;
        }
        for _ in 0..count {
            let cursor = usize::try_from(self.members[number].cursor).expect("small");
            let Some(entry) = self.log.get(cursor) else {
                break;
            };
            self.members[number].cursor += 1;
            if let Entry::Message(message) = entry {
                let message = message.clone();
                self.members[number].shown.push(message.clone());
                if message.sender != device(number).user() {
                    self.record(Observation::Delivered {
                        device: device(number),
                        room: room(),
                        message,
                    });
                }
            }
        }
        let seq = self.members[number].cursor;
        self.record(Observation::Cursor {
            device: device(number),
            room: room(),
            seq,
        });
        self.record(Observation::Receipt {
            observer: device(0),
            room: room(),
            reader: device(number).user(),
            delivered: seq,
            read: seq / 2,
        });
    }

    fn come_or_go(&mut self, number: usize) {
        if self.members[number].inside {
            // It takes what is left to it, and answers with what it knows.
            self.take(number, u64::MAX);
            self.retry(number);
        }
        let seq = self.end() + 1;
        self.log.push(Entry::Commit);
        self.record(Observation::Committed {
            room: room(),
            epoch: self.epoch,
            seq,
        });
        self.epoch += 1;
        let (device, room) = (device(number), room());
        let member = &mut self.members[number];
        member.inside = !member.inside;
        member.cursor = seq;
        let observation = match member.inside {
            true => Observation::Joined {
                device,
                room,
                anchor: seq,
            },
            false => Observation::Removed {
                device,
                room,
                last: seq,
            },
        };
        self.record(observation);
    }

    fn tell(&mut self) {
        let seq = self.end();
        let hash = hash_of(seq);
        self.record(Observation::Head {
            room: room(),
            term: 0,
            seq,
            hash,
        });
        self.record(Observation::Position {
            holder: Holder::Server(ServerName::parse("skerry.test").expect("a name")),
            room: room(),
            seq,
            hash,
        });
    }

    fn claim(&mut self) {
        self.packages += 1;
        for (package, last_resort) in [(self.packages, false), (255, true)] {
            self.record(Observation::Claimed {
                package: Hash([package; 32]),
                by: "somebody".to_owned(),
                last_resort,
            });
        }
    }

    /// Everybody takes everything, and all copies are looked at.
    pub(crate) fn settle(&mut self) {
        for number in 0..DEVICES {
            self.retry(number);
            self.take(number, u64::MAX);
            let messages = self.members[number].shown.clone();
            self.record(Observation::DeviceCopy {
                device: device(number),
                room: room(),
                messages,
            });
        }
        for server in [hub(), ServerName::parse("skerry.test").expect("a name")] {
            self.record(Observation::ServerCopy {
                server,
                room: room(),
                first: 1,
                hashes: (1..=self.end()).map(hash_of).collect(),
            });
        }
    }
}
