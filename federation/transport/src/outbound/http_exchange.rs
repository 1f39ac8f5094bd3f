//! The production `Exchange`: HTTPS over reqwest, to the addresses that were checked.
//!
//! Each route has a client of its own whose only name resolution is that route's addresses, so
//! nothing can be looked up a second time between check and connection (DISC-6). No redirects, no
//! proxy, no cookies, no decompression; TLS by rustls with the public authorities and those that
//! are configured (DISC-7).

mod clients;
mod tls;

use std::error::Error as StdError;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use holm_core::ports::{Exchange, ExchangeError, Future};
use holm_protocol::limits::FEDERATION_BODY_LEN_MAX;
use http::{Request, Response, Uri};
use thiserror::Error;

use self::clients::Clients;
pub(super) use self::tls::root_store;
use super::route::{BodyLenMax, Route};

/// Sends requests that carry a [`Route`] in their extensions; others are refused.
pub struct HttpExchange {
    clients: Clients,
}

/// The TLS configuration can't be used.
#[derive(Debug, Error)]
#[error("TLS for outgoing calls can't be set up: {0}")]
pub struct HttpExchangeError(String);

impl HttpExchange {
    /// Trusts the public authorities and those in `extra_roots_pem` (any number of PEM
    /// certificates, or nothing).
    ///
    /// # Errors
    /// The PEM can't be read, or holds something that is no certificate authority.
    pub fn new(extra_roots_pem: &[u8]) -> Result<Self, HttpExchangeError> {
        Ok(Self {
            clients: Clients::new(tls::config(extra_roots_pem)?),
        })
    }

    /// Tries the names of the route until the certificate is valid for one (DISC-7).
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let extensions = request.extensions();
        let route = extensions.get::<Route>().cloned();
        let route = route.ok_or("the request carries no checked address")?;
        let len_max = extensions
            .get()
            .map_or(FEDERATION_BODY_LEN_MAX, |b: &BodyLenMax| b.0);
        let mut last = String::from("the route has no name");
        for _ in route.names() {
            let (index, client) = self.clients.get(&route)?;
            match once(&client, request.clone(), &route.base(index), len_max).await {
                Err(error) if tls::is_wrong_name(&*error) => {
                    last = chain(&*error);
                    self.clients.next_name(&route, index);
                }
                Err(error) => {
                    if is_timeout(&*error) {
                        self.clients.forget(&route);
                    }
                    return Err(chain(&*error));
                }
                Ok(response) => return Ok(response),
            }
        }
        Err(last)
    }
}

impl Exchange for HttpExchange {
    fn call(&self, request: Request<Bytes>) -> Future<'_, Result<Response<Bytes>, ExchangeError>> {
        Box::pin(async move { self.send(request).await.map_err(ExchangeError) })
    }
}

type AnyError = Box<dyn StdError + Send + Sync>;

/// One request to one name; the body is counted while it is read (LIM-9).
async fn once(
    client: &reqwest::Client,
    mut request: Request<Bytes>,
    base: &str,
    len_max: usize,
) -> Result<Response<Bytes>, AnyError> {
    let rest = request.uri().path_and_query().map_or("/", |p| p.as_str());
    *request.uri_mut() = format!("{base}{rest}").parse::<Uri>()?;
    let request = reqwest::Request::try_from(request)?;
    let mut response = client
        .execute(request)
        .await
        .map_err(reqwest::Error::without_url)?;
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(reqwest::Error::without_url)?
    {
        if body.len() + chunk.len() > len_max {
            return Err(format!("an answer of more than {len_max} bytes").into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = Response::new(body.freeze());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

/// Whether the error is a wait that was too long, here or in a connection.
fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    let request = error.downcast_ref::<reqwest::Error>();
    request.is_some_and(reqwest::Error::is_timeout)
}

/// The error with all that caused it, in one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// Time for one connection, over all addresses of the route.
pub(super) const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// Time for one exchange, body included; shorter than what a try has, so that a connection that
/// does not answer is found and forgotten here.
const EXCHANGE_TIME_MAX: Duration = Duration::from_secs(15);
