//! A server for S3 that keeps objects in a folder and checks what it is sent.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

/// The only access key that [`S3Folder`] knows.
pub const ACCESS_KEY: &str = "AKIDTEST";
/// Its secret.
pub const SECRET_KEY: &str = "secret";

/// s3s with the objects in a temporary folder, within this process: it ends when this is dropped.
/// It checks signatures and checksums, which moto does not.
pub struct S3Folder {
    address: SocketAddr,
    folder: TempDir,
    runtime: Option<Runtime>,
}

impl S3Folder {
    /// A server without any bucket. Panics when it cannot be started.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let files = FileSystem::new(folder.path()).expect("a folder for objects");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
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
            // s3s looks for an object some time before it writes one: conditional writes go one by
            // one, so that of several at once exactly one is the first, as on S3.
            let one_by_one = Arc::new(Mutex::new(()));
            while let Ok((stream, _)) = listener.accept().await {
                let (service, one_by_one) = (service.clone(), Arc::clone(&one_by_one));
                let answer = service_fn(move |request: hyper::Request<Incoming>| {
                    let (service, one_by_one) = (service.clone(), Arc::clone(&one_by_one));
                    async move {
                        let conditional = ["if-match", "if-none-match"];
                        let headers = request.headers();
                        let fenced = conditional.iter().any(|name| headers.contains_key(*name));
                        let guard = if fenced {
                            Some(one_by_one.lock().await)
                        } else {
                            None
                        };
                        let answer = hyper::service::Service::call(&service, request).await;
                        drop(guard);
                        answer
                    }
                });
                tokio::spawn(async move {
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
        });
        Self {
            address,
            folder,
            runtime: Some(runtime),
        }
    }

    /// The address as an endpoint, such as `http://127.0.0.1:4567`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a bucket: a folder.
    pub fn make_bucket(&self, name: &str) {
        std::fs::create_dir(self.folder.path().join(name)).expect("a folder can be made");
    }

    /// Removes a bucket with everything in it. The server must have nothing to do with it.
    pub fn remove_bucket(&self, name: &str) {
        std::fs::remove_dir_all(self.folder.path().join(name)).expect("a folder can be removed");
    }
}

impl Drop for S3Folder {
    fn drop(&mut self) {
        // A test may drop this within a runtime of its own, where nothing may block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
