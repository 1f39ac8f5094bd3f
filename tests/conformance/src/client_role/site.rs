//! The server under test as the client role sees it: where it is, and accounts made for the cases.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName as TlsName;
use serde_json::{Value, json};
use tokio::sync::{OnceCell, Semaphore};

use super::device::Device;
use super::fault::{Check, During, Fault, ensure};
use super::wire::{Connection, Request, Response};
use crate::chance::letters;
use crate::target::Target;

/// Where a server's client API is.
#[derive(Clone)]
pub(crate) struct Door {
    /// The address to connect to.
    pub(crate) address: SocketAddr,
    /// Host and port, as they stand in the base URL.
    pub(crate) host: String,
    /// The name that the certificate has to be for.
    pub(crate) host_name: TlsName<'static>,
    /// What certificates are checked against.
    pub(crate) tls: Arc<rustls::ClientConfig>,
}

/// The server under test, and what the cases share of it.
pub(crate) struct Site {
    /// Where its client API is.
    pub(crate) door: Door,
    /// Its name.
    pub(crate) domain: String,
    /// Another server of the same federation, where there is one.
    other: Option<Arc<Site>>,
    shared: OnceCell<Session>,
    registering: Semaphore,
}

/// A session as it was answered (ACC-2).
#[derive(Clone)]
pub(crate) struct Session {
    /// The local name.
    pub(crate) name: String,
    /// The password.
    pub(crate) password: String,
    /// The user's URI.
    pub(crate) user: String,
    /// The device's URI.
    pub(crate) device: String,
    /// The token.
    pub(crate) token: String,
}

/// Registrations at once: each costs the server a password hash.
const REGISTRATIONS: usize = 2;

impl Site {
    /// The server under test.
    pub(crate) fn of(target: &Target) -> Check<Self> {
        let port = target.address.port();
        let tls = target.tls().during("the certificates of the target")?;
        let door = Door {
            address: target.address,
            host: format!("{}:{port}", target.host),
            host_name: TlsName::try_from(target.host.clone()).during("the target's host")?,
            tls,
        };
        let other = target.other.as_deref().map(Self::of).transpose()?;
        Ok(Self {
            door,
            domain: target.domain.clone(),
            other: other.map(Arc::new),
            shared: OnceCell::new(),
            registering: Semaphore::new(REGISTRATIONS),
        })
    }

    /// The other server of the federation; cases that need one are skipped without.
    pub(crate) fn other(&self) -> Check<&Self> {
        self.other.as_deref().ok_or(Fault::NeedsAnother)
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn send(&self, request: &Request) -> Check<Response> {
        exchange(&self.door, request).await
    }

    /// Registers a user; the session of its device, which is not enrolled.
    pub(crate) async fn register(&self) -> Check<Session> {
        let (name, password) = (letters(16), letters(24));
        let answer = self.register_as(&name, &password).await?;
        let answer = answer.good().during("registering")?;
        Session::read(&answer, &name, &password)
    }

    /// Asks for an account; few at a time, for each costs the server a password hash.
    pub(crate) async fn register_as(&self, name: &str, password: &str) -> Check<Response> {
        let _one_of_few = self.registering.acquire().await.during("registering")?;
        let body = json!({ "name": name, "password": password });
        self.send(&Request::post("/client/v1/register", &body))
            .await
    }

    /// A user with an enrolled device and no KeyPackages.
    pub(crate) async fn device(&self) -> Check<Device> {
        let device = Device::new(self.door.clone(), self.register().await?)?;
        device.enroll().await?;
        Ok(device)
    }

    /// A user with an enrolled device and a few KeyPackages.
    pub(crate) async fn member(&self) -> Check<Device> {
        let device = self.device().await?;
        device.upload(3).await?;
        Ok(device)
    }

    /// A device of nobody's, for requests that change nothing: all such cases share it.
    pub(crate) async fn shared(&self) -> Check<&Session> {
        let make = || async { self.device().await.map(|device| device.session) };
        self.shared.get_or_try_init(make).await
    }

    /// The server answers an ordinary request: what came before did it no harm.
    pub(crate) async fn is_well(&self) -> Check {
        let token = &self.shared().await?.token;
        let request = Request::get("/client/v1/keyPackages").bearer(token);
        let answer = self.send(&request).await.during("the server afterwards")?;
        answer.expect_good().during("the server afterwards")
    }
}

impl Session {
    /// Reads an answer to a registration or a log-in.
    pub(crate) fn read(answer: &Value, name: &str, password: &str) -> Check<Self> {
        let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
        let session = Self {
            name: name.to_owned(),
            password: password.to_owned(),
            user: text("user"),
            device: text("device"),
            token: text("token"),
        };
        let whole = [&session.user, &session.device, &session.token];
        ensure(whole.iter().all(|text| !text.is_empty()), || {
            format!("no session (ACC-2): {answer}")
        })?;
        Ok(session)
    }
}

/// Sends a request over a connection of its own.
pub(crate) async fn exchange(door: &Door, request: &Request) -> Check<Response> {
    let mut connection = Connection::open(door).await?;
    let mut bytes = request.head(&door.host);
    bytes.extend_from_slice(request.body.as_deref().unwrap_or_default());
    connection.offer(&bytes).await;
    connection.response(&request.method).await
}
