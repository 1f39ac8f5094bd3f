//! The TXT record that pins a server's root key: `v=holm1; root=<base64url>` (DISC-9).
//!
//! At `_holm.<domain>`. Records of other purposes may stand beside it and are passed over; one
//! that says `v=holm1` has to be readable, and all of them have to name the same root. A record
//! that is malformed is an error and never "no pin": a slip of the operator would else silently
//! drop the protection the operator asked for.

use holm_protocol::{Base64Url, PublicKey};
use thiserror::Error;

/// Why the pin records can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum PinError {
    /// A `v=holm1` record without a root key.
    #[error("a TXT record says v=holm1 but carries no readable root key")]
    Malformed,
    /// Two records name two roots.
    #[error("TXT records pin two different root keys")]
    Several,
}

/// The root key that the TXT records pin, if any does (DISC-9).
pub(super) fn read(records: &[String]) -> Result<Option<PublicKey>, PinError> {
    let mut pin = None;
    for record in records.iter().filter(|record| is_pin(record)) {
        let root = root(record).ok_or(PinError::Malformed)?;
        match pin {
            Some(other) if other != root => return Err(PinError::Several),
            _ => pin = Some(root),
        }
    }
    Ok(pin)
}

fn is_pin(record: &str) -> bool {
    record
        .split(';')
        .next()
        .is_some_and(|tag| tag.trim() == "v=holm1")
}

/// The one `root=` tag; other tags are for later versions.
fn root(record: &str) -> Option<PublicKey> {
    let mut roots = record
        .split(';')
        .filter_map(|tag| tag.trim().strip_prefix("root="));
    let root = Base64Url::parse(roots.next()?).ok()?;
    match roots.next() {
        Some(_) => None,
        None => root.to_array().map(PublicKey),
    }
}

#[cfg(test)]
mod tests {
    use holm_protocol::{Base64Url, PublicKey};

    use super::{PinError, read};

    fn record(byte: u8) -> String {
        format!("v=holm1; root={}", Base64Url::to_text(&[byte; 32]))
    }

    fn read_all(records: &[&str]) -> Result<Option<PublicKey>, PinError> {
        let records: Vec<String> = records.iter().map(|&r| r.to_owned()).collect();
        read(&records)
    }

    #[test]
    fn a_pin_is_read_beside_records_of_other_purposes() {
        // DISC-9
        let pin = read_all(&["v=spf1 -all", &record(7), &record(7), "v=holm12; root=x"]);
        assert_eq!(pin, Ok(Some(PublicKey([7; 32]))));
        let later = format!("{}; note=from a later version", record(7));
        assert_eq!(read_all(&[&later]), Ok(Some(PublicKey([7; 32]))));
        assert_eq!(read_all(&["v=spf1 -all"]), Ok(None));
    }

    #[test]
    fn a_malformed_pin_is_an_error_and_not_the_absence_of_one() {
        // DISC-9
        for bad in [
            "v=holm1",
            "v=holm1; root=",
            "v=holm1; root=AAAA",
            "v=holm1; root=!",
        ] {
            assert_eq!(read_all(&[bad]), Err(PinError::Malformed), "{bad}");
        }
        let twice = format!("{}; root=AAAA", record(7));
        assert_eq!(read_all(&[&twice]), Err(PinError::Malformed));
    }

    #[test]
    fn two_different_pins_are_an_error() {
        // DISC-9
        assert_eq!(read_all(&[&record(1), &record(2)]), Err(PinError::Several));
    }
}
