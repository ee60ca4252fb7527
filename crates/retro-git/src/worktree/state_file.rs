//! What a slot knew of its work tree when it was last given back in order.
//!
//! The file is there exactly while nobody uses the slot: who takes the slot reads and removes it
//! before anything else. A process that dies therefore leaves none, and the next one reads every file.

use std::ffi::CString;

use git2::Oid;

use super::content::sha1;
use super::file_stat::{FileStat, Stamp};
use super::tracked::{Cause, Dir, Entry, File, FileShape, FileState, Submodule};
use crate::rules::conversion::Conversion;

const MAGIC: &[u8] = b"git-retro slot state 1\n";

/// Everything that makes records worth something.
pub(crate) struct SlotState {
    /// What the records depend on beside the file system: the options, and the system's boot, after
    /// which contents may have been lost that records speak of.
    pub(crate) validity: Vec<u8>,
    pub(crate) commit: Oid,
    pub(crate) tick: Stamp,
    pub(crate) root: Dir,
}

/// The state as bytes.
pub(crate) fn encode(validity: &[u8], commit: Oid, tick: Stamp, root: &Dir) -> Vec<u8> {
    let mut out = Writer(MAGIC.to_vec());
    out.bytes(validity);
    out.oid(commit);
    out.stamp(tick);
    out.dir(root);
    let checksum = sha1(&out.0);
    out.0.extend_from_slice(&checksum);
    out.0
}

