//! Servers that speak the protocols of AWS, on loopback.

mod fault_proxy;
mod s3_folder;
mod shared_server;

pub use fault_proxy::{Fault, FaultProxy, Request};
pub use s3_folder::{ACCESS_KEY, S3Folder, SECRET_KEY};
pub use shared_server::SharedServer;
