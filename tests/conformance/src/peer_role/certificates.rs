//! Certificates that a homeserver of the kit shows (DISC-7).

use rcgen::{CertificateParams, DnType, KeyPair, SanType};

use super::finding::greeted;
use super::homeserver::{Certificate, Homeserver, certificate_for};
use super::plan::{Plan, plan};
use crate::client_role::fault::{Check, During, ensure, wrong};
use crate::kit::Kit;

/// Makes a certificate for a peer.
type Make = fn(&Kit, &str) -> Check<Certificate>;

/// Certificates (DISC-7).
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn plans() -> Vec<Plan> {
    let all: [(&str, &str, bool, Make); 16] = [
        (
            "of_the_server",
            "one of the server's name alone",
            true,
            |kit, d| sign(kit, &names(&[d])?),
        ),
        (
            "of_the_target",
            "one of the SRV target below it",
            true,
            |kit, d| sign(kit, &names(&[&format!("hs.{d}")])?),
        ),
        (
            "of_many",
            "one of many names, the right one last",
            true,
            |kit, d| {
                let mut many: Vec<_> = (0..50).map(|n| format!("n{n}.example")).collect();
                many.push(d.to_owned());
                sign(kit, &certificate_for(&many)?)
            },
        ),
        (
            "wildcard_below",
            "a wildcard one level below it",
            true,
            |kit, d| sign(kit, &names(&[&format!("*.{d}")])?),
        ),
        ("other_name", "one of another name", false, |kit, _| {
            sign(kit, &names(&["other.example"])?)
        }),
        (
            "name_below",
            "one of another name below it",
            false,
            |kit, d| sign(kit, &names(&[&format!("www.{d}")])?),
        ),
        (
            "name_above",
            "one of the domain above it",
            false,
            |kit, d| {
                let above = d.split_once('.').map_or(d, |(_, above)| above);
                sign(kit, &names(&[above])?)
            },
        ),
        (
            "name_beginning",
            "one of a name that begins like it",
            false,
            |kit, d| sign(kit, &names(&[&format!("{d}.example")])?),
        ),
        (
            "common_name",
            "one with its name as common name alone",
            false,
            |kit, d| {
                let mut params = certificate_for(&[])?;
                params.distinguished_name.push(DnType::CommonName, d);
                sign(kit, &params)
            },
        ),
        ("address", "one of its address", false, |kit, _| {
            let mut params = certificate_for(&[])?;
            params.subject_alt_names = vec![SanType::IpAddress(kit.address.into())];
            sign(kit, &params)
        }),
        ("expired", "one that has expired", false, |kit, d| {
            let mut params = names(&[d])?;
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
            sign(kit, &params)
        }),
        (
            "not_yet_valid",
            "one that is not valid yet",
            false,
            |kit, d| {
                let mut params = names(&[d])?;
                params.not_before = rcgen::date_time_ymd(2090, 1, 1);
                params.not_after = rcgen::date_time_ymd(2091, 1, 1);
                sign(kit, &params)
            },
        ),
        ("self_signed", "one signed by itself", false, |_, d| {
            let key = KeyPair::generate().during("a key")?;
            let made = names(&[d])?.self_signed(&key).during("a certificate")?;
            Ok((made.pem(), key.serialize_pem()))
        }),
        (
            "other_authority",
            "one of an authority that nobody trusts",
            false,
            |_, d| {
                let folder = tempfile::tempdir().during("a folder")?;
                let other = holm::lab::Authority::create(folder.path()).during("an authority")?;
                other.sign_pem(&names(&[d])?).during("a certificate")
            },
        ),
        ("for_clients", "one for clients alone", false, |kit, d| {
            let mut params = names(&[d])?;
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
            sign(kit, &params)
        }),
        (
            "wildcard_above",
            "a wildcard two levels above the target",
            false,
            |kit, d| {
                sign(
                    kit,
                    &names(&[&format!("*.*.{}", d.split_once('.').map_or(d, |(_, t)| t))])?,
                )
            },
        ),
    ];
    let plan_of = |(name, what, taken, make): (&'static str, &'static str, bool, Make)| {
        let title = format!("a certificate: {what}, taken {taken}");
        plan(
            format!("certificate.{name}"),
            title,
            "DISC-7 D10 F46",
            move |stage| async move {
                let made = Homeserver::unpublished(&stage.target, &stage.site.door, |kit, name| {
                    make(kit, name.as_str())
                });
                let peer = made.await?;
                peer.publish().await?;
                greeted(&peer, taken).await?;
                let asked = peer.door.asked("/").is_empty();
                ensure(taken || asked, || {
                    "something was asked over a connection not trusted".to_owned()
                })
            },
        )
    };
    all.into_iter().map(plan_of).collect()
}

fn names(names: &[&str]) -> Check<CertificateParams> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    certificate_for(&names)
}

fn sign(kit: &Kit, params: &CertificateParams) -> Check<Certificate> {
    kit.authority()
        .sign_pem(params)
        .map_err(|e| wrong(e.to_string()))
}
