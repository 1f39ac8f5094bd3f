//! The guard's table: both edges of every range (DISC-6).

use std::net::IpAddr;

use super::AddressGuard;

fn allowed(allow_private: bool, text: &str) -> bool {
    let address: IpAddr = text.parse().unwrap();
    AddressGuard { allow_private }.allows(address)
}

#[test]
fn special_ranges_are_refused_from_edge_to_edge() {
    // DISC-6
    for address in [
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "192.175.48.1",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::8.8.8.8",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:808:808::1",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "fec0::1",
    ] {
        assert!(!allowed(false, address), "{address}");
        assert!(allowed(true, address), "{address}");
    }
}

#[test]
fn what_is_no_host_is_refused_even_where_private_ranges_are_allowed() {
    // DISC-6
    for address in [
        "0.0.0.0",
        "0.255.255.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "ff02::1",
    ] {
        assert!(!allowed(false, address), "{address}");
        assert!(!allowed(true, address), "{address}");
    }
}

#[test]
fn neighbours_of_special_ranges_are_hosts() {
    // DISC-6
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:db7::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700::1111",
        "3ffe::1",
    ] {
        assert!(allowed(false, address), "{address}");
    }
}

#[test]
fn ports_of_old_protocols_are_refused() {
    // DISC-5
    let open = AddressGuard {
        allow_private: false,
    };
    assert!(open.allows_port(443) && open.allows_port(1_024) && open.allows_port(8_448));
    assert!(!open.allows_port(0) && !open.allows_port(22) && !open.allows_port(25));
    let closed = AddressGuard {
        allow_private: true,
    };
    assert!(closed.allows_port(444) && !closed.allows_port(0));
}
