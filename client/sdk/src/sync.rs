//! Sync: one WebSocket to the own server; what it brings is verified, taken, acknowledged.
//!
//! `run` connects and comes back; `session` turns between the socket, the outbox and timers;
//! `events`, `welcome` and `orders` take what arrives; `lanes` bring the outbox out; `pull` asks
//! for what a socket did not bring (spec 08).

mod run;

mod lanes;
mod seal;
mod session;
mod socket;
mod work;

mod commit;
mod events;
mod fresh;
mod heads;
mod held;
mod message;
mod orders;
mod pull;
mod welcome;

#[cfg(test)]
mod tests;
