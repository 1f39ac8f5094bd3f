//! Devices with real groups around a hub that checks nothing: what they take, refuse and keep.

mod hub;
mod world;

mod changing;
mod messaging;
mod refusing;
mod stopping;
