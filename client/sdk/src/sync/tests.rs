//! Devices with real groups around a hub that checks nothing: what they take, refuse and keep.

mod hub;
mod line;
mod log;
mod world;

mod changing;
mod connected;
mod content;
mod held;
mod lying;
mod messaging;
mod racing;
mod refusing;
mod stopping;
