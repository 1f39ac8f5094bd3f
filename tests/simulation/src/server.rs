//! A homeserver as a simulated host: the code of production over ports of simulation.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::serve::ListenerExt;
use holm_client_api::Sockets;
use holm_core::ports::{CrashPoint, CrashPoints, Future, LogStore, Tasks};
use holm_core::{Homeserver, Identity, Keyring, Ports, Registration, Settings};
use holm_disk::{Disk, Fate, VFS};
use holm_federation::{AddressGuard, Transport, TransportParts, TransportSettings};
use holm_protocol::{PrivateKey, ServerName};
use holm_storage::{Drive, Sqlite};
use turmoil::net::TcpListener;

use crate::claims::{Claims, Watched};
use crate::clock::{SimClock, elapsed};
use crate::device::Surroundings;
use crate::dice::Dice;
use crate::fork_verdict::Crossings;
use crate::network::{Door, PORT, SimExchange, Way};
use crate::plan::server_name;

/// What of a server outlives its process: name, keys, disk, clock.
pub struct Machine {
    /// Its number.
    pub number: usize,
    /// Its domain; its host is called by the number.
    pub name: ServerName,
    /// Its disk.
    pub disk: Disk,
    /// Its clock.
    pub clock: Arc<SimClock>,
    dice: Arc<Dice>,
    mount: String,
    around: Surroundings,
    claims: Arc<Claims>,
    /// Where the process is to die, and whether it has got there.
    armed: Mutex<Option<CrashPoint>>,
    dead: Mutex<bool>,
}

/// How often heads are told.
const REPORTED: Duration = Duration::from_secs(1);

impl Machine {
    /// A machine with an empty disk under the name `mount`.
    pub fn new(number: usize, name: ServerName, mount: String, around: &Surroundings) -> Self {
        Self {
            number,
            disk: Disk::mount(&mount),
            clock: Arc::default(),
            dice: Arc::new(Dice::new(around.plan.seed, name.as_str())),
            name,
            mount,
            around: around.clone(),
            claims: Arc::default(),
            armed: Mutex::new(None),
            dead: Mutex::new(false),
        }
    }

    /// A second machine of the same name and keys, with what is on this one's disk now.
    #[must_use]
    pub fn twin(&self, number: usize) -> Self {
        let host = server_name(number);
        let mount = format!("{}-{number}", self.mount);
        Self {
            number,
            name: self.name.clone(),
            disk: Disk::mount_copy(&mount, &self.mount),
            clock: Arc::default(),
            dice: Arc::new(Dice::new(self.around.plan.seed, &host)),
            mount,
            around: self.around.clone(),
            claims: Arc::clone(&self.claims),
            armed: Mutex::new(None),
            dead: Mutex::new(false),
        }
    }

    /// Nothing more happens at any point.
    pub fn disarm(&self) {
        *lock(&self.armed) = None;
    }

    /// Forgets the disk.
    pub fn unmount(&self) {
        Disk::unmount(&self.mount);
    }

    /// The process dies when it reaches the point.
    pub fn arm(&self, point: CrashPoint) {
        *lock(&self.armed) = Some(point);
    }

    /// Whether the process has died by itself since this was asked last.
    pub fn take_death(&self) -> bool {
        std::mem::take(&mut *lock(&self.dead))
    }

    /// The power goes: of what was not synced, chance decides.
    pub fn fail_power(&self) {
        self.disk.fail_power(|| match self.dice.below(4) {
            0 => Fate::Lost,
            1 => Fate::Torn(usize::try_from(512 * self.dice.below(8)).unwrap_or(0)),
            _ => Fate::Kept,
        });
    }

    /// The store's file.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(format!("/{}/holm.db", self.mount))
    }

    fn identity(&self) -> Identity {
        let key = |label: &str| key_of(self.name.as_str(), label);
        let keys = Keyring::first(key("root"), key("request key"), key("room key"));
        Identity::new(self.name.clone(), format!("https://{}", self.name), keys)
    }

    fn drive(&self) -> Drive {
        let dice = Arc::clone(&self.dice);
        Drive::InPlace {
            latency: Arc::new(move || dice.millis(0, 3)),
        }
    }

    /// A process of this machine, until it is crashed or its store fails.
    pub async fn run(self: Arc<Self>) -> turmoil::Result {
        self.note("boots");
        let now = elapsed();
        self.around.board.lock().booted.insert(self.number, now);
        let served = serve(&self).await;
        self.note(&format!("ends: {served:?}"));
        *lock(&self.dead) = true;
        // Whoever ends here would say goodbye on all its connections, in an order that no seed
        // decides: the world cuts them first.
        std::future::pending().await
    }

    fn note(&self, what: &str) {
        self.around.journal.note(&server_name(self.number), what);
    }

    /// Tells the board every second how far each log is.
    async fn report(&self, store: &Sqlite) {
        let mut crossings = Crossings::default();
        loop {
            let slower = u32::try_from(self.around.plan.tick_ms / 10).unwrap_or(1);
            tokio::time::sleep(REPORTED * slower.max(1)).await;
            let rooms: Vec<_> = self.around.board.lock().made.values().cloned().collect();
            for room in rooms {
                if self.around.plan.fork.is_some()
                    && let Ok(Some(seq)) = crossings.look(store, &room).await
                {
                    self.note(&format!("has a head of the other side in {seq}"));
                    let mut board = self.around.board.lock();
                    board.crossed.insert(self.number, (seq, elapsed()));
                }
                if let Ok(Some(head)) = store.head(&room).await {
                    let mut board = self.around.board.lock();
                    board.heads.insert((self.number, room), head.position.seq);
                }
            }
        }
    }
}

