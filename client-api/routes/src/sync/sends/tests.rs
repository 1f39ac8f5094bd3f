//! The order of sends.
