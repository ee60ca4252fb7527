//! Running `git http-backend` as a CGI program.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::Connection;
use super::message::{ChunkedBody, ServedRequest};

/// Answers a request with what git says, of its body `limit` bytes at most.
pub(super) fn serve_by_git(
    stream: &mut dyn Connection,
    folder: &Path,
    request: &ServedRequest,
    limit: usize,
) -> io::Result<()> {
    let mut child = command(folder, request)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("stdin was asked for");
    let mut stdout = child.stdout.take().expect("stdout was asked for");
    let sent = std::thread::scope(|scope| {
        scope.spawn(move || drop(stdin.write_all(&request.body)));
        let sent = relay(stream, &mut stdout, limit);
        // Git may still be writing to a client that wants no more.
        drop(stdout);
        sent
    });
    child.wait()?;
    sent
}

fn relay(
    stream: &mut dyn Connection,
    stdout: &mut std::process::ChildStdout,
    limit: usize,
) -> io::Result<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let end = loop {
        if let Some(at) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let count = stdout.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&buffer[..count]);
    };
    let start = head.split_off(end + 4);
    let head = String::from_utf8_lossy(&head[..end]).into_owned();
    let (status, rest): (Vec<&str>, Vec<&str>) =
        head.lines().partition(|line| line.starts_with("Status: "));
    let status = status.first().map_or("200 OK", |line| &line[8..]);
    write!(
        stream,
        "HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n"
    )?;
    for line in rest {
        write!(stream, "{line}\r\n")?;
    }
    stream.write_all(b"Connection: close\r\n\r\n")?;
    let mut body = ChunkedBody {
        stream,
        left: limit,
    };
    if body.send(&start)? && body.copy(stdout)? {
        body.finish()?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server of the tests is the real git"
)]
fn command(folder: &Path, request: &ServedRequest) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_LENGTH", request.body.len().to_string());
    let passed_on = [
        ("CONTENT_TYPE", "content-type"),
        ("HTTP_CONTENT_ENCODING", "content-encoding"),
        ("GIT_PROTOCOL", "git-protocol"),
    ];
    for (variable, header) in passed_on {
        if let Some(value) = request.header(header) {
            command.env(variable, value);
        }
    }
    command
}
