//! The Lambda service, as far as a function sees it: events to fetch, and places for the answers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A function that runs; it ends with this value.
pub(crate) struct Function {
    listener: TcpListener,
    process: Child,
}

/// What came of an event.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answer(Value),
    Error(Value),
}

/// One request of the function.
struct Request {
    stream: TcpStream,
    path: String,
    body: Vec<u8>,
}

impl Function {
    /// Starts a program as a function.
    pub(crate) fn start(mut program: Command) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        program
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "initiator")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let process = program.spawn().unwrap();
        Self { listener, process }
    }

    /// Hands it one event, and waits for what comes of it.
    pub(crate) fn invoke(&self, id: &str, event: &Value) -> Outcome {
        let mut next = self.request();
        assert!(next.path.ends_with("/invocation/next"), "{}", next.path);
        let headers = format!(
            "Lambda-Runtime-Aws-Request-Id: {id}\r\n\
             Lambda-Runtime-Deadline-Ms: 99999999999999\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:1:function:f\r\n"
        );
        next.answer("200 OK", &headers, event.to_string().as_bytes());
        let mut told = self.request();
        let body = serde_json::from_slice(&told.body).unwrap();
        told.answer("202 Accepted", "", b"{}");
        match told.path.rsplit('/').next() {
            Some("response") => Outcome::Answer(body),
            _ => Outcome::Error(body),
        }
    }

    fn request(&self) -> Request {
        let (stream, _) = self.listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let path = line.split(' ').nth(1).unwrap().to_owned();
        let mut length = 0;
        let mut is_chunked = false;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            match header.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse().unwrap(),
                Some(("transfer-encoding", value)) => is_chunked = value.contains("chunked"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        while is_chunked {
            let mut size = String::new();
            reader.read_line(&mut size).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).unwrap();
            body.extend_from_slice(&chunk[..size]);
            is_chunked = size > 0;
        }
        Request {
            stream: reader.into_inner(),
            path,
            body,
        }
    }
}

impl Request {
    fn answer(&mut self, status: &str, headers: &str, body: &[u8]) {
        let head = format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        self.stream.write_all(head.as_bytes()).unwrap();
        self.stream.write_all(body).unwrap();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
