//! Cases, suites and summaries of every kind, for property tests.

use std::time::Duration;

use proptest::option;
use proptest::prelude::*;
use retro_domain::{
    Attachment, Attempt, Location, Outcome, OutcomeCounts, TestCase, TestId, Timestamp,
};

use crate::{ClaimedCounts, Format, SuiteMetadata, Summary};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9_ .:/-]{0,20}",
        2 => "(?s).{0,20}",
        1 => any::<String>(),
        1 => Just("[[PROPERTY|a=b]]".to_owned()),
        1 => Just("thread 'a' panicked at src/lib.rs:3:4:\nno".to_owned()),
        1 => Just(" ]]> <testcase name='x'/> &amp; \u{1b}[31m\r\n\t \u{0}\u{ffff}".to_owned()),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop::sample::select(&Outcome::ALL[..])
}

fn duration() -> impl Strategy<Value = Option<Duration>> {
    let some = prop_oneof![
        (0_u64..100_000).prop_map(Duration::from_millis),
        any::<u32>().prop_map(|nanos| Duration::from_nanos(nanos.into())),
        any::<u64>().prop_map(Duration::from_secs),
    ];
    option::of(some)
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let texts = (option::of(text()), option::of(text()), option::of(text()));
    (outcome(), duration(), texts).prop_map(|(outcome, duration, (message, kind, detail))| {
        Attempt {
            outcome,
            duration,
            message,
            kind,
            detail,
        }
    })
}

fn id() -> impl Strategy<Value = TestId> {
    let suites = prop::collection::vec(prop_oneof![4 => "[ab]", 1 => text()], 0..4);
    (suites, option::of(text()), text(), option::of(text())).prop_map(
        |(suite, class, name, parameters)| TestId {
            suite,
            class,
            name,
            parameters,
        },
    )
}

fn case() -> impl Strategy<Value = TestCase> {
    let texts = (
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
    );
    let place = option::of((text(), option::of(any::<u32>())));
    let attempts = prop_oneof![
        2 => Just(Vec::new()),
        1 => prop::collection::vec(attempt(), 0..4),
    ];
    let pairs = || prop::collection::vec((text(), text()), 0..3);
    (
        (id(), outcome(), any::<bool>(), duration()),
        texts,
        (place, attempts, pairs(), pairs()),
    )
        .prop_map(
            |(
                (id, outcome, flaky, duration),
                (message, kind, detail, stdout, stderr),
                (place, attempts, attachments, properties),
            )| TestCase {
                flaky,
                duration,
                message,
                kind,
                detail,
                stdout,
                stderr,
                attempts,
                location: place.map(|(file, line)| Location { file, line }),
                attachments: attachments
                    .into_iter()
                    .map(|(name, path)| Attachment { name, path })
                    .collect(),
                properties,
                ..TestCase::new(id, outcome)
            },
        )
}

fn simple_case() -> impl Strategy<Value = TestCase> {
    (id(), outcome(), duration()).prop_map(|(id, outcome, duration)| TestCase {
        duration,
        ..TestCase::new(id, outcome)
    })
}

/// Some cases, in no order.
pub(super) fn cases() -> impl Strategy<Value = Vec<TestCase>> {
    prop::collection::vec(prop_oneof![case(), simple_case()], 0..8)
}

fn suite() -> impl Strategy<Value = SuiteMetadata> {
    let path = prop::collection::vec(prop_oneof![4 => "[ab]", 1 => text()], 0..4);
    let count = || option::of(prop_oneof![3 => 0_u64..3, 1 => any::<u64>()]);
    let started = option::of(prop_oneof![
        3 => 0..2_000_000_000_000_i64,
        1 => any::<i64>(),
    ]);
    let texts = (option::of(text()), option::of(text()), option::of(text()));
    let properties = prop::collection::vec((text(), text()), 0..3);
    let counts = (count(), count(), count(), count());
    (path, started, duration(), texts, counts, properties).prop_map(
        |(
            path,
            started,
            duration,
            (hostname, stdout, stderr),
            (tests, failures, errors, skipped),
            properties,
        )| SuiteMetadata {
            path,
            started: started.map(Timestamp::from_unix_millis),
            duration,
            hostname,
            claimed: ClaimedCounts {
                tests,
                failures,
                errors,
                skipped,
            },
            properties,
            stdout,
            stderr,
        },
    )
}

/// What a report says as a whole. The counts of its cases are left to who has them.
pub(super) fn summary() -> impl Strategy<Value = Summary> {
    let suites = prop::collection::vec(suite(), 0..5);
    let subtests = (0..3_u64, 0..3_u64, 0..3_u64);
    (
        suites,
        any::<bool>(),
        option::of(text()),
        0..3_u64,
        subtests,
    )
        .prop_map(
            |(suites, truncated, run_failure, suites_left_out, (passed, failed, flaky))| Summary {
                suites,
                truncated,
                run_failure,
                suites_left_out,
                subtests: OutcomeCounts {
                    passed,
                    failed,
                    flaky,
                    ..OutcomeCounts::default()
                },
                ..Summary::new(Format::Tap)
            },
        )
}
