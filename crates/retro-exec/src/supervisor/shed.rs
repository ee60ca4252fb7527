//! Giving back the memory that a supervisor got by being forked.

use std::ffi::c_int;

use super::shared::Shared;

/// Mappings smaller than this are not worth it.
const WORTH: usize = 1 << 20;

/// Drops the copies of the caller's large private mappings, and resets the high-water mark.
///
/// Two reasons: a process inherits the largest resident size of the one that started it, so that the
/// measured memory of every command would be at least the caller's; and pages that the caller
/// changes later would be kept twice. Nothing in a supervisor looks at these mappings again: it uses
/// its stack, its thread's storage, program code and the shared memory. Best effort: without /proc
/// nothing is dropped.
pub(super) fn give_memory_back(shared: &Shared) {
    let stack_here = 0u8;
    // SAFETY: the address is this thread's own error number.
    let thread_storage = unsafe { libc::__errno_location() } as usize;
    let kept = [
        (&raw const stack_here) as usize,
        thread_storage,
        shared.request() as *const _ as usize,
    ];
    // SAFETY: the path ends with a zero byte.
    let maps = unsafe {
        libc::open(
            c"/proc/self/maps".as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC,
        )
    };
    if maps < 0 {
        return;
    }
    let mut line = Line::new();
    let mut text = [0u8; 4096];
    loop {
        // SAFETY: the buffer is writable for its length.
        let read = unsafe { libc::read(maps, text.as_mut_ptr().cast(), text.len()) };
        let Ok(read @ 1..) = usize::try_from(read) else {
            break;
        };
        for byte in text.iter().take(read) {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            if let Some((start, end)) = line.private_memory()
                && end.saturating_sub(start) >= WORTH
                && !kept.iter().any(|address| (start..end).contains(address))
            {
                // SAFETY: the range is a private anonymous mapping that nothing in this process
                // reads or writes from here on, see above; reading it would give zeros.
                unsafe { libc::madvise(start as *mut _, end - start, libc::MADV_DONTNEED) };
            }
            line = Line::new();
        }
    }
    // SAFETY: opened above and used by nobody else.
    unsafe { libc::close(maps) };
    reset_high_water_mark();
}

fn reset_high_water_mark() {
    let path = c"/proc/self/clear_refs";
    // SAFETY: the path ends with a zero byte, the text is readable for its length, and the
    // descriptor is used by nobody else.
    unsafe {
        let file: c_int = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if file >= 0 {
            libc::write(file, b"5".as_ptr().cast(), 1);
            libc::close(file);
        }
    }
}

/// The beginning of a line of `/proc/self/maps`; what follows the first 128 bytes is the rest of a
/// file name.
struct Line {
    bytes: [u8; 128],
    length: usize,
}

impl Line {
    const fn new() -> Self {
        Self {
            bytes: [0; 128],
            length: 0,
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn private_memory(&self) -> Option<(usize, usize)> {
        private_memory(self.bytes.get(..self.length)?)
    }
}

/// The range of a mapping that is private, writable and of no file: `START-END rw-p OFFSET DEVICE 0`
/// followed by nothing or `[heap]`.
fn private_memory(line: &[u8]) -> Option<(usize, usize)> {
    let mut fields = line
        .split(|byte| *byte == b' ')
        .filter(|field| !field.is_empty());
    let mut range = fields.next()?.split(|byte| *byte == b'-');
    let (start, end) = (hexadecimal(range.next()?)?, hexadecimal(range.next()?)?);
    let private = fields.next()? == b"rw-p" && fields.nth(2)? == b"0";
    let plain = matches!(fields.next(), None | Some(b"[heap]"));
    (private && plain).then_some((start, end))
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0usize, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        value.checked_mul(16)?.checked_add(digit as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_memory_without_a_file_is_given_back() {
        let check = |line: &str, expected| assert_eq!(private_memory(line.as_bytes()), expected);
        check(
            "7f0000000000-7f0000200000 rw-p 00000000 00:00 0 ",
            Some((0x7f0000000000, 0x7f0000200000)),
        );
        check(
            "1000-3000 rw-p 00000000 00:00 0          [heap]",
            Some((0x1000, 0x3000)),
        );
        check("1000-3000 rw-s 00000000 00:01 5 /dev/zero (deleted)", None);
        check("1000-3000 rw-p 00000000 08:01 77 /usr/lib/libc.so.6", None);
        check("1000-3000 r--p 00000000 00:00 0", None);
        check("1000-3000 rw-p 00000000 00:00 0 [stack]", None);
        check("1000-3000 rw-p 00000000 00:00 0 [anon:glibc: malloc]", None);
        check("", None);
        check("zz-3000 rw-p 00000000 00:00 0", None);
    }
}
