//! The quotas' defaults, in one place; the operator may set others.

/// So many at once, and so many a minute after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// What may come at once.
    pub burst: u64,
    /// What may come in a minute from then on; 0 with a burst of 0 sets no bound.
    pub per_minute: u64,
}

/// What one other server may ask of this one (FED-16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLimits {
    /// Requests from one address (IPv6: one /64) whose sender is not proven.
    pub unproven: Rate,
    /// Requests of one peer.
    pub requests: Rate,
    /// Bytes of their bodies.
    pub bytes: Rate,
    /// KeyPackage claims of one peer.
    pub claims: Rate,
    /// KeyPackage claims for one user of a peer: enough to add a full commit's users at once.
    pub claims_by_user: Rate,
    /// KeyPackage claims of one peer for one user here, so that it does not drain them.
    pub claims_of_user: Rate,
    /// Pulls of events or of a group that one peer may have under way.
    pub catch_ups: u32,
}

impl QuotaLimits {
    /// What holds where the operator says nothing.
    pub const DEFAULT: Self = Self {
        unproven: Rate {
            burst: 1_000,
            per_minute: 3_000,
        },
        requests: Rate {
            burst: 20_000,
            per_minute: 120_000,
        },
        bytes: Rate {
            burst: 512 * MIB,
            per_minute: 3_072 * MIB,
        },
        claims: Rate {
            burst: 4_096,
            per_minute: 600,
        },
        claims_by_user: Rate {
            burst: 1_024,
            per_minute: 60,
        },
        claims_of_user: Rate {
            burst: 50,
            per_minute: 6,
        },
        catch_ups: 16,
    };
}

impl Default for QuotaLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const MIB: u64 = 1_024 * 1_024;
