//! Temporal's Core behind a C header made for any host language.
//!
//! Every export is described in the header that is generated from this crate; the modules say how it works.

// What a pointer must be, the header says for each function in prose; a heading of Rust's would be odd in C.
#![allow(clippy::missing_safety_doc)]

pub mod abi;
mod bell;
pub mod bytes;
pub mod cancellation;
pub mod client;
pub mod error;
pub mod event;
pub mod guard;
pub mod handle;
mod inline;
pub mod input;
mod intake;
pub mod metric;
mod metric_buffer;
pub mod options;
mod printable;
pub mod queue;
pub mod replay;
pub mod resource_controller;
pub mod rpc;
pub mod runtime;
pub mod status;
mod sync;
mod telemetry;
pub mod worker;
