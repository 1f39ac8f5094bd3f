//! What goes over the wire, byte by byte: HTTP/1.1 and WebSocket written and read here and not by
//! a library, since a library writes nothing malformed and forgives what it reads.

pub(crate) mod connection;
pub(crate) mod frame;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod socket;

pub(crate) use connection::{Connection, PATIENCE};
pub(crate) use frame::{Frame, Opcode};
pub(crate) use request::{Request, chunked, segment};
pub(crate) use response::Response;
pub(crate) use socket::{Incoming, Socket, handshake};
