//! The crate from outside: rooms of devices with a server beside them, as spec 05 has it.
//!
//! Each module is `cfg(test)`, which tells clippy that its helpers may unwrap.

#[cfg(test)]
mod commits;
#[cfg(test)]
mod creation;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod entering;
#[cfg(test)]
mod hostile_bytes;
#[cfg(test)]
mod key_packages;
#[cfg(test)]
mod proposals;
#[cfg(test)]
mod removing;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod staging;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod world;
