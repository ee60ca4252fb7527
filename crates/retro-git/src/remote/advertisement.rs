//! What a remote says it has.

use std::path::Path;

use git2::{Oid, Repository};

/// A repository's references. libgit2 keeps such a list, too, but its names can only be had where all
/// of them are UTF-8, which nobody promises. Those that are not are left out here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Advertised {
    /// References with what they name; for a tag there is `NAME^{}`, too.
    pub(super) references: Vec<(String, Oid)>,
    /// The branch that its `HEAD` names.
    pub(super) default_branch: Option<String>,
}

impl Advertised {
    /// The references of a repository on this machine.
    pub(super) fn of_folder(path: &Path) -> Result<Self, git2::Error> {
        let repository = Repository::open(path)?;
        let mut found = Self::default();
        if let Ok(head) = repository.find_reference("HEAD") {
            found.default_branch = head.symbolic_target().ok().flatten().map(str::to_owned);
        }
        if let Ok(head) = repository.head()
            && let Some(id) = head.target()
        {
            found.references.push(("HEAD".to_owned(), id));
        }
        for reference in repository.references()?.flatten() {
            if let (Ok(name), Some(id)) = (reference.name(), reference.target()) {
                found.references.push((name.to_owned(), id));
            }
        }
        Ok(found)
    }

    /// What a reference names.
    pub(super) fn target(&self, name: &str) -> Option<Oid> {
        let found = self.references.iter().find(|(known, _)| known == name);
        found.map(|(_, id)| *id)
    }

    /// A reference that names a commit, directly or through a tag.
    pub(super) fn reference_to(&self, commit: Oid) -> Option<&str> {
        let names = self.references.iter().filter(|(_, id)| *id == commit);
        let mut names = names.map(|(name, _)| name.strip_suffix("^{}").unwrap_or(name));
        let first = names.next()?;
        if first == "HEAD" {
            return names.next().or(Some(first));
        }
        Some(first)
    }
}

/// Reads a server's list of references from the bytes that pass by on their way to libgit2.
#[derive(Debug, Default)]
pub(super) struct AdvertisementReader {
    /// What came of a line that is not complete.
    rest: Vec<u8>,
    is_after_comment: bool,
    is_done: bool,
    found: Advertised,
}

impl AdvertisementReader {
    /// Looks at the next bytes, until the list is over.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_done {
            return;
        }
        self.rest.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(size) = self.rest.get(at..at + 4).map(hex_size) {
            match size {
                Some(0) => {
                    // Over http, a comment comes first, with an end of its own.
                    self.is_done = !self.is_after_comment;
                    self.is_after_comment = false;
                    at += 4;
                }
                Some(size) if size >= 4 => {
                    let Some(line) = self.rest.get(at + 4..at + size) else {
                        break;
                    };
                    self.is_after_comment = line.starts_with(b"# ");
                    read_line(line, &mut self.found);
                    at += size;
                }
                // libgit2 will say that this is not the protocol.
                _ => self.is_done = true,
            }
            if self.is_done {
                self.rest = Vec::new();
                return;
            }
        }
        self.rest.drain(..at);
    }

    /// What was found.
    pub(super) fn found(&self) -> Advertised {
        self.found.clone()
    }
}

fn hex_size(digits: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(digits).ok()?;
    usize::from_str_radix(text, 16).ok()
}

/// Reads `HASH NAME`, behind the first of which is a zero byte with what the server can do.
fn read_line(line: &[u8], found: &mut Advertised) {
    let end = line.iter().position(|&byte| byte == 0);
    let (line, abilities) = line.split_at(end.unwrap_or(line.len()));
    for ability in abilities.split(|byte| b"\0 \n".contains(byte)) {
        if let Some(branch) = ability.strip_prefix(b"symref=HEAD:") {
            found.default_branch = String::from_utf8(branch.to_vec()).ok();
        }
    }
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let parts = std::str::from_utf8(line).ok();
    let Some((hash, name)) = parts.and_then(|line| line.split_once(' ')) else {
        return;
    };
    match Oid::from_str(hash) {
        Ok(id) if hash.len() == 40 && !id.is_zero() => {
            found.references.push((name.to_owned(), id));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn lines(lines: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines {
            if line.is_empty() {
                bytes.extend_from_slice(b"0000");
            } else {
                bytes.extend_from_slice(format!("{:04x}", line.len() + 4).as_bytes());
                bytes.extend_from_slice(line);
            }
        }
        bytes
    }

    fn check(bytes: &[u8], expected: &Advertised) {
        for step in [1, 3, 7, bytes.len()] {
            let mut reader = AdvertisementReader::default();
            bytes.chunks(step).for_each(|chunk| reader.push(chunk));
            assert_eq!(reader.found(), *expected);
        }
    }

    fn list() -> (Vec<Vec<u8>>, Advertised) {
        let given = vec![
            format!("{ONE} HEAD\0multi_ack symref=HEAD:refs/heads/m agent=git/2\n").into_bytes(),
            format!("{ONE} refs/heads/m\n").into_bytes(),
            [TWO.as_bytes(), b" refs/heads/gr\xfc\xdfe\n"].concat(),
            format!("{TWO} refs/tags/ä^{{}}\n").into_bytes(),
            format!("shallow {TWO}\n").into_bytes(),
        ];
        let (one, two) = (Oid::from_str(ONE).unwrap(), Oid::from_str(TWO).unwrap());
        let names = [
            ("HEAD", one),
            ("refs/heads/m", one),
            ("refs/tags/ä^{}", two),
        ];
        let expected = Advertised {
            references: names.map(|(name, id)| (name.to_owned(), id)).to_vec(),
            default_branch: Some("refs/heads/m".to_owned()),
        };
        (given, expected)
    }

    #[test]
    fn references_are_read_in_pieces_of_any_size() {
        let (given, expected) = list();
        let mut plain: Vec<&[u8]> = given.iter().map(Vec::as_slice).collect();
        plain.push(b"");
        check(&lines(&plain), &expected);
        let mut over_http: Vec<&[u8]> = vec![b"# service=git-upload-pack\n", b""];
        over_http.extend(&plain);
        // What follows is not part of the list.
        let behind = format!("{ONE} refs/heads/pack\n");
        over_http.push(behind.as_bytes());
        check(&lines(&over_http), &expected);
    }

    #[test]
    fn what_is_no_list_is_nothing() {
        check(&lines(&[b"ERR no", b""]), &Advertised::default());
        check(b"<html>", &Advertised::default());
        check(b"0001", &Advertised::default());
        let nothing = format!("{} capabilities^{{}}\0agent", "0".repeat(40));
        check(&lines(&[nothing.as_bytes(), b""]), &Advertised::default());
    }

    #[test]
    fn the_name_of_a_commit_is_a_branch_or_tag_where_there_is_one() {
        let (_, found) = list();
        assert_eq!(
            found.reference_to(Oid::from_str(ONE).unwrap()),
            Some("refs/heads/m")
        );
        assert_eq!(
            found.reference_to(Oid::from_str(TWO).unwrap()),
            Some("refs/tags/ä")
        );
        assert_eq!(found.reference_to(Oid::ZERO_SHA1), None);
    }
}
