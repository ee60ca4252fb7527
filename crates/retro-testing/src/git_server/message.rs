//! As much of HTTP/1.1 as git's clients need.

use std::io::{self, Read};

use super::Connection;

/// Heads and bodies of requests are refused above this.
const MAX_REQUEST: usize = 64 * 1024 * 1024;

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedRequest {
    /// Its place among the requests of the server, from 0.
    pub number: usize,
    /// `GET` or `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// What follows the `?`.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl ServedRequest {
    /// The value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether this is the first request of a fetch, which asks for the references.
    pub fn is_first(&self) -> bool {
        self.method == "GET"
    }
}

/// The next request; `None` when the client closed the connection or sent something else.
pub(crate) fn read_request(stream: &mut dyn Connection) -> io::Result<Option<ServedRequest>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if !read_more(stream, &mut bytes)? {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end + 4);
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = ServedRequest {
        number: 0,
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length");
    let length = length.and_then(|text| text.parse().ok()).unwrap_or(0);
    while body.len() < length {
        if !read_more(stream, &mut body)? {
            return Ok(None);
        }
    }
    request.body = body;
    Ok(Some(request))
}

fn read_more(stream: &mut dyn Connection, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 16 * 1024];
    let count = stream.read(&mut buffer)?;
    bytes.extend_from_slice(&buffer[..count]);
    Ok(count > 0 && bytes.len() <= MAX_REQUEST)
}

/// An answer without a body.
pub(super) fn write_answer(
    stream: &mut dyn Connection,
    status: u16,
    headers: &[(String, String)],
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.flush()
}

/// A body of unknown length, in chunks.
pub(super) struct ChunkedBody<'a> {
    pub(super) stream: &'a mut dyn Connection,
    /// How many bytes may still be sent.
    pub(super) left: usize,
}

impl ChunkedBody<'_> {
    /// Copies everything from `source`, or as much as may be sent; whether that was everything.
    pub(super) fn copy(&mut self, source: &mut dyn Read) -> io::Result<bool> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = source.read(&mut buffer)?;
            if count == 0 {
                return Ok(true);
            }
            if !self.send(&buffer[..count])? {
                return Ok(false);
            }
        }
    }

    /// Sends these bytes, or as many as may be sent; whether that was all.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let now = bytes.len().min(self.left);
        if now > 0 {
            // In one piece, as each write is a packet.
            let mut chunk = format!("{now:x}\r\n").into_bytes();
            chunk.extend_from_slice(&bytes[..now]);
            chunk.extend_from_slice(b"\r\n");
            self.stream.write_all(&chunk)?;
            self.left -= now;
        }
        Ok(now == bytes.len())
    }

    /// Says that this was all.
    pub(super) fn finish(self) -> io::Result<()> {
        self.stream.write_all(b"0\r\n\r\n")?;
        self.stream.flush()
    }
}
