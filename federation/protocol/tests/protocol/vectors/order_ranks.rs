//! `order_ranks.json`.

use holm_protocol::DeviceUri;
use holm_protocol::order::{rank_hash, rank_wait_ms};
use serde_json::{Value, json};

use super::File;
use super::case::hex;
use crate::fixtures::device;

fn rank_case(name: &str, epoch: u64, devices: &[&str]) -> Value {
    let hashed = |d: &&str| (rank_hash(&device(d), epoch), device(d));
    let mut ranked: Vec<_> = devices.iter().map(hashed).collect();
    ranked.sort();
    let ranked: Vec<_> = ranked
        .iter()
        .map(|(hash, device)| json!([device, hex(hash.0)]))
        .collect();
    json!({ "name": name, "requirements": ["ORD-8"], "epoch": epoch, "ranked": ranked, "waits": [] })
}

fn wait_case(name: &str, waits: &[(usize, u64)]) -> Value {
    json!({ "name": name, "requirements": ["ORD-8"], "epoch": 0, "ranked": [], "waits": waits })
}

fn file() -> File {
    let devices = [
        "alice@islet.example/phone",
        "bob@skerry.example/phone",
        "carol@skerry.example/tablet",
    ];
    File {
        name: "order_ranks",
        description: "Who carries an order out first: devices by the hash of URI and epoch.",
        format: &[
            "epoch: the MLS epoch in which the order is open",
            "ranked: devices, the first one first, each with SHA-256(device URI, then uint64 epoch) (bytes)",
            "waits: pairs of how many devices stand before, and milliseconds to wait",
        ],
        shared: Value::Null,
        cases: vec![
            rank_case("three devices", 7, &devices),
            rank_case("the same devices in the next epoch", 8, &devices),
            wait_case(
                "two hundred milliseconds a rank, at most a minute",
                &[
                    (0, 0),
                    (1, 200),
                    (299, 59_800),
                    (300, 60_000),
                    (301, 60_000),
                    (2_047, 60_000),
                ],
            ),
        ],
    }
}

/// ORD-8
#[test]
fn every_case_of_order_ranks_holds() {
    file().run(|case, _| {
        let mut last = None;
        for pair in case.list("ranked") {
            let device = DeviceUri::parse(pair[0].as_str().unwrap()).unwrap();
            let hash = rank_hash(&device, case.number("epoch"));
            assert_eq!(json!(hex(hash.0)), pair[1], "{}", case.name());
            assert!(last < Some(hash), "{}", case.name());
            last = Some(hash);
        }
        for pair in case.list("waits") {
            let before = usize::try_from(pair[0].as_u64().unwrap()).unwrap();
            assert_eq!(json!(rank_wait_ms(before)), pair[1], "{}", case.name());
        }
    });
}
