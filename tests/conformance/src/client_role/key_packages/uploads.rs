//! Uploading KeyPackages: what a server keeps of them (KP-1, KP-2, ROOM-11, M04).

use std::sync::Arc;

use holm_mls::{credential, settings, signer};
use holm_protocol::encoding::encode;
use holm_protocol::room_extension::ROOM_EXTENSION_TYPE;
use holm_protocol::{DeviceUri, UserUri};
use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, CredentialWithKey, Extension, ExtensionType,
    Extensions, KeyPackage, Lifetime, MlsMessageOut, ProtocolVersion, UnknownExtension,
};
use serde_json::json;

use crate::chance::{letters, now_ms};
use crate::client_role::device::{Device, certify, new_key};
use crate::client_role::fault::{Check, During, same, wrong};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("key_package.count", counted),
        named("key_package.again", again),
        named("key_package.hundred", hundred),
        named("key_package.hundred_and_one", hundred_and_one),
        named("key_package.all_or_none", all_or_none),
        named("key_package.noise", |s| refused(s, |_| Ok(vec![0xa5; 300]))),
        named("key_package.empty", |s| refused(s, |_| Ok(Vec::new()))),
        named("key_package.trailing", |s| {
            refused(s, |d| Ok([d.key_package()?, vec![0]].concat()))
        }),
        named("key_package.version", |s| {
            refused(s, |d| d.key_package().map(|p| [&[0, 2], &p[2..]].concat()))
        }),
        named("key_package.wire_format", |s| {
            refused(s, |d| {
                d.key_package().map(|p| [&p[..3], &[2], &p[4..]].concat())
            })
        }),
        named("key_package.truncated", truncated),
        named("key_package.flipped", flipped),
        named("key_package.claimed_length", |s| {
            refused(s, |d| {
                d.key_package()
                    .map(|p| [&p[..8], &[0xbf, 0xff, 0xff, 0xff], &p[9..]].concat())
            })
        }),
        named("key_package.suite", |s| refused(s, other_suite)),
        named("key_package.of_another", |s| refused(s, of_another)),
        named("key_package.other_identity", |s| refused(s, other_identity)),
        named("key_package.other_key", |s| refused(s, other_key)),
        named("key_package.signed_by_another", |s| {
            refused(s, signed_by_another)
        }),
        named("key_package.expired", |s| {
            refused(s, |d| lasting(d, -10, -1))
        }),
        named("key_package.too_early", |s| {
            refused(s, |d| lasting(d, 1, 20))
        }),
        named("key_package.ten_years", |s| {
            refused(s, |d| lasting(d, 0, 3_650))
        }),
        named("key_package.capability", |s| {
            refused(s, without_room_extension)
        }),
        named("key_package.more_capabilities", more_capabilities),
        named("key_package.at_limit", lengths),
        named("key_package.last_resort", last_resort),
    ]
}

/// Bytes of a KeyPackage (LIM-12).
const KEY_PACKAGE_LEN_MAX: usize = 4_096;

const DAY: u64 = 24 * 3_600;

async fn counted(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    same("at first", &count(&device).await?, &0)?;
    same("the answer", &device.upload(3).await?["count"], &json!(3))?;
    same("afterwards", &count(&device).await?, &3)
}

pub(super) async fn count(device: &Device) -> Check<u64> {
    let answer = device.get("/client/v1/keyPackages").await?.good()?;
    answer["count"]
        .as_u64()
        .ok_or_else(|| wrong(format!("no count: {answer}")))
}

async fn again(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let package = device.key_package()?;
    for _ in 0..2 {
        let answer = device
            .upload_these(std::slice::from_ref(&package))
            .await?
            .good()?;
        same("count", &answer["count"], &json!(1))?;
    }
    let twice = device
        .upload_these(&[package.clone(), package])
        .await?
        .good()?;
    same("count", &twice["count"], &json!(1))
}

async fn hundred(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    same("count", &device.upload(100).await?["count"], &json!(100))?;
    let one = device.upload_these(&[device.key_package()?]).await?;
    one.refused(422, "limit")?;
    same("afterwards", &count(&device).await?, &100)
}

async fn hundred_and_one(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let packages = (0..101)
        .map(|_| device.key_package())
        .collect::<Check<Vec<_>>>()?;
    device
        .upload_these(&packages)
        .await?
        .refused(422, "limit")?;
    same("afterwards", &count(&device).await?, &0)
}

async fn all_or_none(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let packages = [device.key_package()?, vec![1, 2, 3], device.key_package()?];
    device
        .upload_these(&packages)
        .await?
        .refused(422, "invalid_key_package")?;
    same("afterwards", &count(&device).await?, &0)
}

type Make = fn(&Device) -> Check<Vec<u8>>;

/// A package that is refused, and counted as nothing.
async fn refused(site: Arc<Site>, make: Make) -> Check {
    let device = site.device().await?;
    let answer = device.upload_these(&[make(&device)?]).await?;
    answer.refused(422, "invalid_key_package")?;
    same("count", &count(&device).await?, &0)
}

async fn truncated(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let package = device.key_package()?;
    for len in (0..package.len()).step_by(9) {
        let answer = device.upload_these(&[package[..len].to_vec()]).await?;
        answer
            .refused(422, "invalid_key_package")
            .during(&format!("{len} bytes"))?;
    }
    same("count", &count(&device).await?, &0)
}

async fn flipped(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let package = device.key_package()?;
    for at in (0..package.len()).step_by(9) {
        let mut bytes = package.clone();
        bytes[at] ^= 0x10;
        let answer = device.upload_these(&[bytes]).await?;
        answer
            .refused(422, "invalid_key_package")
            .during(&format!("byte {at}"))?;
    }
    same("count", &count(&device).await?, &0)
}

