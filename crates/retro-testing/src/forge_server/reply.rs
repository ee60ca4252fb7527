//! What is answered.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use crate::{Connection, ServedRequest};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeReply {
    /// Its status.
    pub status: u16,
    /// Headers besides those of the connection.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl ForgeReply {
    /// An answer with a `message`, as forges give with errors.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    /// An answer with this JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn write(&self, stream: &mut dyn Connection) -> io::Result<()> {
        let mut head = format!(
            "HTTP/1.1 {} Said\r\nContent-Length: {}\r\nConnection: close\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(&self.body)?;
        stream.flush()
    }
}

/// What follows the `?`, decoded; `None` when it cannot be.
pub(super) fn query(request: &ServedRequest) -> Option<BTreeMap<String, String>> {
    let pairs = request.query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

/// Percent signs and two digits are bytes.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// One page of a list.
pub(super) struct Page<'a> {
    pub(super) asked_size: &'a str,
    pub(super) size: usize,
    pub(super) number: usize,
    /// The address of the list, with what else was asked of it.
    pub(super) address: String,
}

impl Page<'_> {
    /// The entries of this page, with a `Link` to the next one.
    pub(super) fn linked(&self, entries: &[Value]) -> ForgeReply {
        let reply = self.counted(entries);
        let link = |number: usize, rel: &str| {
            let (address, asked, size) = (&self.address, self.asked_size, self.size);
            format!("<{address}&{asked}={size}&page={number}>; rel=\"{rel}\"")
        };
        let mut links = Vec::new();
        if self.number > 1 {
            links.push(link(self.number - 1, "prev"));
        }
        if self.number * self.size < entries.len() {
            links.push(link(self.number + 1, "next"));
        }
        if links.is_empty() {
            return reply;
        }
        reply.with("Link", &links.join(", "))
    }

    /// The entries of this page, with how many there are on all of them.
    pub(super) fn counted(&self, entries: &[Value]) -> ForgeReply {
        let start = (self.number - 1).saturating_mul(self.size);
        let shown: Vec<&Value> = entries.iter().skip(start).take(self.size).collect();
        ForgeReply::json(200, &json!(shown)).with("X-Total-Count", &entries.len().to_string())
    }
}
