//! Files kept in Git LFS.

use std::borrow::Cow;
use std::path::PathBuf;

use retro_domain::Digest256;

use crate::LfsPolicy;

/// Where the contents of LFS files are, and whether they are wanted.
pub(crate) struct LfsFiles {
    policy: LfsPolicy,
    store: PathBuf,
}

impl LfsFiles {
    /// `store` is the `lfs/objects` folder of the user's repository.
    pub(crate) fn new(policy: LfsPolicy, store: PathBuf) -> Self {
        Self { policy, store }
    }

    /// What is written for a blob that the attributes say is kept in LFS: the blob itself, or the
    /// content that it points to.
    pub(crate) fn content<'a>(&self, blob: &'a [u8], warnings: &mut Vec<String>) -> Cow<'a, [u8]> {
        let Some(pointer) = Pointer::parse(blob) else {
            return Cow::Borrowed(blob);
        };
        if self.policy == LfsPolicy::Skip {
            warnings.push(
                "files kept in Git LFS are left as pointers; --lfs checkout puts in what the \
                 repository has of them"
                    .to_owned(),
            );
            return Cow::Borrowed(blob);
        }
        match self.load(&pointer) {
            Some(content) => Cow::Owned(content),
            None => {
                warnings.push(
                    "files kept in Git LFS are left as pointers where the repository lacks their \
                     content; `git lfs fetch` gets it"
                        .to_owned(),
                );
                Cow::Borrowed(blob)
            }
        }
    }

    /// The content, if it is there and is what the pointer says.
    fn load(&self, pointer: &Pointer) -> Option<Vec<u8>> {
        let name = pointer.digest.to_string();
        let path = self.store.join(&name[..2]).join(&name[2..4]).join(&name);
        let content = std::fs::read(path).ok()?;
        let is_whole =
            content.len() as u64 == pointer.size && Digest256::of(&content) == pointer.digest;
        is_whole.then_some(content)
    }
}

/// What an LFS blob says of its content.
#[derive(Debug, PartialEq, Eq)]
struct Pointer {
    digest: Digest256,
    size: u64,
}

impl Pointer {
    /// `None` when the blob is no pointer: a file that was committed without LFS.
    fn parse(blob: &[u8]) -> Option<Self> {
        // The specification bounds a pointer below this.
        if blob.len() > 1024 {
            return None;
        }
        let text = std::str::from_utf8(blob).ok()?;
        let mut lines = text.lines();
        let version = lines.next()?.strip_prefix("version ")?;
        if !version.starts_with("https://git-lfs.github.com/spec/")
            && !version.starts_with("https://hawser.github.com/spec/")
        {
            return None;
        }
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
        };
        let digest = value("oid")?.strip_prefix("sha256:")?.parse().ok()?;
        let size = value("size")?.parse().ok()?;
        Some(Self { digest, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pointer_is_taken_for_one() {
        let digest = Digest256::of(b"content");
        let text =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 7\n");
        let pointer = Pointer::parse(text.as_bytes());
        assert_eq!(pointer, Some(Pointer { digest, size: 7 }));
        for other in [
            "",
            "version 1\n",
            "plain text",
            &text.replace("sha256", "md5"),
        ] {
            assert_eq!(Pointer::parse(other.as_bytes()), None, "{other:?}");
        }
    }
}