/// A key of a server; its name alone decides it.
pub(crate) fn key_of(server: &str, label: &str) -> PrivateKey {
    let dice = Dice::new(0, &format!("{label} of {server}"));
    let mut seed = [0; 32];
    holm_core::ports::Rng::fill(&dice, &mut seed);
    PrivateKey::from_seed(&seed)
}

/// Tells the board of proofs as they are found, and of those that were kept over a restart.
async fn tell_forks(machine: Arc<Machine>, homeserver: Homeserver) {
    loop {
        if let Ok(forks) = homeserver.forks().await {
            if !forks.is_empty() {
                machine.note("has a proof of two histories");
            }
            let mut board = machine.around.board.lock();
            board.forks.insert(machine.number, forks);
        }
        homeserver.fork_found().await;
    }
}

async fn serve(machine: &Arc<Machine>) -> Result<(), String> {
    let opened = Sqlite::open_vfs(VFS, &machine.file(), machine.drive()).await;
    let (store, writer) = opened.map_err(|e| e.to_string())?;
    let crash_points: Arc<dyn CrashPoints> = Arc::new(Dying(Arc::clone(machine)));
    let writer = writer.with_crash_points(Arc::clone(&crash_points));
    tokio::spawn(writer.run());
    let identity = machine.identity();
    let transport = Arc::new(Transport::new(TransportParts {
        identity: Arc::new(identity.clone()),
        clock: machine.clock.clone(),
        rng: machine.dice.clone(),
        peer_store: Arc::new(store.clone()),
        exchange: Arc::new(SimExchange::new(
            &machine.around.plan,
            &machine.dice,
            Way {
                from: server_name(machine.number),
                sides: Arc::clone(&machine.around.sides),
            },
        )),
        resolver: machine.around.dns.clone(),
        settings: TransportSettings {
            guard: AddressGuard {
                allow_private: true,
            },
        },
    }));
    let shared = Arc::new(store.clone());
    let ports = Ports {
        clock: machine.clock.clone(),
        rng: machine.dice.clone(),
        tasks: Arc::new(HostTasks),
        log: shared.clone(),
        accounts: shared.clone(),
        key_packages: Arc::new(Watched {
            store: store.clone(),
            claims: Arc::clone(&machine.claims),
            history: machine.around.history.clone(),
        }),
        rooms: shared.clone(),
        held: shared,
        peers: transport.clone(),
        crash_points,
    };
    let settings = Settings {
        registration: Registration::Open,
    };
    let homeserver = Homeserver::new(ports, identity, settings);
    homeserver.start().await.map_err(|e| e.to_string())?;
    if !machine.around.plan.fork.as_ref().is_some_and(|f| f.unheard) {
        tokio::spawn(tell_forks(Arc::clone(machine), homeserver.clone()));
    }
    let router = holm_client_api::router(homeserver.clone(), Sockets::new())
        .merge(holm_federation::router(homeserver, transport));
    let door = TcpListener::bind(("0.0.0.0", PORT)).await;
    let door = Door(door.map_err(|e| e.to_string())?).tap_io(|_stream| ());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(door, service) => served.map_err(|e| e.to_string()),
        why = store.failed() => Err(why),
        () = machine.report(&store) => Ok(()),
    }
}

/// Tasks on the host's runtime; heavy work runs in place.
struct HostTasks;

impl Tasks for HostTasks {
    fn spawn(&self, _name: &'static str, work: Future<'static, ()>) {
        tokio::spawn(work);
    }

    fn compute<'a>(&'a self, work: Box<dyn FnOnce() + Send + 'static>) -> Future<'a, ()> {
        work();
        Box::pin(std::future::ready(()))
    }
}

/// Lets the process die where it was told to: from there on its disk takes nothing.
struct Dying(Arc<Machine>);

impl CrashPoints for Dying {
    fn reached(&self, point: CrashPoint) {
        let machine = &self.0;
        if *lock(&machine.armed) == Some(point) {
            *lock(&machine.armed) = None;
            machine.note(point.name());
            machine.disk.kill_process();
            *lock(&machine.dead) = true;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
