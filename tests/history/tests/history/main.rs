//! The judge judged: histories as Holm must make them are sound, and each planted anomaly is found
//! and named, and nothing else.

mod model;
mod scene;

mod doctored_copies;
mod doctored_messages;
mod sound;
