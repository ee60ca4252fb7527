//! One `<assembly>`, and what is around and directly inside it.

use super::Kind;
use crate::dotnet::{Place, base_name};
use crate::kept_text::first_line;
use crate::numbers;
use crate::odd::{Odd, quoted, short};
use crate::open_suite::{OpenSuite, count};
use crate::output::Output;
use crate::xml::Attributes;

/// An assembly whose end was not read yet.
#[derive(Debug, Default)]
pub(super) struct OpenAssembly {
    pub(super) suite: OpenSuite,
    /// The type of the exception that is open outside of tests.
    pub(super) exception: Option<String>,
    /// What the error that is open says of itself.
    error: Option<String>,
    errors_claimed: u64,
    errors_told: u64,
}

impl OpenAssembly {
    pub(super) fn new(attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) -> Self {
        let mut assembly = Self::default();
        let suite = &mut assembly.suite;
        let (mut counts, mut name) = (Counts::default(), None);
        let (mut date, mut time, mut exact) = (None, None, None);
        for (key, raw) in attributes {
            let text = || Attributes::text(raw);
            match key {
                b"name" => name = Some(text()),
                b"run-date" => date = Some(text()),
                b"run-time" => time = Some(text()),
                b"start-rtf" => exact = Some(text()),
                b"time" => {
                    suite.metadata.duration = numbers::duration(&text());
                    if suite.metadata.duration.is_none() && !raw.trim_ascii().is_empty() {
                        counts
                            .odd
                            .push(format!("{} is no duration", quoted(&text())));
                    }
                }
                b"errors" => {
                    assembly.errors_claimed = count(&text(), &mut counts.odd).unwrap_or(0);
                }
                b"environment" | b"test-framework" | b"target-framework" => {
                    let key = String::from_utf8_lossy(key).into_owned();
                    suite.property(key, text(), &mut place.out.suite_room);
                }
                _ => counts.read(key, raw),
            }
        }
        let date_and_time = date.map(|date| format!("{date} {}", time.unwrap_or_default()));
        if let Some(began) = exact.or(date_and_time) {
            suite.metadata.started = numbers::timestamp(&began);
            if suite.metadata.started.is_none() && !began.trim().is_empty() {
                counts
                    .odd
                    .push(format!("{} is no point in time", quoted(&began)));
            }
        }
        counts.note(suite, place);
        let name = name
            .as_deref()
            .map(base_name)
            .filter(|name| !name.is_empty());
        suite.named = name.is_some();
        suite.metadata.path.extend(name.map(ToOwned::to_owned));
        assembly
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.suite.metadata.path.last().map(String::as_str)
    }

    pub(super) fn begin_error(&mut self, attributes: Attributes<'_>) {
        let mut parts = [String::new(), String::new()];
        let text = |raw| short(&Attributes::text(raw));
        for (key, raw) in attributes {
            match key {
                b"type" => parts[0] = text(raw),
                b"name" => parts[1] = text(raw),
                _ => {}
            }
        }
        self.exception = None;
        self.error = Some(parts.join(" ").trim().to_owned());
    }

    /// How many bytes it may hold.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.name().map_or(0, str::len)
    }

    pub(super) fn is_in_error(&self) -> bool {
        self.error.is_some()
    }

    /// Takes the first message of the error that is open, or its end without one.
    pub(super) fn end_error(&mut self, message: Option<&str>, place: &mut Place<'_, '_, Kind>) {
        let Some(what) = self.error.take() else {
            return;
        };
        self.errors_told += 1;
        let name = self.name().unwrap_or("an assembly");
        let why = message
            .and_then(first_line)
            .or_else(|| self.exception.clone())
            .unwrap_or_else(|| "no message".to_owned());
        let what = if what.is_empty() {
            String::new()
        } else {
            format!(" ({what})")
        };
        let reason = format!("{name} failed outside of its tests{what}: {why}");
        place.out.run_failure(reason);
    }

    pub(super) fn close(self, place: &mut Place<'_, '_, Kind>) {
        for warning in [self.suite.false_claim(), self.suite.left_out()] {
            warning.into_iter().for_each(|warning| place.warn(warning));
        }
        if self.errors_claimed > 0 && self.errors_told == 0 {
            let name = self.name().unwrap_or("an assembly");
            let reason = format!(
                "{name} claims {} errors outside of its tests and names none",
                self.errors_claimed
            );
            place.out.run_failure(reason);
        }
        self.cut(place.out);
    }

    pub(super) fn cut(self, out: &mut Output<'_>) {
        self.suite.end(out);
    }
}

/// The counts that an assembly, a collection or a class claims.
#[derive(Default)]
struct Counts {
    total: Option<u64>,
    failed: Option<u64>,
    skipped: Option<u64>,
    not_run: Option<u64>,
    odd: Odd,
}

impl Counts {
    fn read(&mut self, key: &[u8], raw: &[u8]) {
        let slot = match key {
            b"total" => &mut self.total,
            b"failed" => &mut self.failed,
            b"skipped" => &mut self.skipped,
            b"not-run" => &mut self.not_run,
            _ => return,
        };
        *slot = count(&Attributes::text(raw), &mut self.odd);
    }

    fn note(mut self, suite: &mut OpenSuite, place: &mut Place<'_, '_, Kind>) {
        let claimed = &mut suite.metadata.claimed;
        claimed.tests = self.total;
        claimed.failures = self.failed;
        claimed.skipped = self
            .skipped
            .map(|n| n.saturating_add(self.not_run.unwrap_or(0)));
        self.odd.tell(place.line, place.out);
    }
}

/// Reads the start tag of a collection or a class.
pub(super) fn group(attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) -> OpenSuite {
    let (mut suite, mut counts) = (OpenSuite::default(), Counts::default());
    for (key, raw) in attributes {
        match key {
            b"name" => suite.metadata.path = vec![short(&Attributes::text(raw))],
            _ => counts.read(key, raw),
        }
    }
    counts.note(&mut suite, place);
    suite
}

/// Reads the start tag of `<assemblies>`.
pub(super) fn whole(attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) -> OpenSuite {
    let mut suite = OpenSuite::default();
    let room = &mut place.out.suite_room;
    let mut began = [None, None];
    for (key, raw) in attributes {
        let text = || Some(Attributes::text(raw)).filter(|text| !text.trim().is_empty());
        match key {
            b"computer" => {
                let name = text();
                suite.metadata.hostname = name.and_then(|name| suite.keep(name, room));
            }
            b"start-rtf" => began[0] = text(),
            b"timestamp" => began[1] = text(),
            _ => {}
        }
    }
    let [exact, local] = began;
    if let Some(began) = exact.or(local) {
        suite.metadata.started = numbers::timestamp(&year_first(&began));
        if suite.metadata.started.is_none() {
            place.warn(format!("{} is no point in time", quoted(&began)));
        }
    }
    suite
}

/// Version 2 writes `06/15/2018 18:09:29` whatever the language of the machine.
fn year_first(text: &str) -> String {
    let parts: Vec<&str> = text.splitn(3, ['/', ' ']).collect();
    match (parts.as_slice(), text.split_once(' ')) {
        ([month, day, _], Some((date, time)))
            if date.len() == 10 && date.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            let year = date.rsplit('/').next().unwrap_or_default();
            format!("{year}-{month}-{day} {time}")
        }
        _ => text.to_owned(),
    }
}
