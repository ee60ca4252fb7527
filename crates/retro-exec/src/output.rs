//! The two output streams of a command, from their pipes to their files.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use crate::capture::CaptureFile;
use crate::error::ExecError;
use crate::finished::Captured;
use crate::invocation::Invocation;

/// The most that a pipe can hold by default, and the most that is read at once.
const PIPE_SIZE: usize = 1 << 20;

/// What an ordinary pipe holds. Reading that much at once shows that the writer is faster.
const SMALL_PIPE: usize = 64 << 10;

/// Both streams, or one when they share a file.
#[derive(Debug)]
pub(crate) struct Outputs {
    stdout: Stream,
    stderr: Option<Stream>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Stream {
    pipe: Option<PipeReader>,
    file: CaptureFile,
    enlarged: bool,
}

impl Outputs {
    /// Creates the capture files.
    pub(crate) fn create(run: &Invocation) -> Result<Self, ExecError> {
        let stdout = Stream::new(CaptureFile::create(&run.stdout, &run.redactor)?);
        let stderr = match run.stderr.path == run.stdout.path {
            true => None,
            false => Some(Stream::new(CaptureFile::create(
                &run.stderr,
                &run.redactor,
            )?)),
        };
        Ok(Self {
            stdout,
            stderr,
            buffer: vec![0; SMALL_PIPE],
        })
    }

    /// Opens new pipes and gives the ends that the command writes to.
    pub(crate) fn open_pipes(&mut self) -> io::Result<[OwnedFd; 2]> {
        let out = self.stdout.open()?;
        let err = match &mut self.stderr {
            Some(stderr) => stderr.open()?,
            None => out.try_clone()?,
        };
        Ok([out, err])
    }

    /// What to wait for: the open pipes, -1 for those that have ended.
    pub(crate) fn waited_for(&self) -> [RawFd; 2] {
        [Some(&self.stdout), self.stderr.as_ref()].map(|stream| {
            stream
                .and_then(|stream| stream.pipe.as_ref())
                .map_or(-1, |pipe| pipe.as_fd().as_raw_fd())
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.waited_for() == [-1, -1]
    }

    /// Reads once from a stream that is ready: 0 for standard output, 1 for standard error. False
    /// when what it gave cannot be written.
    pub(crate) fn read(&mut self, index: usize) -> bool {
        let stream = if index == 0 {
            Some(&mut self.stdout)
        } else {
            self.stderr.as_mut()
        };
        stream.is_none_or(|stream| stream.read(&mut self.buffer))
    }

    /// Reads what is in the pipes now and no more, for a pipe that something outside keeps open.
    pub(crate) fn drain(&mut self) -> bool {
        let mut writable = true;
        for index in 0..2 {
            let before = self.taken(index);
            while self.taken(index) - before < PIPE_SIZE as u64 && self.is_ready(index) {
                writable &= self.read(index);
            }
        }
        writable
    }

    /// Writes the ends of the streams to their files.
    pub(crate) fn finish(self) -> Result<(Captured, Captured), ExecError> {
        let stdout = self.stdout.file.finish();
        let stderr = self
            .stderr
            .map_or(Ok(Captured::default()), |stderr| stderr.file.finish());
        Ok((stdout?, stderr?))
    }

    fn taken(&self, index: usize) -> u64 {
        let stream = if index == 0 {
            Some(&self.stdout)
        } else {
            self.stderr.as_ref()
        };
        stream.map_or(0, |stream| stream.file.taken())
    }

    fn is_ready(&self, index: usize) -> bool {
        let fd = self.waited_for().get(index).copied().unwrap_or(-1);
        let mut watched = libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the record is writable. A failure means "not ready".
        fd >= 0 && unsafe { libc::poll(&mut watched, 1, 0) } == 1
    }
}

impl Stream {
    fn new(file: CaptureFile) -> Self {
        Self {
            pipe: None,
            file,
            enlarged: false,
        }
    }

    fn open(&mut self) -> io::Result<OwnedFd> {
        let (reader, writer) = io::pipe()?;
        (self.pipe, self.enlarged) = (Some(reader), false);
        Ok(writer.into())
    }

    fn read(&mut self, buffer: &mut Vec<u8>) -> bool {
        let Some(pipe) = &mut self.pipe else {
            return true;
        };
        match pipe.read(buffer) {
            Ok(0) => {
                self.pipe = None;
                true
            }
            Ok(length) => {
                if length >= SMALL_PIPE && !self.enlarged {
                    self.enlarged = true;
                    enlarge(pipe);
                    buffer.resize(PIPE_SIZE, 0);
                }
                self.file.take(&buffer[..length])
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(_) => {
                self.pipe = None;
                true
            }
        }
    }
}

/// A larger pipe means fewer switches between writer and reader. The system may refuse: it is only
/// slower then.
#[cfg(target_os = "linux")]
fn enlarge(pipe: &PipeReader) {
    // SAFETY: plain system call on an open descriptor.
    unsafe {
        libc::fcntl(
            pipe.as_raw_fd(),
            libc::F_SETPIPE_SZ,
            PIPE_SIZE as libc::c_int,
        )
    };
}

#[cfg(not(target_os = "linux"))]
fn enlarge(_pipe: &PipeReader) {}
