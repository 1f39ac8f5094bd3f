//! A throwaway certificate authority: real certificates that only the lab trusts.

use std::fs::{OpenOptions, create_dir_all};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use super::LabError;

/// The authority; its key exists in memory alone and ends with the lab.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    root_file: PathBuf,
}

/// Files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, PEM.
    pub cert: PathBuf,
    /// The private key, PEM, for its owner alone.
    pub key: PathBuf,
}

impl Authority {
    /// A new authority whose certificate is `folder/ca.pem`.
    pub fn create(folder: &Path) -> Result<Self, LabError> {
        let issuer = CertifiedIssuer::self_signed(root_params()?, KeyPair::generate()?)?;
        create_dir_all(folder)?;
        let root_file = folder.join("ca.pem");
        std::fs::write(&root_file, issuer.pem())?;
        Ok(Self { issuer, root_file })
    }

    /// The authority of `folder`, its key in `ca-key.pem`, made where there is none: for servers
    /// that have to be told of it before whoever uses it runs.
    pub fn kept(folder: &Path) -> Result<Self, LabError> {
        create_dir_all(folder)?;
        let (root_file, key_file) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
        let known = key_file.is_file();
        if !known {
            write_secret(&key_file, &KeyPair::generate()?.serialize_pem())?;
        }
        let key = KeyPair::from_pem(&std::fs::read_to_string(&key_file)?)?;
        let issuer = CertifiedIssuer::self_signed(root_params()?, key)?;
        if !known {
            std::fs::write(&root_file, issuer.pem())?;
        }
        Ok(Self { issuer, root_file })
    }

    /// The authority's certificate, PEM.
    pub fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    /// The file of the authority's certificate.
    pub fn root_file(&self) -> &Path {
        &self.root_file
    }

    /// A certificate for `names`: chain and private key, PEM.
    pub fn issue_pem(&self, names: &[String]) -> Result<(String, String), LabError> {
        let mut params = CertificateParams::new(names)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        if let Some(name) = names.first() {
            params
                .distinguished_name
                .push(DnType::CommonName, name.as_str());
        }
        self.sign_pem(&params)
    }

    /// A certificate that says what `params` say, for a new key: chain and private key, PEM.
    pub fn sign_pem(&self, params: &CertificateParams) -> Result<(String, String), LabError> {
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuer)?;
        Ok((leaf.pem(), key.serialize_pem()))
    }

    /// A certificate for `names`, as `cert.pem` and `key.pem` in `folder`.
    pub fn issue(&self, names: &[String], folder: &Path) -> Result<CertificateFiles, LabError> {
        let (cert, key) = self.issue_pem(names)?;
        create_dir_all(folder)?;
        let files = CertificateFiles {
            cert: folder.join("cert.pem"),
            key: folder.join("key.pem"),
        };
        std::fs::write(&files.cert, cert)?;
        write_secret(&files.key, &key)?;
        Ok(files)
    }
}

fn root_params() -> Result<CertificateParams, LabError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "Holm lab, trusted by nobody else");
    Ok(params)
}

/// A file that its owner alone reads.
fn write_secret(path: &Path, text: &str) -> Result<(), LabError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    Ok(options.open(path)?.write_all(text.as_bytes())?)
}
