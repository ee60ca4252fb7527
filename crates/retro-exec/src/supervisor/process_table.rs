//! Every process of the system with its parent, read from /proc without allocating.

use std::ffi::{c_char, c_int};

/// The most processes that are seen at once; more are seen when these are gone.
const MOST: usize = 1 << 16;

/// One process as /proc describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
}

/// Memory for one look at the system, mapped once and used again. Usable after a fork.
pub(super) struct ProcessTable {
    processes: *mut Process,
    count: usize,
}

impl ProcessTable {
    /// A table without memory: it is mapped at the first look.
    pub(super) const fn new() -> Self {
        Self {
            processes: std::ptr::null_mut(),
            count: 0,
        }
    }

    /// Looks at the system again. Without /proc or memory the table is empty.
    pub(super) fn refresh(&mut self) {
        self.count = 0;
        if self.processes.is_null() && !self.map() {
            return;
        }
        // SAFETY: the path ends with a zero byte.
        let proc = unsafe {
            libc::open(
                c"/proc".as_ptr(),
                libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC,
            )
        };
        if proc < 0 {
            return;
        }
        let mut entries = [0u64; 4096];
        loop {
            // SAFETY: the buffer is writable for the length that is passed, and aligned.
            let filled = unsafe {
                libc::syscall(
                    libc::SYS_getdents64,
                    proc,
                    entries.as_mut_ptr(),
                    size_of_val(&entries),
                )
            };
            let Ok(filled @ 1..) = usize::try_from(filled) else {
                break;
            };
            // SAFETY: the kernel has just written that many bytes of the buffer.
            let bytes = unsafe { std::slice::from_raw_parts(entries.as_ptr().cast(), filled) };
            self.take_entries(proc, bytes);
        }
        // SAFETY: opened above and used by nobody else.
        unsafe { libc::close(proc) };
    }

    pub(super) fn as_slice(&self) -> &[Process] {
        if self.processes.is_null() {
            return &[];
        }
        // SAFETY: `count` entries of the mapping have been written, and they change only through
        // `&mut self`.
        unsafe { std::slice::from_raw_parts(self.processes, self.count) }
    }

    /// Moves the descendants of `root` to the front, parents before their children, and returns
    /// them.
    pub(super) fn descendants_of(&mut self, root: i32) -> &[Process] {
        let all: &mut [Process] = if self.processes.is_null() {
            &mut []
        } else {
            // SAFETY: as in `as_slice`, with `&mut self`.
            unsafe { std::slice::from_raw_parts_mut(self.processes, self.count) }
        };
        descendants_first(all, root)
    }

    fn map(&mut self) -> bool {
        // SAFETY: a new anonymous mapping at an address of the kernel's choice touches nothing else.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                MOST * size_of::<Process>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return false;
        }
        self.processes = memory.cast();
        true
    }

    fn take_entries(&mut self, proc: c_int, mut entries: &[u8]) {
        // A directory entry: 8 bytes inode, 8 bytes offset, 2 bytes length, 1 byte type, the name.
        while let (Some(&[low, high]), Some(name)) = (entries.get(16..18), entries.get(19..)) {
            if name.first().is_some_and(u8::is_ascii_digit) {
                self.take_process(proc, name);
            }
            let length = usize::from(u16::from_ne_bytes([low, high]));
            match entries.get(length.max(1)..) {
                Some(rest) => entries = rest,
                None => return,
            }
        }
    }

    fn take_process(&mut self, proc: c_int, name: &[u8]) {
        let mut path = [0u8; 32];
        let mut place = path.iter_mut();
        let digits = name.iter().copied().take_while(u8::is_ascii_digit).take(16);
        for byte in digits.chain(*b"/stat") {
            match place.next() {
                Some(place) => *place = byte,
                None => return,
            }
        }
        let mut text = [0u8; 512];
        // SAFETY: `path` holds a zero byte after its text, `text` is writable for its length, and the
        // descriptor is closed by the one who opened it.
        let length = unsafe {
            let file = libc::openat(
                proc,
                path.as_ptr().cast::<c_char>(),
                libc::O_RDONLY | libc::O_CLOEXEC,
            );
            if file < 0 {
                return;
            }
            let length = libc::read(file, text.as_mut_ptr().cast(), text.len());
            libc::close(file);
            length
        };
        let text = usize::try_from(length)
            .ok()
            .and_then(|length| text.get(..length));
        if let Some(process) = text.and_then(parse_stat)
            && self.count < MOST
        {
            // SAFETY: `count` is below the number of entries in the mapping.
            unsafe { self.processes.add(self.count).write(process) };
            self.count += 1;
        }
    }
}

