//! What OpenMLS is given to work with: RustCrypto and the staged store.

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;

use crate::store::StagedStore;

/// Cryptography and storage for OpenMLS.
#[derive(Debug, Default)]
pub struct Provider {
    /// Cryptography and its randomness.
    pub crypto: RustCrypto,
    /// Rows in memory, and what an operation changed of them.
    pub store: StagedStore,
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = StagedStore;

    fn storage(&self) -> &Self::StorageProvider {
        &self.store
    }

    fn crypto(&self) -> &Self::CryptoProvider {
        &self.crypto
    }

    fn rand(&self) -> &Self::RandProvider {
        &self.crypto
    }
}