/// How a package differs from a good one.
struct Unusual {
    suite: Ciphersuite,
    capabilities: Capabilities,
    lifetime: Lifetime,
    padding: Option<usize>,
    last_resort: bool,
}

impl Unusual {
    fn new() -> Self {
        let now = now_ms() / 1_000;
        Self {
            suite: settings::CIPHERSUITE,
            capabilities: settings::capabilities(),
            lifetime: Lifetime::init(now - 3_600, now + 30 * DAY),
            padding: None,
            last_resort: false,
        }
    }

    /// Makes it, with a credential and a key to sign by.
    fn make(
        self,
        device: &Device,
        credential: CredentialWithKey,
        key: &holm_protocol::PrivateKey,
    ) -> Check<Vec<u8>> {
        let mut builder = KeyPackage::builder()
            .key_package_lifetime(self.lifetime)
            .leaf_node_capabilities(self.capabilities);
        if let Some(len) = self.padding {
            let later = Extension::Unknown(LATER, UnknownExtension(vec![0; len]));
            let extensions = Extensions::single(later).during("an extension")?;
            builder = builder.key_package_extensions(extensions);
        }
        if self.last_resort {
            builder = builder.mark_as_last_resort();
        }
        let made = builder.build(self.suite, &device.provider, &signer(key), credential);
        let made = made.during("an unusual KeyPackage")?;
        Ok(encode(&MlsMessageOut::from(made.key_package().clone())))
    }

    /// Makes it of the device itself.
    fn own(self, device: &Device) -> Check<Vec<u8>> {
        let credential = credential(&device.identity, &device.mls_key.public());
        self.make(device, credential, &device.mls_key)
    }
}

/// An extension type that later versions may use.
const LATER: u16 = 0xf0b7;

fn capabilities(extensions: &[ExtensionType]) -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[settings::CIPHERSUITE]),
        Some(extensions),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    )
}

fn other_suite(device: &Device) -> Check<Vec<u8>> {
    let suite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
    let capabilities = Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[settings::CIPHERSUITE, suite]),
        Some(&[ExtensionType::Unknown(ROOM_EXTENSION_TYPE)]),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    );
    Unusual {
        suite,
        capabilities,
        ..Unusual::new()
    }
    .own(device)
}

fn of_another(device: &Device) -> Check<Vec<u8>> {
    let user = UserUri::new(&device.server(), &letters(16)).during("a user")?;
    let other = DeviceUri::new(&user, device.identity.device.device_id()).during("a device")?;
    let identity = certify(&other, &device.mls_key.public(), &device.identity_key);
    let credential = credential(&identity, &device.mls_key.public());
    Unusual::new().make(device, credential, &device.mls_key)
}

fn other_identity(device: &Device) -> Check<Vec<u8>> {
    let identity = certify(
        &device.identity.device,
        &device.mls_key.public(),
        &new_key(),
    );
    let credential = credential(&identity, &device.mls_key.public());
    Unusual::new().make(device, credential, &device.mls_key)
}

fn other_key(device: &Device) -> Check<Vec<u8>> {
    let key = new_key();
    let identity = certify(&device.identity.device, &key.public(), &device.identity_key);
    Unusual::new().make(device, credential(&identity, &key.public()), &key)
}

fn signed_by_another(device: &Device) -> Check<Vec<u8>> {
    let credential = credential(&device.identity, &device.mls_key.public());
    Unusual::new().make(device, credential, &new_key())
}

/// A package valid from and until so many days from now.
fn lasting(device: &Device, from: i64, until: i64) -> Check<Vec<u8>> {
    let now = now_ms() / 1_000;
    let day = i64::try_from(DAY).during("a day")?;
    let at = |days: i64| now.saturating_add_signed(days * day);
    let lifetime = Lifetime::init(at(from), at(until));
    Unusual {
        lifetime,
        ..Unusual::new()
    }
    .own(device)
}

fn without_room_extension(device: &Device) -> Check<Vec<u8>> {
    Unusual {
        capabilities: capabilities(&[]),
        ..Unusual::new()
    }
    .own(device)
}

fn able_to_more() -> Capabilities {
    capabilities(&[
        ExtensionType::Unknown(ROOM_EXTENSION_TYPE),
        ExtensionType::Unknown(LATER),
        ExtensionType::LastResort,
    ])
}

async fn more_capabilities(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let package = Unusual {
        capabilities: able_to_more(),
        ..Unusual::new()
    }
    .own(&device)?;
    device.upload_these(&[package]).await?.expect_good()
}

async fn lengths(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let padded = |len: usize| {
        let padding = Some(len);
        Unusual {
            capabilities: able_to_more(),
            padding,
            ..Unusual::new()
        }
        .own(&device)
    };
    let around = padded(3_000)?.len() - 3_000;
    let largest = padded(KEY_PACKAGE_LEN_MAX - around)?;
    same("length", &largest.len(), &KEY_PACKAGE_LEN_MAX)?;
    device.upload_these(&[largest]).await?.expect_good()?;
    let over = padded(KEY_PACKAGE_LEN_MAX + 1 - around)?;
    device
        .upload_these(&[over])
        .await?
        .refused(413, "too_large")
        .map(drop)
}

async fn last_resort(site: Arc<Site>) -> Check {
    let (device, claimer) = (site.device().await?, site.device().await?);
    let capabilities = able_to_more();
    let package = Unusual {
        capabilities,
        last_resort: true,
        ..Unusual::new()
    }
    .own(&device)?;
    device.upload_these(&[package]).await?.expect_good()?;
    let room = claimer.new_room()?;
    claimer.claim(&device.user, &room).await?.expect_good()?;
    let second = claimer.claim(&device.user, &room).await?;
    second.refused(409, "key_packages_exhausted").map(drop)
}
