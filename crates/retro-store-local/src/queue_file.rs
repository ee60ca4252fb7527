//! What the name of a message's file says.

use retro_domain::Timestamp;

/// The name of a message's file, in parts. In the order in which messages were sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueFile {
    pub(crate) id: String,
    /// How often the message was received.
    pub(crate) receipts: u32,
    /// Until when it is hidden.
    pub(crate) until: Timestamp,
}

impl QueueFile {
    /// A message that was never received.
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            receipts: 0,
            until: Timestamp::default(),
        }
    }

    /// Reads a name; `None` for one that no message has.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (rest, until) = name.rsplit_once('.')?;
        let (id, receipts) = rest.rsplit_once('.')?;
        let good = |it: char| it.is_ascii_alphanumeric() || it == '-';
        let file = Self {
            id: id.to_owned(),
            receipts: receipts.parse().ok()?,
            until: Timestamp::from_unix_millis(until.parse().ok()?),
        };
        let is_one = !id.is_empty() && id.len() <= 100 && id.chars().all(good);
        // What is written another way would not be found by its name again.
        (is_one && file.name() == name).then_some(file)
    }

    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.receipt(), self.until.unix_millis())
    }

    /// Names this receipt: each takes the next number.
    pub(crate) fn receipt(&self) -> String {
        format!("{}.{}", self.id, self.receipts)
    }

    /// The file once it is received.
    pub(crate) fn taken(&self, until: Timestamp) -> Self {
        Self {
            receipts: self.receipts.saturating_add(1),
            ..self.until(until)
        }
    }

    /// The file once it is hidden until then.
    pub(crate) fn until(&self, until: Timestamp) -> Self {
        Self {
            until,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_left_alone() {
        let file = QueueFile::new("17-3-0".to_owned());
        assert_eq!(file.name(), "17-3-0.0.0");
        let taken = file.taken(Timestamp::from_unix_millis(-5));
        assert_eq!(
            (taken.name().as_str(), taken.receipt().as_str()),
            ("17-3-0.1.-5", "17-3-0.1")
        );
        for file in [file, taken] {
            assert_eq!(QueueFile::parse(&file.name()), Some(file));
        }
        for name in [
            "",
            "a",
            "a.1",
            ".1.2",
            "a.1.x",
            "a.01.2",
            "a.+1.2",
            "a.b.1.2",
            ".retro-tmp-1",
        ] {
            assert_eq!(QueueFile::parse(name), None, "{name}");
        }
    }
}
