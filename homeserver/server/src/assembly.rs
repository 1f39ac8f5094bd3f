//! The composition root: every port gets its production form here and nowhere else.
//!
//! Clock, randomness, tasks, store, DNS and the way to other servers are made and handed to the
//! homeserver, its two APIs are merged into one router, and all of it is stopped in order: first
//! the listener and the WebSockets, then background work, last the store's writer.

mod health;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use holm_client_api::Sockets;
use holm_core::ports::{Clock, CrashPoints, Rng, Tasks as _};
use holm_core::{Homeserver, Identity, Keyring, Ports, Registration, Settings};
use holm_federation::{
    AddressGuard, HickoryResolver, HttpExchange, ResolverError, Transport, TransportParts,
    TransportSettings,
};
use holm_storage::{Drive, Sqlite, Writer};
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config};
use crate::failure::{Failure, Outcome};
use crate::keys::{DataFolder, Rotation};
use crate::listener::Listener;
use crate::operator::{self, Operator};
use crate::runtime::{OsRng, SystemClock, TokioTasks};

/// A homeserver with everything it is given, started.
pub struct Assembly {
    homeserver: Homeserver,
    transport: Arc<Transport>,
    store: Sqlite,
    writer: tokio::task::JoinHandle<()>,
    tasks: TokioTasks,
    /// Ends background work; cancelled after the listener has stopped.
    work: CancellationToken,
    /// Asks the server to stop.
    stop: CancellationToken,
}

/// Wait before a replaced server is settled again after a failure.
const SETTLE_AGAIN: Duration = Duration::from_secs(30);
/// How long background work may take to end.
const FINISH: Duration = Duration::from_secs(2);

impl Assembly {
    /// Makes all parts and starts background work; the listener comes with [`Assembly::serve`].
    pub async fn start(
        config: &Config,
        data: &DataFolder,
        keys: Keyring,
        base_url: &str,
        stop: CancellationToken,
    ) -> Result<Self, Failure> {
        let (store, writer) = open_store(data).await?;
        let crash_points = crate::crash::of_server()?;
        let writer = writer.with_crash_points(Arc::clone(&crash_points));
        let writer = tokio::spawn(writer.run());
        let identity = identity(config, keys, base_url)?;
        let transport = Transport::new(transport_parts(config, &identity, &store)?);
        let transport = transport.with_quotas(config.quotas.limits());
        let transport = Arc::new(transport.with_lists(config.federation.lists()?));
        transport.load_blocked().await.map_err(Failure::failed)?;
        let work = CancellationToken::new();
        let tasks = TokioTasks::new(work.clone());
        let ports = ports(&store, &transport, &tasks, crash_points);
        let settings = Settings {
            registration: match config.registration {
                config::Registration::Open => Registration::Open,
                config::Registration::Closed => Registration::Closed,
            },
        };
        let homeserver = Homeserver::new(ports, identity, settings)
            .with_rooms_per_hub(config.quotas.rooms_per_hub)
            .with_stored_bytes(config.quotas.stored_bytes);
        homeserver.start().await.map_err(Failure::failed)?;
        let operator = Operator {
            homeserver: homeserver.clone(),
            transport: Arc::clone(&transport),
            config: Arc::new(config.clone()),
            rotation: rotation(data, homeserver.identity()),
        };
        operator::open(data.path(), operator, &tasks);
        let settle = settle_replaced(homeserver.clone(), Arc::clone(&transport));
        tasks.spawn("replaced servers", Box::pin(settle));
        crate::forks::keep(data.path(), homeserver.clone(), &tasks);
        Ok(Self {
            homeserver,
            transport,
            store,
            writer,
            tasks,
            work,
            stop,
        })
    }

    /// Serves until asked to stop, or until the store fails for good.
    pub async fn serve(self, listener: Listener) -> Result<Outcome, Failure> {
        let sockets = Sockets::new();
        let router = self.router(sockets.clone());
        let serving = listener.serve(router, self.stop.clone());
        let closing = async {
            self.stop.cancelled().await;
            sockets.stop().await;
        };
        let outcome = tokio::select! {
            _ = async { tokio::join!(serving, closing) } => Ok(Outcome::Fine),
            why = self.store.failed() => Err(store_failed(&why)),
        };
        self.work.cancel();
        self.tasks.finish(FINISH).await;
        self.writer.abort();
        outcome
    }

