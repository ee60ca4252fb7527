//! Cases that wait for their definitions, in few bytes.

use std::time::Duration;

use retro_domain::{Attachment, Location, Outcome, TestCase, TestId};

use super::result::Unnamed;

/// The most bytes of cases that wait.
pub(super) const MOST_BYTES: usize = 24 << 20;

/// How many bytes are written to one chunk before the next is begun. One large buffer would be
/// copied, and be there twice, whenever it grows.
const CHUNK: usize = 256 << 10;

/// A queue of cases. A case takes a quarter of its usual size here, mostly for what it lacks.
#[derive(Default)]
pub(super) struct Waiting {
    chunks: Vec<Vec<u8>>,
    bytes: usize,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes > MOST_BYTES
    }

    pub(super) fn push(&mut self, unnamed: &Unnamed) {
        if self.chunks.last().is_none_or(|chunk| chunk.len() >= CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK + 1024));
        }
        let Some(chunk) = self.chunks.last_mut() else {
            return;
        };
        let before = chunk.len();
        write(chunk, unnamed);
        self.bytes += chunk.len() - before;
    }

    /// Gives every case back, in order, and is empty then.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Unnamed> + use<> {
        self.bytes = 0;
        let chunks = std::mem::take(&mut self.chunks).into_iter();
        chunks.flat_map(|chunk| {
            let mut at = 0;
            std::iter::from_fn(move || {
                let mut rest = chunk.get(at..).filter(|rest| !rest.is_empty())?;
                let unnamed = read(&mut rest)?;
                at = chunk.len() - rest.len();
                Some(unnamed)
            })
        })
    }
}

/// What a case of this format can have, and nothing else.
fn write(to: &mut Vec<u8>, unnamed: &Unnamed) {
    let case = &unnamed.case;
    match unnamed.test {
        Some(test) => {
            to.push(1);
            to.extend(test.to_le_bytes());
        }
        None => to.push(0),
    }
    to.push(match case.outcome {
        Outcome::Passed => 0,
        Outcome::Skipped => 1,
        Outcome::Failed => 2,
        Outcome::Errored => 3,
    });
    number(to, case.duration.map_or(0, |took| took.as_secs() + 1));
    number(
        to,
        case.duration.map_or(0, |took| took.subsec_nanos().into()),
    );
    text(to, Some(&case.id.name));
    text(to, case.message.as_deref());
    text(to, case.kind.as_deref());
    text(to, case.detail.as_deref());
    text(
        to,
        case.location
            .as_ref()
            .map(|location| location.file.as_str()),
    );
    let line = case.location.as_ref().and_then(|location| location.line);
    number(to, line.map_or(0, |line| u64::from(line) + 1));
    text(to, case.stdout.as_deref());
    text(to, case.stderr.as_deref());
    number(to, case.attachments.len() as u64);
    for file in &case.attachments {
        text(to, Some(&file.name));
        text(to, Some(&file.path));
    }
    number(to, case.properties.len() as u64);
    for (name, value) in &case.properties {
        text(to, Some(name));
        text(to, Some(value));
    }
}

fn read(from: &mut &[u8]) -> Option<Unnamed> {
    let test = match byte(from)? {
        0 => None,
        _ => {
            let (id, rest) = from.split_first_chunk()?;
            *from = rest;
            Some(u128::from_le_bytes(*id))
        }
    };
    let outcome = match byte(from)? {
        0 => Outcome::Passed,
        1 => Outcome::Skipped,
        2 => Outcome::Failed,
        _ => Outcome::Errored,
    };
    let (seconds, nanos) = (read_number(from)?, read_number(from)?);
    let mut case = TestCase::new(TestId::named(read_text(from)?.unwrap_or_default()), outcome);
    let nanos = u32::try_from(nanos).ok()?;
    case.duration = seconds
        .checked_sub(1)
        .map(|seconds| Duration::new(seconds, nanos));
    case.message = read_text(from)?;
    case.kind = read_text(from)?;
    case.detail = read_text(from)?;
    let file = read_text(from)?;
    let line = read_number(from)?.checked_sub(1);
    let line = line.and_then(|line| u32::try_from(line).ok());
    case.location = file.map(|file| Location { file, line });
    case.stdout = read_text(from)?;
    case.stderr = read_text(from)?;
    for _ in 0..read_number(from)? {
        let name = read_text(from)?.unwrap_or_default();
        let path = read_text(from)?.unwrap_or_default();
        case.attachments.push(Attachment { name, path });
    }
    for _ in 0..read_number(from)? {
        let name = read_text(from)?.unwrap_or_default();
        let value = read_text(from)?.unwrap_or_default();
        case.properties.push((name, value));
    }
    Some(Unnamed { test, case })
}

/// Seven bits to a byte, the lowest first.
fn number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // In range by the mask.
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn text(to: &mut Vec<u8>, text: Option<&str>) {
    number(to, text.map_or(0, |text| text.len() as u64 + 1));
    to.extend_from_slice(text.unwrap_or_default().as_bytes());
}

fn byte(from: &mut &[u8]) -> Option<u8> {
    let (first, rest) = from.split_first()?;
    *from = rest;
    Some(*first)
}

fn read_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let next = byte(from)?;
        number |= u64::from(next & 0x7f) << shift;
        if next < 0x80 {
            break;
        }
    }
    Some(number)
}

fn read_text(from: &mut &[u8]) -> Option<Option<String>> {
    let Some(len) = read_number(from)?.checked_sub(1) else {
        return Some(None);
    };
    let (text, rest) = from.split_at_checked(usize::try_from(len).ok()?)?;
    *from = rest;
    Some(Some(String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Texts = (Option<String>, Option<String>, Option<String>);

    fn unnamed(test: Option<u128>, outcome: usize, texts: Texts, numbers: (u64, u32)) -> Unnamed {
        let name = texts.0.clone().unwrap_or_default();
        let mut case = TestCase::new(TestId::named(name.clone()), Outcome::ALL[outcome]);
        case.duration = texts
            .0
            .is_some()
            .then(|| Duration::new(numbers.0 / 2, numbers.1 / 5));
        case.location = texts.1.clone().map(|file| Location {
            file,
            line: texts.0.is_some().then_some(numbers.1),
        });
        case.properties = vec![(name.clone(), name.clone()); outcome];
        case.attachments = vec![
            Attachment {
                name: name.clone(),
                path: name
            };
            outcome
        ];
        (case.message, case.kind, case.detail) = texts.clone();
        (case.stderr, case.stdout) = (texts.1, texts.2);
        Unnamed { test, case }
    }

    proptest! {
        #[test]
        fn every_case_comes_back_in_order(
            cases in prop::collection::vec(
                (any::<Option<u128>>(), 0..4_usize, any::<Texts>(), any::<(u64, u32)>()),
                0..20,
            ),
            times in 1..300_usize,
        ) {
            let mut waiting = Waiting::default();
            let cases: Vec<Unnamed> = cases
                .into_iter()
                .map(|(test, outcome, texts, numbers)| unnamed(test, outcome, texts, numbers))
                .collect();
            for _ in 0..times {
                cases.iter().for_each(|case| waiting.push(case));
            }
            let back: Vec<Unnamed> = waiting.drain().collect();
            prop_assert_eq!(back.len(), cases.len() * times);
            for (back, case) in back.iter().zip(cases.iter().cycle()) {
                prop_assert_eq!(back.test, case.test);
                prop_assert_eq!(&back.case, &case.case);
            }
            prop_assert!(waiting.is_empty());
        }
    }
}
