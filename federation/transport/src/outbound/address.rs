//! Which addresses a server may be reached at (DISC-6).
//!
//! A name under somebody else's control must not lead into our own network. Everything that the
//! IANA special-purpose registries set aside is refused, and with it every form that carries an
//! IPv4 address inside an IPv6 one; private ranges can be configured for tests and closed
//! networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Decides over an address before anything is sent to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressGuard {
    /// Whether special ranges are allowed; what can't be a host stays refused.
    pub allow_private: bool,
}

/// Whether an address may be connected to, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It lies in a private or special range, which configuration would allow.
    Private,
    /// No single host has it.
    NoHost,
}

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// A host on the internet.
    Global,
    /// Private, loopback, documentation, translation and the like.
    Special,
    /// No single host: unspecified, multicast, broadcast, reserved.
    NoHost,
}

impl AddressGuard {
    /// Whether `address` may be connected to.
    pub fn allows(self, address: IpAddr) -> bool {
        self.judge(address) == Verdict::Allowed
    }

    /// Whether `address` may be connected to, and why not.
    pub fn judge(self, address: IpAddr) -> Verdict {
        match reach(address) {
            Reach::Global => Verdict::Allowed,
            Reach::Special if self.allow_private => Verdict::Allowed,
            Reach::Special => Verdict::Private,
            Reach::NoHost => Verdict::NoHost,
        }
    }

    /// Whether `port` may be connected to: 443, or one that no old protocol listens on (DISC-5).
    pub fn allows_port(self, port: u16) -> bool {
        port == 443 || port >= 1_024 || (self.allow_private && port > 0)
    }
}

fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let bits = u32::from(address);
    let within = |(network, len): &(Ipv4Addr, u32)| {
        (bits ^ u32::from(*network)).checked_shr(32 - len) == Some(0)
    };
    if V4_NO_HOST.iter().any(within) {
        Reach::NoHost
    } else if V4_SPECIAL.iter().any(within) {
        Reach::Special
    } else {
        Reach::Global
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let bits = u128::from(address);
    let within = |(network, len): &(Ipv6Addr, u32)| {
        (bits ^ u128::from(*network)).checked_shr(128 - len) == Some(0)
    };
    if address.is_unspecified() || within(&V6_MULTICAST) {
        Reach::NoHost
    } else if !within(&V6_GLOBAL) || V6_SPECIAL.iter().any(within) {
        Reach::Special
    } else {
        Reach::Global
    }
}

const fn v4(a: u8, b: u8, c: u8, len: u32) -> (Ipv4Addr, u32) {
    (Ipv4Addr::new(a, b, c, 0), len)
}

const fn v6(a: u16, b: u16, c: u16, len: u32) -> (Ipv6Addr, u32) {
    (Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), len)
}

/// "This network", multicast, reserved with the broadcast address.
const V4_NO_HOST: [(Ipv4Addr, u32); 3] = [v4(0, 0, 0, 8), v4(224, 0, 0, 4), v4(240, 0, 0, 4)];

/// The IANA IPv4 special-purpose registry, but for what is no host.
const V4_SPECIAL: [(Ipv4Addr, u32); 15] = [
    v4(10, 0, 0, 8),      // private
    v4(100, 64, 0, 10),   // shared by carriers
    v4(127, 0, 0, 8),     // loopback
    v4(169, 254, 0, 16),  // link local, with the clouds' metadata services
    v4(172, 16, 0, 12),   // private
    v4(192, 0, 0, 24),    // protocol assignments
    v4(192, 0, 2, 24),    // documentation
    v4(192, 31, 196, 24), // AS112
    v4(192, 52, 193, 24), // multicast tunnels
    v4(192, 88, 99, 24),  // 6to4 relays
    v4(192, 168, 0, 16),  // private
    v4(192, 175, 48, 24), // AS112
    v4(198, 18, 0, 15),   // benchmarks
    v4(198, 51, 100, 24), // documentation
    v4(203, 0, 113, 24),  // documentation
];

/// The only range from which global unicast addresses are given; so `::1`, `::ffff:0:0/96`,
/// `64:ff9b::/96`, `100::/64`, `5f00::/16`, `fc00::/7` and `fe80::/10` lie outside.
const V6_GLOBAL: (Ipv6Addr, u32) = v6(0x2000, 0, 0, 3);

const V6_MULTICAST: (Ipv6Addr, u32) = v6(0xff00, 0, 0, 8);

/// The IANA IPv6 special-purpose registry within the global range.
const V6_SPECIAL: [(Ipv6Addr, u32); 5] = [
    v6(0x2001, 0, 0, 23),         // protocol assignments, Teredo among them
    v6(0x2001, 0xdb8, 0, 32),     // documentation
    v6(0x2002, 0, 0, 16),         // 6to4
    v6(0x2620, 0x4f, 0x8000, 48), // AS112
    v6(0x3fff, 0, 0, 20),         // documentation
];

#[cfg(test)]
mod tests;