    /// `/client`, `/federation`, `/.well-known` and `/health` on one listener.
    fn router(&self, sockets: Sockets) -> Router {
        let client = holm_client_api::router(self.homeserver.clone(), sockets);
        let federation =
            holm_federation::router(self.homeserver.clone(), Arc::clone(&self.transport));
        Router::new()
            .merge(client)
            .merge(federation)
            .merge(health::router())
    }
}

async fn open_store(data: &DataFolder) -> Result<(Sqlite, Writer), Failure> {
    Sqlite::open(data.path(), Drive::Await).await.map_err(|e| {
        Failure::failed(format!(
            "{}: {e}\n  fix: see whether the disk is full or damaged, and whether another server \
             uses the folder",
            data.path().display()
        ))
    })
}

fn store_failed(why: &str) -> Failure {
    Failure::failed(format!(
        "the store failed, so the server stops rather than lose a message: {why}\n  fix: check \
         the disk and its free space, then start again; what was acknowledged is kept"
    ))
}

fn identity(config: &Config, keys: Keyring, base_url: &str) -> Result<Identity, Failure> {
    Ok(Identity::new(config.domain()?.clone(), base_url, keys))
}

fn rotation(data: &DataFolder, identity: &Identity) -> Rotation {
    Rotation::new(data, identity, Arc::new(SystemClock), Arc::new(OsRng))
}

/// Drops what was owed to servers in whose place others have come (DOC-9).
async fn settle_replaced(homeserver: Homeserver, transport: Arc<Transport>) {
    loop {
        let server = transport.next_replaced().await;
        let severed = homeserver.peer_replaced(&server).await;
        let done = match severed {
            Ok(_done) => transport.replaced_is_done(&server).await.is_ok(),
            Err(problem) => {
                tracing::error!(%server, %problem, "what was owed to a replaced server stays");
                false
            }
        };
        if !done {
            tokio::time::sleep(SETTLE_AGAIN).await;
        }
    }
}

fn transport_parts(
    config: &Config,
    identity: &Identity,
    store: &Sqlite,
) -> Result<TransportParts, Failure> {
    let roots = extra_roots(config)?;
    Ok(TransportParts {
        identity: Arc::new(identity.clone()),
        clock: Arc::new(SystemClock),
        rng: Arc::new(OsRng),
        peer_store: Arc::new(store.clone()),
        exchange: Arc::new(HttpExchange::new(&roots).map_err(Failure::failed)?),
        resolver: Arc::new(resolver(config).map_err(Failure::failed)?),
        settings: TransportSettings {
            guard: AddressGuard {
                allow_private: config.federation.allow_private,
            },
        },
    })
}

pub(crate) fn resolver(config: &Config) -> Result<HickoryResolver, ResolverError> {
    match config.dns.dnssec {
        true => HickoryResolver::validating(&config.dns.servers),
        false => HickoryResolver::new(&config.dns.servers),
    }
}

/// The files of `tls.extra_roots`, one after the other.
pub(crate) fn extra_roots(config: &Config) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    for file in &config.tls.extra_roots {
        let pem = std::fs::read(file).map_err(|e| {
            let fix = "fix: correct tls.extra_roots, or make the file readable for this user";
            Failure::failed(format!("{}: {e}\n  {fix}", file.display()))
        })?;
        all.extend_from_slice(&pem);
        all.push(b'\n');
    }
    Ok(all)
}

fn ports(
    store: &Sqlite,
    transport: &Arc<Transport>,
    tasks: &TokioTasks,
    crash_points: Arc<dyn CrashPoints>,
) -> Ports {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rng: Arc<dyn Rng> = Arc::new(OsRng);
    let store = Arc::new(store.clone());
    Ports {
        clock,
        rng,
        tasks: Arc::new(tasks.clone()),
        log: store.clone(),
        accounts: store.clone(),
        key_packages: store.clone(),
        rooms: store.clone(),
        held: store,
        peers: transport.clone(),
        crash_points,
    }
}
