//! The adapters against servers that speak the protocols of AWS on loopback. `.ci/servers`
//! installs them.

mod support;

mod artifacts;
mod batches;
mod contract;
mod faults;
mod folder_sync;
mod refusals;
mod services;
