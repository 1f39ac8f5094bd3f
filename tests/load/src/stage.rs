//! Servers and users, made ready before anything is measured.

use std::sync::Arc;

use holm_protocol::{RoomUri, UserUri};
use holm_system_tests::{Change, Member, Scene};
use tokio_rustls::TlsConnector;

use crate::way::Way;

/// Accounts made at once: passwords are hashed two at a time.
const AT_ONCE: usize = 4;

/// Two users and their room; the first made it.
pub(crate) type People = (Member, Member, RoomUri);

/// Running servers.
pub(crate) struct Stage {
    /// The servers.
    pub(crate) scene: Scene,
    tls: bool,
}

impl Stage {
    /// Starts a server for each domain, without a bound on the connections of this one address.
    pub(crate) async fn start(domains: &[&str]) -> Self {
        let scene = Scene::start(domains).await;
        for server in scene.lab.servers() {
            let unbound = |c: &mut holm::config::Config| {
                (c.connections.max, c.connections.per_address_max) = (20_000, 0);
            };
            server.configure(unbound).await.expect("a configuration");
            server.restart().await.expect("a restart");
        }
        Self { scene, tls: true }
    }

    /// Starts the servers again without TLS, as behind a proxy; with memory as after log-in only.
    pub(crate) async fn go_plain(&mut self) {
        for server in self.scene.lab.servers() {
            let base_url = format!("https://hs.{}", server.domain());
            let plain = |c: &mut holm::config::Config| {
                (c.tls.off, c.tls.cert, c.tls.key) = (true, None, None);
                c.server.base_url = Some(base_url);
            };
            server.configure(plain).await.expect("a configuration");
            server.restart().await.expect("a restart");
        }
        self.tls = false;
    }

    /// Starts the servers again as they are, with memory as after log-in only.
    pub(crate) async fn restart(&self) {
        for server in self.scene.lab.servers() {
            server.restart().await.expect("a restart");
        }
    }

    /// The servers' process ids.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.scene
            .lab
            .servers()
            .map(holm::lab::LabServer::pid)
            .collect()
    }

    /// How a device of a domain reaches its server.
    pub(crate) fn way(&self, domain: &str) -> Way {
        let tls = self
            .tls
            .then(|| TlsConnector::from(Arc::new(self.scene.tls())));
        let address = self.scene.address(domain);
        Way {
            address,
            host: match self.tls {
                true => format!("hs.{domain}"),
                false => address.to_string(),
            },
            tls,
        }
    }

    /// Registers users of a domain, their names beginning with `name`.
    pub(crate) async fn members(&self, domain: &str, name: &str, count: usize) -> Vec<Member> {
        use futures::StreamExt;
        let one = |n: usize| {
            let user = format!("{name}{n}");
            async move { Member::register(&self.scene, domain, &user).await }
        };
        let making = futures::stream::iter((0..count).map(one)).buffered(AT_ONCE);
        making.collect().await
    }

    /// A room of `owner` with the others, by one commit.
    pub(crate) async fn room(&self, owner: &mut Member, others: &[UserUri]) -> RoomUri {
        let room = owner.create_room().await;
        let mut adds = Vec::with_capacity(others.len());
        for other in others {
            adds.push(owner.claim_one(other, &room).await);
        }
        let change = Change {
            adds,
            ..Change::default()
        };
        let bundle = owner.commit(&change);
        owner.submit(&room, &bundle).await.expect_good();
        owner.merge();
        room
    }

    /// Pairs of users of two domains, each pair with a room of its own.
    pub(crate) async fn pairs(&self, domains: [&str; 2], count: usize) -> Vec<People> {
        let names = ["from".to_owned(), "to".to_owned()];
        self.named_pairs(domains, &names, count, &[]).await
    }

    /// The same with names that begin so, and with others in every room.
    pub(crate) async fn named_pairs(
        &self,
        [from, to]: [&str; 2],
        [sender, receiver]: &[String; 2],
        count: usize,
        others: &[UserUri],
    ) -> Vec<People> {
        let senders = self.members(from, sender, count).await;
        let receivers = self.members(to, receiver, count).await;
        let mut pairs = Vec::with_capacity(count);
        for (mut sender, receiver) in senders.into_iter().zip(receivers) {
            let mut users = vec![receiver.user.clone()];
            users.extend_from_slice(others);
            let room = self.room(&mut sender, &users).await;
            pairs.push((sender, receiver, room));
        }
        pairs
    }
}
