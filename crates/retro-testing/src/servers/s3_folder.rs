//! A server for S3 that keeps objects in a folder and checks what it is sent.

use std::net::SocketAddr;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// s3s with the objects in a temporary folder, within this process: it ends when this is dropped.
/// It checks checksums and parts, which moto does not.
pub struct S3Folder {
    address: SocketAddr,
    folder: TempDir,
    _runtime: Runtime,
}

impl S3Folder {
    /// A server without any bucket. Panics when it cannot be started.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let service =
            S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("a folder for objects"))
                .build();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            address,
            folder,
            _runtime: runtime,
        }
    }

    /// The address as an endpoint, such as `http://127.0.0.1:4567`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder: a folder in it is a bucket.
    pub fn make_bucket(&self, name: &str) {
        std::fs::create_dir(self.folder.path().join(name)).expect("a folder can be made");
    }
}
