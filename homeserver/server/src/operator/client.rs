//! The operator's side of the socket.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use holm_protocol::{Problem, json};
use http::Request;
use http::header::{CONTENT_TYPE, HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::net::UnixStream;

use super::endpoint::Endpoint;
use super::socket::ShortFolder;
use super::{SOCKET_FILE, Whose};
use crate::failure::Failure;

/// The way to the server that runs with a data folder.
#[derive(Clone, Debug)]
pub struct Client {
    data: PathBuf,
}

/// Why a running server gave no answer; each says what to do.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no server runs with the data folder {}\n  fix: start it (holm serve --config FILE), or name the folder of the one that runs: --data DIR", .0.display())]
    NotRunning(PathBuf),
    /// The socket or its folder belongs to somebody else.
    #[error("{}: this user may not speak to the server\n  fix: run the command as the user that the server runs as, as in: sudo -u holm holm …", .0.display())]
    NotAllowed(PathBuf),
    /// The connection failed.
    #[error("{}: {cause}\n  fix: see in the server's log whether it still works", socket.display())]
    Broken {
        /// The socket.
        socket: PathBuf,
        /// What failed.
        cause: String,
    },
    /// The server refused.
    #[error("the server refuses: {}", .0.detail)]
    Refused(Box<Problem>),
}

/// Bytes of an answer.
const ANSWER_LEN_MAX: usize = 64 * 1024 * 1024;

impl Client {
    /// The server that runs with the data folder `data`; nothing is opened yet.
    pub fn of_folder(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
        }
    }

    /// The server that the command line names.
    pub fn of(whose: &Whose) -> Result<Self, Failure> {
        Ok(Self {
            data: whose.data_folder()?,
        })
    }

    /// Asks one question.
    pub async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        endpoint: &Endpoint<Q, A>,
        question: &Q,
    ) -> Result<A, ClientError> {
        let body = match endpoint.method() {
            "GET" => Bytes::new(),
            _ => serde_json::to_vec(question)
                .map_err(|e| self.broken(&e))?
                .into(),
        };
        let request = Request::builder()
            .method(endpoint.method())
            .uri(endpoint.path())
            .header(HOST, "operator")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|e| self.broken(&e))?;
        let (good, body) = self.exchange(request).await?;
        if good {
            return json::from_slice(&body).map_err(|e| self.broken(&e));
        }
        let problem = json::from_slice::<Problem>(&body).map_err(|e| self.broken(&e))?;
        Err(ClientError::Refused(Box::new(problem)))
    }

    /// Whether the answer is a good one, and its body.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(bool, Bytes), ClientError> {
        let stream = self.connect().await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|e| self.broken(&e))?;
        // It takes the sender along, whose end ends the connection.
        let answer = async move {
            let response = sender.send_request(request).await;
            let response = response.map_err(|e| self.broken(&e))?;
            let good = response.status().is_success();
            let body = Limited::new(response.into_body(), ANSWER_LEN_MAX);
            let body = body.collect().await.map_err(|e| self.broken(&*e))?;
            Ok((good, body.to_bytes()))
        };
        let (answer, _ended) = tokio::join!(answer, connection);
        answer
    }

    async fn connect(&self) -> Result<UnixStream, ClientError> {
        let connect = async {
            let short = ShortFolder::of(&self.data)?;
            UnixStream::connect(short.join(SOCKET_FILE)).await
        };
        connect.await.map_err(|e| match e.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory => {
                ClientError::NotRunning(self.data.clone())
            }
            ErrorKind::PermissionDenied => ClientError::NotAllowed(self.socket()),
            _ => self.broken(&e),
        })
    }

    fn socket(&self) -> PathBuf {
        self.data.join(SOCKET_FILE)
    }

    fn broken(&self, cause: &dyn std::error::Error) -> ClientError {
        ClientError::Broken {
            socket: self.socket(),
            cause: cause.to_string(),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::failed(error)
    }
}
