//! Memory that a caller shares with its supervisor: the command to start, ready for `execve`.

use std::ffi::c_char;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicU32};

use super::process_limits::Limiting;
use crate::error::ExecError;
use crate::invocation::Invocation;

/// Room for the command. Linux takes at most 6 MiB of arguments and environment; pages that are
/// never written cost nothing.
const ROOM: usize = 8 << 20;

/// Room for the stack of a process between its start and its `execve`.
const STACK: usize = 64 << 10;

/// What stands at the beginning of the shared memory. The pointers point into the same memory,
/// which is mapped at the same address on both sides.
#[repr(C)]
pub(super) struct Request {
    pub(super) program: *const c_char,
    pub(super) cwd: *const c_char,
    pub(super) argv: *const *const c_char,
    pub(super) envp: *const *const c_char,
    pub(super) limiting: Limiting,
    /// The process of the running command, 0 before there is one.
    pub(super) command: AtomicI32,
    /// The step of starting that failed (see `StartStep`), 0 for none, and why.
    pub(super) failed_step: AtomicU32,
    pub(super) failed_errno: AtomicI32,
}

/// The shared memory. Dropping it unmaps it on this side only.
#[derive(Debug)]
pub(super) struct Shared {
    base: NonNull<u8>,
}

// SAFETY: the mapping belongs to this value alone; it moves between threads as a whole and is used
// through `&mut self` or through atomics.
unsafe impl Send for Shared {}

impl Shared {
    pub(super) fn map() -> io::Result<Self> {
        // SAFETY: a new anonymous mapping at an address of the kernel's choice touches nothing else.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                ROOM + STACK,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(base.cast())
            .map(|base| Self { base })
            .ok_or(io::ErrorKind::OutOfMemory.into())
    }

    pub(super) fn request(&self) -> &Request {
        // SAFETY: the mapping is page-aligned, zeroed at first, large enough for a `Request` and
        // lives as long as `self`; all bit patterns are valid; the other side writes the atomics
        // only, while this side writes the pointers through `&mut self`.
        unsafe { self.base.cast().as_ref() }
    }

    /// The highest address of the stack for starting a command.
    pub(super) fn stack_top(&self) -> *mut u8 {
        // SAFETY: one past the end of the mapping.
        unsafe { self.base.as_ptr().add(ROOM + STACK) }
    }

    /// Puts a command in, and the file through which it joins a cgroup if there is one.
    ///
    /// A zero byte inside a text would only end it early; it has been refused before.
    ///
    /// # Errors
    /// When it is longer than the system takes.
    pub(super) fn put(
        &mut self,
        program: &Path,
        run: &Invocation,
        cgroup: Option<&Path>,
    ) -> Result<(), ExecError> {
        let pointers = run.argv.len() + run.env.len() + 2;
        let texts = [program.as_os_str(), run.cwd.as_os_str()];
        let cgroup_length = cgroup.map_or(0, |path| path.as_os_str().len() + 1);
        let bytes = cgroup_length
            + texts.iter().map(|text| text.len() + 1).sum::<usize>()
            + run.argv.iter().map(|text| text.len() + 1).sum::<usize>()
            + run
                .env
                .iter()
                .map(|(name, value)| name.len() + value.len() + 2)
                .sum::<usize>()
            + pointers * size_of::<*const c_char>();
        let first = size_of::<Request>();
        if first + bytes > ROOM {
            return Err(ExecError::TooLong { bytes });
        }
        let mut writer = Writer {
            shared: self,
            pointer: first,
            text: first + pointers * size_of::<*const c_char>(),
        };
        let argv = writer.position();
        for argument in &run.argv {
            writer.list(&[argument.as_bytes()]);
        }
        writer.end_list();
        let envp = writer.position();
        for (name, value) in &run.env {
            writer.list(&[name.as_bytes(), b"=", value.as_bytes()]);
        }
        writer.end_list();
        let program = writer.text(&[texts[0].as_bytes()]);
        let cwd = writer.text(&[texts[1].as_bytes()]);
        let members = match cgroup {
            Some(path) => writer.text(&[path.as_os_str().as_bytes()]),
            None => std::ptr::null(),
        };
        let limiting = Limiting::new(&run.limits.resources, members);
        let request = Request {
            program,
            cwd,
            argv,
            envp,
            limiting,
            command: AtomicI32::new(0),
            failed_step: AtomicU32::new(0),
            failed_errno: AtomicI32::new(0),
        };
        // SAFETY: the mapping is aligned and large enough; no reference into it exists, since `self`
        // is borrowed mutably, and the supervisor looks at it only when it is told to run it.
        unsafe { self.base.cast().write(request) };
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `map` made, and no pointer into it outlives `self`.
        unsafe { libc::munmap(self.base.as_ptr().cast(), ROOM + STACK) };
    }
}

/// Lays out lists of pointers and, behind them, the texts they point to. The caller has made sure
/// that everything fits.
struct Writer<'a> {
    shared: &'a mut Shared,
    pointer: usize,
    text: usize,
}

impl Writer<'_> {
    fn position(&self) -> *const *const c_char {
        // SAFETY: inside the mapping, and aligned because `Request` is and pointers follow it.
        unsafe { self.shared.base.as_ptr().add(self.pointer).cast() }
    }

    fn list(&mut self, parts: &[&[u8]]) {
        let text = self.text(parts);
        self.push(text);
    }

    fn end_list(&mut self) {
        self.push(std::ptr::null());
    }

    fn push(&mut self, pointer: *const c_char) {
        assert!(
            self.pointer + size_of_val(&pointer) <= ROOM,
            "the lists were measured first"
        );
        // SAFETY: inside the mapping, as just checked, and aligned.
        unsafe { self.position().cast_mut().write(pointer) };
        self.pointer += size_of_val(&pointer);
    }

    /// Writes a text that ends with a zero byte.
    fn text(&mut self, parts: &[&[u8]]) -> *const c_char {
        let start = self.text;
        for part in parts.iter().chain(&[&[0][..]]) {
            assert!(
                self.text + part.len() <= ROOM,
                "the texts were measured first"
            );
            // SAFETY: inside the mapping, as just checked, and `part` is memory of the caller's.
            unsafe {
                let to = self.shared.base.as_ptr().add(self.text);
                to.copy_from_nonoverlapping(part.as_ptr(), part.len());
            }
            self.text += part.len();
        }
        // SAFETY: inside the mapping.
        unsafe { self.shared.base.as_ptr().add(start).cast() }
    }
}
