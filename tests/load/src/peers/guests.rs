//! Peers of one user each that are healthy while rooms are made, and dead or slow from then on.

use std::net::TcpListener;
use std::sync::Mutex;

use holm_protocol::federation::{
    ClaimedKeyPackage, HeadsResponse, KeyMaterialResponse, LogPage, NotifyRequest, NotifyResponse,
    RoomCursor,
};
use holm_protocol::{Event, UserUri};
use holm_system_tests::{Member, Rogue};

use super::slow::{Slow, open};
use crate::stage::Stage;

/// What becomes of a guest.
#[derive(Clone, Copy)]
enum Fate {
    /// Nothing listens at its port.
    Refused,
    /// Its port takes connections as far as the system does, and never reads.
    Silent,
    /// It answers late, or reads little by little.
    Slow(Slow),
}

/// All guests of one hub.
pub(super) struct Guests {
    rogues: Vec<(Rogue, Fate)>,
    users: Vec<UserUri>,
    silent: Mutex<Vec<TcpListener>>,
}

impl Guests {
    /// So many that will be dead, half of them refusing and half silent, and so many slow.
    pub(super) async fn invite(stage: &Stage, dead: usize, slow: usize) -> Self {
        let (mut rogues, mut users) = (Vec::new(), Vec::new());
        for number in 0..dead + slow {
            let even = number % 2 == 0;
            let fate = match (number < dead, even) {
                (true, true) => Fate::Refused,
                (true, false) => Fate::Silent,
                (false, true) => Fate::Slow(Slow::Late),
                (false, false) => Fate::Slow(Slow::Narrow),
            };
            let domain = format!("guest{number}.test");
            let rogue = Rogue::start(&stage.scene, &domain).await;
            let member = Member::of_rogue(&stage.scene, &domain, "guest");
            users.push(member.user.clone());
            let answers = move |path: &str, body: &[u8]| Some(answer(&member, path, body));
            rogue.door.lock().expect("the door").answers = Some(Box::new(answers));
            rogues.push((rogue, fate));
        }
        Self {
            rogues,
            users,
            silent: Mutex::default(),
        }
    }

    /// Their users.
    pub(super) fn users(&self) -> &[UserUri] {
        &self.users
    }

    /// From now on DNS leads to dead and slow ends.
    pub(super) async fn go(&self, stage: &Stage) {
        for (rogue, fate) in &self.rogues {
            let port = match fate {
                Fate::Slow(slow) => open(rogue.port(), *slow).await,
                Fate::Refused => listener().1,
                Fate::Silent => {
                    let (socket, port) = listener();
                    self.silent.lock().expect("the listeners").push(socket);
                    port
                }
            };
            let (dns, root) = (&stage.scene.lab.dns, rogue.root.public());
            let published = dns.publish(&rogue.name, port, &root).await;
            published.expect("DNS records");
        }
    }
}

fn listener() -> (TcpListener, u16) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("an address").port();
    (socket, port)
}

/// What a peer says that takes all it is brought.
fn answer(member: &Member, path: &str, body: &[u8]) -> (u16, String) {
    let answer = if path.starts_with("/federation/v1/keyMaterial/") {
        serde_json::to_string(&KeyMaterialResponse {
            key_packages: vec![ClaimedKeyPackage {
                device: member.identity.device.clone(),
                key_package: member.key_package().into(),
            }],
        })
    } else if path == "/federation/v1/notify" {
        serde_json::from_slice(body).and_then(|request: NotifyRequest| {
            let rooms = request.rooms.iter().map(taken).collect();
            serde_json::to_string(&NotifyResponse { rooms })
        })
    } else {
        serde_json::to_string(&HeadsResponse {
            rooms: Vec::new(),
            token: String::new(),
            more: false,
        })
    };
    match answer {
        Ok(answer) => (200, answer),
        Err(error) => (400, error.to_string()),
    }
}

fn taken(page: &LogPage) -> RoomCursor {
    let last = page.events.last();
    let last = last.and_then(|event| Event::from_bytes(event.as_slice()).ok());
    RoomCursor {
        room: page.room.clone(),
        cursor: last.map_or(0, |event| event.header.seq),
        problem: None,
    }
}