/// The state that bytes hold; `None` when they are cut, damaged, or of another version.
pub(crate) fn decode(bytes: &[u8]) -> Option<SlotState> {
    let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(20)?)?;
    if sha1(body) != checksum {
        return None;
    }
    let mut input = Reader(body.strip_prefix(MAGIC)?);
    let validity = input.bytes()?.to_vec();
    let commit = input.oid()?;
    let tick = input.stamp()?;
    let root = input.dir()?;
    input.0.is_empty().then_some(SlotState {
        validity,
        commit,
        tick,
        root,
    })
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn oid(&mut self, id: Oid) {
        self.0.extend_from_slice(id.as_bytes());
    }

    fn stamp(&mut self, stamp: Stamp) {
        self.0.extend_from_slice(&stamp.seconds.to_le_bytes());
        self.0.extend_from_slice(&stamp.nanos.to_le_bytes());
    }

    fn stat(&mut self, stat: &FileStat) {
        self.stamp(stat.ctime);
        self.stamp(stat.mtime);
        for number in [stat.dev, stat.ino, stat.size] {
            self.number(number);
        }
        for number in [stat.mode, stat.uid, stat.gid] {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn record(&mut self, record: Option<&FileStat>) {
        self.0.push(u8::from(record.is_some()));
        if let Some(stat) = record {
            self.stat(stat);
        }
    }

    fn dir(&mut self, dir: &Dir) {
        self.bytes(dir.name.to_bytes());
        self.oid(dir.tree);
        self.oid(dir.attributes);
        // The rules of an ignore file nobody tracks are read again when its folder is listed.
        let record = dir
            .record
            .as_ref()
            .filter(|_| dir.local_ignore.is_none() && !dir.list);
        self.record(record);
        self.number(dir.entries.len() as u64);
        for entry in &dir.entries {
            match entry {
                Entry::File(file) => self.file(file),
                Entry::Dir(child) => {
                    self.0.push(b'd');
                    self.dir(child);
                }
                Entry::Submodule(submodule) => {
                    self.0.push(b's');
                    self.bytes(submodule.name.to_bytes());
                    self.oid(submodule.id);
                    self.record(submodule.record.as_ref());
                }
            }
        }
        self.number(dir.extras.len() as u64);
        for extra in &dir.extras {
            self.dir(extra);
        }
    }

    fn file(&mut self, file: &File) {
        self.0.push(b'f');
        self.bytes(file.name.to_bytes());
        self.oid(file.id);
        self.oid(file.content);
        self.0.push(match file.shape {
            FileShape::Regular => 0,
            FileShape::Executable => 1,
            FileShape::Symlink => 2,
        });
        self.0.push(file.conversion.bits());
        match &file.state {
            FileState::Recorded(stat) => self.record(Some(stat)),
            FileState::Unverified | FileState::Unwritten(_) => self.record(None),
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn small(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        self.take(count)
    }

    fn oid(&mut self) -> Option<Oid> {
        Oid::from_bytes(self.take(20)?).ok()
    }

    fn name(&mut self) -> Option<Box<std::ffi::CStr>> {
        CString::new(self.bytes()?)
            .ok()
            .map(CString::into_boxed_c_str)
    }

    fn stamp(&mut self) -> Option<Stamp> {
        Some(Stamp {
            seconds: i64::from_le_bytes(self.take(8)?.try_into().ok()?),
            nanos: self.small()?,
        })
    }

    fn record(&mut self) -> Option<Option<FileStat>> {
        if self.byte()? == 0 {
            return Some(None);
        }
        Some(Some(FileStat {
            ctime: self.stamp()?,
            mtime: self.stamp()?,
            dev: self.number()?,
            ino: self.number()?,
            size: self.number()?,
            mode: self.small()?,
            uid: self.small()?,
            gid: self.small()?,
        }))
    }

    fn dir(&mut self) -> Option<Dir> {
        let mut dir = Dir::unknown(self.name()?);
        dir.tree = self.oid()?;
        dir.attributes = self.oid()?;
        dir.record = self.record()?;
        dir.list = dir.record.is_none();
        dir.busy = dir.list;
        for _ in 0..self.number()? {
            let entry = match self.byte()? {
                b'f' => Entry::File(self.file()?),
                b'd' => Entry::Dir(Box::new(self.dir()?)),
                b's' => Entry::Submodule(Submodule {
                    name: self.name()?,
                    id: self.oid()?,
                    record: self.record()?,
                    busy: false,
                }),
                _ => return None,
            };
            dir.entries.push(entry);
        }
        for _ in 0..self.number()? {
            dir.extras.push(self.dir()?);
        }
        Some(dir)
    }

    fn file(&mut self) -> Option<File> {
        Some(File {
            name: self.name()?,
            id: self.oid()?,
            content: self.oid()?,
            shape: match self.byte()? {
                0 => FileShape::Regular,
                1 => FileShape::Executable,
                2 => FileShape::Symlink,
                _ => return None,
            },
            conversion: Conversion::from_bits(self.byte()?),
            state: match self.record()? {
                Some(stat) => FileState::Recorded(stat),
                None => FileState::Unwritten(Cause::Damage),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut root = Dir::unknown(CString::default().into_boxed_c_str());
        root.entries.push(Entry::File(File {
            name: c"file".into(),
            id: Oid::ZERO_SHA1,
            content: Oid::ZERO_SHA1,
            shape: FileShape::Executable,
            conversion: Conversion::from_bits(Conversion::IDENT),
            state: FileState::Recorded(FileStat {
                size: 7,
                ..FileStat::default()
            }),
        }));
        root.extras.push(Dir::unknown(c"extra".into()));
        encode(b"valid", Oid::ZERO_SHA1, Stamp::default(), &root)
    }

    #[test]
    fn a_state_reads_back() {
        let state = decode(&sample()).expect("a state");
        assert_eq!(state.validity, b"valid");
        assert_eq!(state.root.extras.len(), 1);
        assert!(matches!(
            &state.root.entries[0],
            Entry::File(File { shape: FileShape::Executable, state: FileState::Recorded(stat), .. })
                if stat.size == 7
        ));
    }

    #[test]
    fn a_damaged_state_is_none_at_all() {
        let whole = sample();
        for cut in 0..whole.len() {
            assert!(decode(&whole[..cut]).is_none(), "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(decode(&damaged).is_none(), "damaged at {at}");
        }
    }
}