impl Drop for ProcessTable {
    fn drop(&mut self) {
        if !self.processes.is_null() {
            // SAFETY: this is the mapping that `map` made, and no slice of it outlives `self`.
            unsafe { libc::munmap(self.processes.cast(), MOST * size_of::<Process>()) };
        }
    }
}

/// Reads the first fields of `/proc/PID/stat`. The command name may hold anything, parentheses and
/// newlines included, so the fields are counted from its last parenthesis.
fn parse_stat(text: &[u8]) -> Option<Process> {
    let name = text.iter().position(|byte| *byte == b'(')?;
    let after_name = text.iter().rposition(|byte| *byte == b')')?;
    let mut fields = text
        .get(after_name + 1..)?
        .split(|byte| *byte == b' ')
        .skip(2);
    Some(Process {
        pid: number(text.get(..name)?.trim_ascii_end())?,
        parent: number(fields.next()?)?,
        group: number(fields.next()?)?,
        session: number(fields.next()?)?,
    })
}

fn number(digits: &[u8]) -> Option<i32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0i32, |value, digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(i32::from(digit - b'0')),
        _ => None,
    })
}

/// Partitions in place: each pass takes the children of what is already known.
fn descendants_first(all: &mut [Process], root: i32) -> &[Process] {
    let (mut known, mut expanded) = (0, 0);
    let mut parent = root;
    loop {
        let unknown = known..all.len();
        for index in unknown {
            if all
                .get(index)
                .is_some_and(|process| process.parent == parent)
            {
                all.swap(known, index);
                known += 1;
            }
        }
        match all.get(expanded) {
            Some(process) if expanded < known => parent = process.pid,
            _ => return all.get(..known).unwrap_or(&[]),
        }
        expanded += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn process(pid: i32, parent: i32) -> Process {
        Process {
            pid,
            parent,
            group: pid,
            session: pid,
        }
    }

    #[test]
    fn a_stat_line_is_read_whatever_the_name_holds() {
        let check = |text: &str, expected| assert_eq!(parse_stat(text.as_bytes()), expected);
        let expected = Some(Process {
            pid: 42,
            parent: 7,
            group: 40,
            session: 39,
        });
        check("42 (sh) S 7 40 39 0 -1 4194560 1 2 3", expected);
        check("42 (a) b) S (c) R 7 40 39 0 -1", expected);
        check("42 (new\nline) Z 7 40 39 0", expected);
        check("42 () S 7 40 39 ", expected);
        check("42 (sh) S 7 40", None);
        check("42 sh S 7 40 39", None);
        check("(sh) S 7 40 39", None);
        check("42 (sh) S 99999999999 40 39", None);
        check("", None);
    }

    #[test]
    fn descendants_come_parents_first_and_strangers_stay_out() {
        let mut all = [
            process(5, 4),
            process(9, 1),
            process(4, 2),
            process(2, 1),
            process(3, 2),
        ];
        let pids: Vec<i32> = descendants_first(&mut all, 2)
            .iter()
            .map(|found| found.pid)
            .collect();
        assert_eq!(pids, [4, 3, 5]);
    }

    #[test]
    fn this_process_is_in_the_table() {
        let mut table = ProcessTable::new();
        table.refresh();
        let own = std::process::id() as i32;
        assert!(table.as_slice().iter().any(|process| process.pid == own));
        assert!(
            table
                .descendants_of(1)
                .iter()
                .all(|process| process.pid != 1)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_stat(&text);
        }

        /// Parents are drawn freely, so that loops occur, which a torn reading can contain.
        #[test]
        fn the_closure_is_complete_and_ends(parents in proptest::collection::vec(0i32..12, 0..12)) {
            let mut all: Vec<Process> =
                parents.iter().zip(1..).map(|(parent, pid)| process(pid, *parent)).collect();
            let before = all.clone();
            let found: Vec<i32> =
                descendants_first(&mut all, 3).iter().map(|process| process.pid).collect();
            let mut expected = vec![3];
            for _ in 0..before.len() {
                for process in &before {
                    if expected.contains(&process.parent) && !expected.contains(&process.pid) {
                        expected.push(process.pid);
                    }
                }
            }
            for process in &before {
                let below = expected.contains(&process.parent);
                prop_assert_eq!(found.contains(&process.pid), below);
            }
            all.sort_by_key(|process| process.pid);
            prop_assert_eq!(all, before);
        }
    }
}
