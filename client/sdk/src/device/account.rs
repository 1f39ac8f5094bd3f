//! Registering and logging in (ACC-1 to ACC-5).
//!
//! The identity key and the MLS key are made here and never leave; the server gets their public
//! halves with the certificate that ties them together.

use std::sync::Arc;

use holm_client_types::account::{
    EnrollRequest, LoginProof, LoginRequest, RegisterRequest, SessionResponse,
};
use holm_protocol::identity::{DeviceIdentity, login_bytes};
use holm_protocol::{Code, PrivateKey, ServerName, UserUri};
use zeroize::Zeroizing;

use super::{Device, Inner, SessionInfo, on_task};
use crate::api::Api;
use crate::content::NAME_LEN_MAX;
use crate::error::SdkError;
use crate::event::HopKind;
use crate::replica::account::Account;

/// How long a certificate is valid, seconds; it is renewed by a commit from inside a group.
const CERTIFICATE_LIFETIME_S: u64 = 400 * 24 * 3_600;

impl Device {
    /// Registers a user with this device as its first, ready to be added to rooms.
    ///
    /// # Errors
    /// A refusal, or the server cannot be reached. Where the account was made and the rest was
    /// not, [`Device::log_in`] goes on from there.
    pub async fn register(
        &self,
        server: &ServerName,
        name: &str,
        password: &str,
    ) -> Result<SessionInfo, SdkError> {
        let request = RegisterRequest {
            name: name.into(),
            password: password.into(),
        };
        let (inner, server) = (Arc::clone(&self.inner), server.clone());
        on_task(&self.inner, async move {
            inner.register(&server, request).await
        })
        .await
    }

    /// Opens a session; with proof by its key where this device is enrolled already.
    ///
    /// # Errors
    /// A refusal, or the server cannot be reached.
    pub async fn log_in(
        &self,
        server: &ServerName,
        name: &str,
        password: &str,
    ) -> Result<SessionInfo, SdkError> {
        let request = LoginRequest {
            name: name.into(),
            password: password.into(),
            proof: None,
        };
        let (inner, server) = (Arc::clone(&self.inner), server.clone());
        on_task(
            &self.inner,
            async move { inner.log_in(&server, request).await },
        )
        .await
    }

    /// Sets what this user is called in messages sent from now on; it travels encrypted.
    pub fn set_display_name(&self, name: &str) {
        let name = name.chars().take(NAME_LEN_MAX / 4).collect();
        self.inner.set_display_name(name);
    }
}

impl Inner {
    async fn register(
        &self,
        server: &ServerName,
        request: RegisterRequest,
    ) -> Result<SessionInfo, SdkError> {
        let user = user(server, &request.name)?;
        if let Some(account) = self.any_account() {
            return Err(SdkError::OtherAccount(account.user.clone()));
        }
        let (session, found) = self.api_of(server).register(&request).await?;
        self.hop(HopKind::ServerFound, || found);
        self.begin(&user, session).await
    }

    async fn log_in(
        &self,
        server: &ServerName,
        mut request: LoginRequest,
    ) -> Result<SessionInfo, SdkError> {
        let user = user(server, &request.name)?;
        let account = self.any_account();
        if let Some(other) = account.as_ref().filter(|a| a.user != user) {
            return Err(SdkError::OtherAccount(other.user.clone()));
        }
        let proof = account.as_ref().map(|a| prove(a, self.now_ms()));
        if account.is_some_and(|a| a.enrolled) {
            request.proof.clone_from(&proof);
        }
        let api = self.api_of(server);
        let (session, found) = match api.log_in(&request).await {
            // The answer to the enrollment was lost: the server has the device all the same.
            Err(SdkError::Refused(p)) if p.code == Code::LinkRequired && proof.is_some() => {
                request.proof = proof;
                api.log_in(&request).await?
            }
            outcome => outcome?,
        };
        self.hop(HopKind::ServerFound, || found);
        self.begin(&user, session).await
    }

    /// Takes a session: keys where there are none, enrollment, KeyPackages.
    async fn begin(
        &self,
        user: &UserUri,
        session: SessionResponse,
    ) -> Result<SessionInfo, SdkError> {
        if session.user != *user || session.device.user() != *user {
            return Err(SdkError::Answer("the session is another user's".into()));
        }
        let mut account = match self.any_account() {
            Some(known) if known.device == session.device => Account::clone(&known),
            _ => self.new_account(&session),
        };
        account.token = Some(Zeroizing::new(session.token));
        let account = self.keep_account(account).await?;
        if !account.enrolled {
            let request = EnrollRequest {
                identity: account.identity.to_bytes().into(),
                mls_key: account.mls_key.public(),
            };
            self.api()?.enroll(&request).await?;
            let mut enrolled = Account::clone(&account);
            enrolled.enrolled = true;
            self.keep_account(enrolled).await?;
        }
        self.replenish_key_packages().await?;
        Ok(SessionInfo {
            user: account.user.clone(),
            device: account.device.clone(),
        })
    }

    /// The session has ended: its token is forgotten, keys and messages stay.
    pub(crate) async fn end_session(&self) -> Result<(), SdkError> {
        match self.any_account() {
            Some(account) => {
                let mut ended = Account::clone(&account);
                ended.token = None;
                self.keep_account(ended).await.map(|_account| ())
            }
            None => Ok(()),
        }
    }

    fn api_of(&self, server: &ServerName) -> Api<'_> {
        Api {
            network: &self.network,
            server: server.clone(),
            token: None,
        }
    }

    fn new_account(&self, session: &SessionResponse) -> Account {
        let identity_key = self.new_key();
        let mls_key = self.new_key();
        let issued = self.now_ms() / 1_000;
        let identity = DeviceIdentity::certify(
            session.device.clone(),
            &mls_key.public(),
            &identity_key,
            0,
            (issued, issued.saturating_add(CERTIFICATE_LIFETIME_S)),
        );
        Account {
            user: session.user.clone(),
            device: session.device.clone(),
            token: None,
            name: self
                .display_name()
                .unwrap_or_else(|| session.user.local_name().into()),
            identity_key,
            mls_key,
            identity,
            enrolled: false,
        }
    }

    fn new_key(&self) -> PrivateKey {
        PrivateKey::from_seed(&Zeroizing::new(self.ports.random::<32>()))
    }
}

fn user(server: &ServerName, name: &str) -> Result<UserUri, SdkError> {
    UserUri::new(server, name).map_err(|e| SdkError::Invalid(format!("the name {name:?}: {e}")))
}

fn prove(account: &Account, now_ms: u64) -> LoginProof {
    let bytes = login_bytes(&account.device, now_ms);
    LoginProof {
        device: account.device.clone(),
        time: now_ms,
        signature: account.mls_key.sign_raw(&bytes),
    }
}
