//! A connection as its device sees it, over a pipe and a scripted homeserver.

mod close;
mod flow;
mod held;
mod script;
mod send;
