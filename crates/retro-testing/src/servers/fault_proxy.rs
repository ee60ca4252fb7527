//! A proxy that breaks things on purpose.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// What a request is, as far as a decision about it needs to know.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, such as `PUT`.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The operation that a header names, such as `DynamoDB_20120810.UpdateItem`; else empty.
    pub target: String,
    /// Its length in bytes.
    pub length: usize,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is passed on, and the answer comes back.
    None,
    /// It is not passed on; this is the answer: status, content type, body.
    Answer(u16, String, String),
    /// It is not passed on; the connection ends.
    DropBefore,
    /// It is passed on and has its effect; the connection ends without an answer.
    DropAfter,
    /// As [`Fault::DropAfter`], with half of the answer.
    CutAnswer,
}

impl Fault {
    /// DynamoDB's way to say: slower.
    pub fn dynamodb_throttled() -> Self {
        Self::Answer(
            400,
            "application/x-amz-json-1.0".to_owned(),
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#
                .to_owned(),
        )
    }

    /// S3's way to say: slower.
    pub fn s3_slow_down() -> Self {
        Self::Answer(
            503,
            "application/xml".to_owned(),
            "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
                .to_owned(),
        )
    }

    /// An error of the service itself.
    pub fn internal() -> Self {
        Self::Answer(500, "text/plain".to_owned(), String::new())
    }
}

type Decide = dyn Fn(&Request) -> Fault + Send + Sync;

/// A proxy for HTTP/1.1 on 127.0.0.1 in front of one server, which decides about each request. It
/// ends when it is dropped.
pub struct FaultProxy {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl FaultProxy {
    /// A proxy in front of the server at `upstream` (`HOST:PORT`). Panics when no port is free.
    pub fn start(
        upstream: &str,
        decide: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let ends = Arc::new(AtomicBool::new(false));
        let (upstream, ending) = (upstream.to_owned(), Arc::clone(&ends));
        let decide: Arc<Decide> = Arc::new(decide);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (upstream, decide) = (upstream.clone(), Arc::clone(&decide));
                // A broken connection is what this is for.
                std::thread::spawn(move || drop(serve(&stream, &upstream, &*decide)));
            }
        });
        Self {
            address,
            ends,
            accepting: Some(accepting),
        }
    }

    /// The address as an endpoint, such as `http://127.0.0.1:4567`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// A message: its first line, its other header lines, its body as it came.
struct Message {
    first: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Message {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.first).into_bytes();
        for line in &self.headers {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// One connection: request after request.
fn serve(client: &TcpStream, upstream: &str, decide: &Decide) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let mut writer = client;
    while let Some(mut request) = read_message(&mut reader, Some(client), false)? {
        let mut words = request.first.split_whitespace();
        let seen = Request {
            method: words.next().unwrap_or_default().to_owned(),
            path: words.next().unwrap_or_default().to_owned(),
            target: request
                .header("x-amz-target")
                .unwrap_or_default()
                .to_owned(),
            length: request.body.len(),
        };
        let fault = decide(&seen);
        match &fault {
            Fault::DropBefore => return Ok(()),
            Fault::Answer(status, kind, body) => {
                write!(
                    writer,
                    "HTTP/1.1 {status} Fault\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )?;
                continue;
            }
            Fault::None | Fault::DropAfter | Fault::CutAnswer => {}
        }
        let is_connection = |line: &String| {
            let name = line.split(':').next().unwrap_or_default();
            ["connection", "expect"]
                .iter()
                .any(|it| name.eq_ignore_ascii_case(it))
        };
        request.headers.retain(|line| !is_connection(line));
        request.headers.push("Connection: close".to_owned());
        let mut server = TcpStream::connect(upstream)?;
        server.write_all(&request.bytes())?;
        let headless = seen.method == "HEAD";
        let answer = read_message(&mut BufReader::new(&server), None, headless)?;
        let mut answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        if fault == Fault::DropAfter {
            return Ok(());
        }
        let closes = answer.header("content-length").is_none()
            && answer.header("transfer-encoding").is_none();
        if !closes {
            answer.headers.retain(|line| !is_connection(line));
        }
        let bytes = answer.bytes();
        if fault == Fault::CutAnswer {
            return writer.write_all(&bytes[..bytes.len() - answer.body.len() / 2 - 1]);
        }
        writer.write_all(&bytes)?;
        if closes {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads one message. `asker` is told to go on when it waits for that before it sends a body.
fn read_message(
    reader: &mut BufReader<&TcpStream>,
    asker: Option<&TcpStream>,
    headless: bool,
) -> io::Result<Option<Message>> {
    let mut first = String::new();
    loop {
        if reader.read_line(&mut first)? == 0 {
            return Ok(None);
        }
        if !first.starts_with("HTTP/1.1 100") {
            break;
        }
        // An interim answer: its empty line, then the real one.
        while reader.read_line(&mut first)? > 2 {}
        first.clear();
    }
    let mut message = Message {
        first: first.trim_end().to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            header => message.headers.push(header.to_owned()),
        }
    }
    if let (Some(mut asker), Some(_)) = (asker, message.header("expect")) {
        asker.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let chunked = message.header("transfer-encoding").is_some();
    let length = message.header("content-length").map(str::to_owned);
    match length.and_then(|length| length.parse::<u64>().ok()) {
        _ if headless => {}
        Some(length) if !chunked => {
            reader.take(length).read_to_end(&mut message.body)?;
        }
        _ if chunked => read_chunks(reader, &mut message.body)?,
        // A request without a length has no body; an answer without one lasts until the end.
        _ if asker.is_some() => {}
        _ => {
            reader.read_to_end(&mut message.body)?;
        }
    }
    Ok(Some(message))
}

/// Reads chunks as they are, with their sizes, to the end of the last.
fn read_chunks(reader: &mut BufReader<&TcpStream>, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        body.extend_from_slice(size.as_bytes());
        let digits = size.trim_end().split(';').next().unwrap_or_default();
        let length = u64::from_str_radix(digits, 16)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if length > 0 {
            reader.take(length + 2).read_to_end(body)?;
            continue;
        }
        // Trailers, and an empty line.
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            body.extend_from_slice(line.as_bytes());
            if line.trim_end().is_empty() {
                return Ok(());
            }
        }
    }
}
