//! What there is: logs, promises, what is on its way, what was told to senders.

use crate::{SERVERS, TERMS};

/// An entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    /// A message, by its id, with the term of the hub that numbered it.
    Message {
        /// Term of the hub.
        term: u8,
        /// The sender's id for it.
        id: u8,
    },
    /// The last event of term 1: this server is hub from here on.
    NextHub(u8),
}

/// One server. Its log and its promise survive a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Server {
    /// Its copy of the log.
    pub log: Vec<Entry>,
    /// How much of the log a crash leaves; all of it, but where a rule is flawed.
    pub durable: u8,
    /// It takes nothing of a lower term.
    pub promised: u8,
}

/// The hub of one term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hub {
    /// Which server.
    pub server: u8,
    /// All that it ever pushed: every part of it may be on its way still, any number of times.
    pub pushed: Vec<Entry>,
    /// What each server said it has of this hub's log; may be on its way still.
    pub reported: [u8; SERVERS],
    /// What of that has arrived. Lost in a crash.
    pub known: [u8; SERVERS],
    /// Length of the log with which it began.
    pub began: u8,
}

/// What a sender was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Acknowledged {
    /// The message.
    pub id: u8,
    /// Its number in the log, from 0.
    pub index: u8,
    /// Term of the hub that said so.
    pub term: u8,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The servers.
    pub servers: [Server; SERVERS],
    /// The hub of each term that has begun.
    pub hubs: [Option<Hub>; TERMS],
    /// Ids that were given out.
    pub ids: u8,
    /// What senders were told, in order of the ids: as early as the rule allows.
    pub acknowledged: Vec<Acknowledged>,
    /// The longest history that any device was shown, as early as the rule allows.
    pub shown: Vec<Entry>,
    /// Whether a device was shown another one.
    pub split: bool,
    /// Crashes so far.
    pub crashes: u8,
}

impl State {
    /// Server 0 is hub in term 1; the logs are empty.
    pub(crate) fn begin() -> Self {
        let server = || Server {
            promised: 1,
            ..Server::default()
        };
        Self {
            servers: [server(), server(), server()],
            hubs: [Some(Hub::new(0, Vec::new())), None],
            ids: 0,
            acknowledged: Vec::new(),
            shown: Vec::new(),
            split: false,
            crashes: 0,
        }
    }

    /// The hub of a term, where it has begun.
    pub(crate) fn hub(&self, term: u8) -> Option<&Hub> {
        self.hubs.get(usize::from(term) - 1)?.as_ref()
    }

    pub(crate) fn server(&self, server: u8) -> &Server {
        &self.servers[usize::from(server)]
    }

    pub(crate) fn server_mut(&mut self, server: u8) -> &mut Server {
        &mut self.servers[usize::from(server)]
    }

    /// Devices of a server are shown this: it is what others were shown, or goes on from there.
    pub(crate) fn show(&mut self, history: &[Entry]) {
        let same = self.shown.iter().zip(history).all(|(a, b)| a == b);
        self.split |= !same;
        if same && history.len() > self.shown.len() {
            self.shown = history.to_vec();
        }
    }

    /// A sender is told, once.
    pub(crate) fn tell(&mut self, id: u8, index: u8, term: u8) {
        if !self.is_acknowledged(id) {
            self.acknowledged.push(Acknowledged { id, index, term });
            self.acknowledged.sort_unstable();
        }
    }

    pub(crate) fn is_acknowledged(&self, id: u8) -> bool {
        self.acknowledged.iter().any(|a| a.id == id)
    }

    /// The newest term that has begun, with its hub.
    pub(crate) fn newest(&self) -> Option<(u8, &Hub)> {
        let terms = (1..).zip(&self.hubs);
        terms
            .filter_map(|(term, hub)| Some((term, hub.as_ref()?)))
            .last()
    }
}

impl Hub {
    pub(crate) fn new(server: u8, log: Vec<Entry>) -> Self {
        Self {
            server,
            began: len(&log),
            pushed: log,
            reported: [0; SERVERS],
            known: [0; SERVERS],
        }
    }
}

impl Server {
    /// Whether a message of this id is in the log.
    pub(crate) fn has(&self, id: u8) -> bool {
        self.log.iter().any(|entry| entry.is_message(id))
    }

    /// The hub that the log's last event names.
    pub(crate) fn named(&self) -> Option<u8> {
        self.log.iter().find_map(|entry| match entry {
            Entry::NextHub(server) => Some(*server),
            Entry::Message { .. } => None,
        })
    }
}

impl Entry {
    pub(crate) fn is_message(self, wanted: u8) -> bool {
        matches!(self, Self::Message { id, .. } if id == wanted)
    }

    /// The term in which it was numbered.
    pub(crate) fn term(self) -> u8 {
        match self {
            Self::Message { term, .. } => term,
            Self::NextHub(_) => 1,
        }
    }
}

/// Length of a log, which is short.
pub(crate) fn len(log: &[Entry]) -> u8 {
    u8::try_from(log.len()).unwrap_or(u8::MAX)
}
