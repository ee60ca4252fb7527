//! What a format has no place for, kept beside what it has: one JSON object per case.

use std::time::Duration;

use retro_domain::{Attachment, Attempt, Location, Outcome, TestCase, TestId};
use serde::{Deserialize, Deserializer, Serialize};

use super::whole::Note;

/// The name under which the object is kept.
pub(crate) const NAME: &str = "git-retro";

/// What differs between a case and what a reader would make of its plain form. A field that is
/// absent does not differ.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Extra {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flaky: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    duration: Option<Option<Span>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    message: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    kind: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    detail: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    location: Option<Option<Place>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    stdout: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    stderr: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<Try>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<(String, String)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<(String, String)>>,
    /// The case is none, but what the report says of its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<Note>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Id {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    suite: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parameters: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Passed,
    Skipped,
    Failed,
    Errored,
}

/// Seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Span(u64, u32);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Try {
    outcome: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Attempts as a JSON array; nothing when there are none.
pub(super) fn attempts_as_json(attempts: &[Attempt]) -> serde_json::Result<String> {
    if attempts.is_empty() {
        return Ok(String::new());
    }
    let all: Vec<Try> = attempts.iter().map(Try::from).collect();
    serde_json::to_string(&all)
}

#[cfg(test)]
pub(super) fn attempts_of_json(text: &str) -> serde_json::Result<Vec<Attempt>> {
    let all: Vec<Try> = serde_json::from_str(text)?;
    Ok(all.into_iter().map(Attempt::from).collect())
}

/// Tells a field that is `null` from one that is absent.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

impl Extra {
    /// What has to be kept beside the plain form of `case`, which reads back as `read`.
    pub(crate) fn between(case: &TestCase, read: &TestCase) -> Self {
        fn unless<T: PartialEq, U>(case: &T, read: &T, keep: impl FnOnce(&T) -> U) -> Option<U> {
            (case != read).then(|| keep(case))
        }
        let text = |text: &Option<String>| text.clone();
        Self {
            id: unless(&case.id, &read.id, |id| id.into()),
            outcome: unless(&case.outcome, &read.outcome, |outcome| (*outcome).into()),
            flaky: unless(&case.flaky, &read.flaky, |flaky| *flaky),
            duration: unless(&case.duration, &read.duration, |took| took.map(Span::from)),
            message: unless(&case.message, &read.message, text),
            kind: unless(&case.kind, &read.kind, text),
            detail: unless(&case.detail, &read.detail, text),
            location: unless(&case.location, &read.location, |place| {
                place.as_ref().map(Place::from)
            }),
            stdout: unless(&case.stdout, &read.stdout, text),
            stderr: unless(&case.stderr, &read.stderr, text),
            attempts: unless(&case.attempts, &read.attempts, |attempts| {
                attempts.iter().map(Try::from).collect()
            }),
            attachments: unless(&case.attachments, &read.attachments, |attachments| {
                let pair = |it: &Attachment| (it.name.clone(), it.path.clone());
                attachments.iter().map(pair).collect()
            }),
            properties: unless(&case.properties, &read.properties, Vec::clone),
            note: None,
        }
    }

    /// Says that the case stands for a note.
    pub(super) fn of_note(note: &Note) -> Self {
        Self {
            note: Some(note.clone()),
            ..Self::default()
        }
    }

    /// Whether the plain form says it all.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts what was kept into a case that was read from its plain form.
    pub(crate) fn put_back(self, case: &mut TestCase) {
        fn set<T>(slot: &mut T, kept: Option<T>) {
            if let Some(kept) = kept {
                *slot = kept;
            }
        }
        set(&mut case.id, self.id.map(TestId::from));
        set(&mut case.outcome, self.outcome.map(Outcome::from));
        set(&mut case.flaky, self.flaky);
        let took = self.duration.map(|took| took.map(Duration::from));
        set(&mut case.duration, took);
        set(&mut case.message, self.message);
        set(&mut case.kind, self.kind);
        set(&mut case.detail, self.detail);
        let place = self.location.map(|place| place.map(Location::from));
        set(&mut case.location, place);
        set(&mut case.stdout, self.stdout);
        set(&mut case.stderr, self.stderr);
        let attempts = |all: Vec<Try>| all.into_iter().map(Attempt::from).collect();
        set(&mut case.attempts, self.attempts.map(attempts));
        let attachment = |(name, path)| Attachment { name, path };
        let attachments = |all: Vec<(String, String)>| all.into_iter().map(attachment).collect();
        set(&mut case.attachments, self.attachments.map(attachments));
        set(&mut case.properties, self.properties);
    }
}

/// JSON as text that XML can hold, without `]]`, which would end a directive early.
pub(super) fn as_xml_text(value: &impl Serialize) -> serde_json::Result<String> {
    // Brackets of arrays are kept apart; in strings they are escaped.
    let text = serde_json::to_string(value)?;
    let (mut safe, mut in_string, mut escaped) = (String::new(), false, false);
    for c in text.chars() {
        match c {
            ']' if in_string => safe.push_str("\\u005d"),
            ']' => safe.push_str("] "),
            // The two of these that JSON holds as they are and XML cannot.
            '\u{fffe}' => safe.push_str("\\ufffe"),
            '\u{ffff}' => safe.push_str("\\uffff"),
            c => safe.push(c),
        }
        in_string ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    Ok(safe)
}

impl From<&TestId> for Id {
    fn from(id: &TestId) -> Self {
        let TestId {
            suite,
            class,
            name,
            parameters,
        } = id.clone();
        Self {
            suite,
            class,
            name,
            parameters,
        }
    }
}

impl From<Id> for TestId {
    fn from(id: Id) -> Self {
        let Id {
            suite,
            class,
            name,
            parameters,
        } = id;
        Self {
            suite,
            class,
            name,
            parameters,
        }
    }
}

impl From<Outcome> for Name {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Passed,
            Outcome::Skipped => Self::Skipped,
            Outcome::Failed => Self::Failed,
            Outcome::Errored => Self::Errored,
        }
    }
}

impl From<Name> for Outcome {
    fn from(name: Name) -> Self {
        match name {
            Name::Passed => Self::Passed,
            Name::Skipped => Self::Skipped,
            Name::Failed => Self::Failed,
            Name::Errored => Self::Errored,
        }
    }
}

impl From<Duration> for Span {
    fn from(took: Duration) -> Self {
        Self(took.as_secs(), took.subsec_nanos())
    }
}

impl From<Span> for Duration {
    fn from(Span(seconds, nanos): Span) -> Self {
        Self::from_secs(seconds).saturating_add(Self::from_nanos(nanos.into()))
    }
}

impl From<&Location> for Place {
    fn from(place: &Location) -> Self {
        let Location { file, line } = place.clone();
        Self { file, line }
    }
}

impl From<Place> for Location {
    fn from(Place { file, line }: Place) -> Self {
        Self { file, line }
    }
}

impl From<&Attempt> for Try {
    fn from(attempt: &Attempt) -> Self {
        let Attempt {
            outcome,
            duration,
            message,
            kind,
            detail,
        } = attempt.clone();
        Self {
            outcome: outcome.into(),
            duration: duration.map(Span::from),
            message,
            kind,
            detail,
        }
    }
}

impl From<Try> for Attempt {
    fn from(attempt: Try) -> Self {
        let Try {
            outcome,
            duration,
            message,
            kind,
            detail,
        } = attempt;
        Self {
            outcome: outcome.into(),
            duration: duration.map(Duration::from),
            message,
            kind,
            detail,
        }
    }
}
