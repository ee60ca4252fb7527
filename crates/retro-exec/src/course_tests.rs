//! The course of a run, event by event.

use std::time::Duration;

use proptest::prelude::*;

use super::{Course, PATIENCE, SETTLE, Step};
use crate::finished::Ending;
use crate::invocation::Limits;
use crate::wire::Order;

const KILL: Step = Step::Send(Order::Kill);
const INT: Step = Step::Send(Order::Interrupt);
const TERM: Step = Step::Send(Order::Terminate);

#[derive(Debug, Clone, Copy)]
enum Event {
    Cancel,
    Kill,
    OutputFailed,
    Ended,
    PipesClosed,
    Settled,
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn wait(until: Duration) -> Step {
    Step::Wait(Some(until))
}

fn limits(soft: Option<u64>, hard: Option<u64>) -> Limits {
    Limits {
        soft: soft.map(s),
        hard: hard.map(s),
        ..Limits::default()
    }
}

fn apply(course: &mut Course, event: Event, now: Duration) {
    match event {
        Event::Cancel => course.cancel(),
        Event::Kill => course.kill(),
        Event::OutputFailed => course.output_failed(),
        Event::Ended => course.command_ended(now),
        Event::PipesClosed => course.pipes_closed(now),
        Event::Settled => course.settled(now),
    }
}

/// Plays events and looks at times in turn, and compares each step with the expected one.
#[track_caller]
fn check(
    limits: Limits,
    script: &[(Option<Event>, Duration, Step)],
    stopped_for: Option<Ending>,
) -> Course {
    let mut course = Course::new(limits);
    for (index, (event, now, expected)) in script.iter().enumerate() {
        if let Some(event) = event {
            apply(&mut course, *event, *now);
        }
        assert_eq!(course.next(*now), *expected, "step {index} of {script:?}");
    }
    assert_eq!(course.stopped_for(), stopped_for);
    course
}

#[test]
fn a_quick_command_waits_for_its_end_only() {
    let course = check(
        limits(None, None),
        &[
            (None, s(0), Step::Wait(None)),
            (Some(Event::PipesClosed), s(1), Step::Wait(None)),
            (Some(Event::Settled), s(1), Step::Finish),
        ],
        None,
    );
    assert!(!course.pipe_held());
}

#[test]
fn a_soft_limit_terminates_and_kills_after_the_grace() {
    check(
        limits(Some(60), None),
        &[
            (None, s(0), wait(s(60))),
            (None, s(60), TERM),
            (None, s(60), wait(s(70))),
            (None, s(70), KILL),
            (None, s(70), wait(s(70) + PATIENCE)),
            (Some(Event::Settled), s(71), wait(s(72))),
            (Some(Event::PipesClosed), s(71), Step::Finish),
        ],
        Some(Ending::TimedOut { limit: s(60) }),
    );
}

#[test]
fn a_hard_limit_kills_at_once_also_in_the_middle_of_a_grace() {
    check(
        limits(None, Some(5)),
        &[(None, s(0), wait(s(5))), (None, s(5), KILL)],
        Some(Ending::TimedOut { limit: s(5) }),
    );
    check(
        limits(Some(4), Some(5)),
        &[
            (None, s(4), TERM),
            (None, s(4), wait(s(5))),
            (None, s(5), KILL),
        ],
        Some(Ending::TimedOut { limit: s(4) }),
    );
}

#[test]
fn a_cancelled_command_gets_its_grace_and_a_kill_cuts_it_short() {
    check(
        limits(Some(60), None),
        &[
            (Some(Event::Cancel), s(3), TERM),
            (None, s(3), wait(s(13))),
            (Some(Event::Kill), s(4), KILL),
        ],
        Some(Ending::Cancelled),
    );
}

#[test]
fn an_interrupt_comes_first_where_it_is_asked_for() {
    let limits = || Limits {
        interrupt: Some(s(5)),
        ..limits(Some(60), Some(100))
    };
    check(
        limits(),
        &[
            (None, s(0), wait(s(60))),
            (None, s(60), INT),
            (None, s(60), wait(s(65))),
            (None, s(65), TERM),
            (None, s(65), wait(s(75))),
            (None, s(75), KILL),
        ],
        Some(Ending::TimedOut { limit: s(60) }),
    );
    check(
        limits(),
        &[
            (Some(Event::Cancel), s(3), INT),
            (Some(Event::Kill), s(4), KILL),
        ],
        Some(Ending::Cancelled),
    );
}

#[test]
fn a_hard_limit_kills_also_between_interrupt_and_term() {
    check(
        Limits {
            interrupt: Some(s(5)),
            ..limits(Some(4), Some(6))
        },
        &[
            (None, s(4), INT),
            (None, s(4), wait(s(6))),
            (None, s(6), KILL),
        ],
        Some(Ending::TimedOut { limit: s(4) }),
    );
}

#[test]
fn descendants_that_were_interrupted_are_terminated_after_the_command_ended() {
    check(
        Limits {
            interrupt: Some(s(5)),
            ..limits(None, None)
        },
        &[
            (Some(Event::Cancel), s(3), INT),
            (Some(Event::Ended), s(4), wait(s(8))),
            (None, s(8), TERM),
            (None, s(8), wait(s(18))),
            (None, s(18), KILL),
        ],
        Some(Ending::Cancelled),
    );
}

#[test]
fn a_cancellation_during_the_grace_of_a_limit_stays_a_time_out() {
    check(
        limits(Some(60), None),
        &[
            (None, s(60), TERM),
            (Some(Event::Cancel), s(61), wait(s(70))),
        ],
        Some(Ending::TimedOut { limit: s(60) }),
    );
}

#[test]
fn descendants_that_were_terminated_keep_their_grace_after_the_command_ended() {
    check(
        limits(Some(60), None),
        &[
            (None, s(60), TERM),
            (Some(Event::Ended), s(61), wait(s(70))),
            (None, s(70), KILL),
        ],
        Some(Ending::TimedOut { limit: s(60) }),
    );
}

#[test]
fn a_held_pipe_is_waited_for_and_reported() {
    let course = check(
        limits(Some(60), None),
        &[
            (Some(Event::Ended), s(2), wait(s(3))),
            (None, s(3), KILL),
            (Some(Event::Settled), s(3), Step::Finish),
        ],
        None,
    );
    assert!(course.pipe_held());
}

#[test]
fn descendants_without_a_pipe_have_a_moment_to_end() {
    let course = check(
        limits(None, None),
        &[
            (Some(Event::PipesClosed), s(1), Step::Wait(None)),
            (Some(Event::Ended), s(2), wait(s(2) + SETTLE)),
            (None, s(2) + SETTLE, KILL),
            (Some(Event::Settled), s(3), Step::Finish),
        ],
        None,
    );
    assert!(!course.pipe_held());
}

#[test]
fn a_pipe_held_from_outside_the_tree_does_not_hold_the_caller() {
    let course = check(
        limits(None, None),
        &[
            (Some(Event::Settled), s(2), wait(s(3))),
            (None, s(3), Step::Finish),
        ],
        None,
    );
    assert!(course.pipe_held());
}

#[test]
fn a_command_that_had_ended_is_not_called_cancelled() {
    check(
        limits(None, None),
        &[
            (Some(Event::Ended), s(2), wait(s(3))),
            (Some(Event::Cancel), s(2), KILL),
        ],
        None,
    );
}

#[test]
fn output_that_cannot_be_written_kills_without_a_reason_of_its_own() {
    check(
        limits(None, None),
        &[(Some(Event::OutputFailed), s(2), KILL)],
        None,
    );
}

#[test]
fn descendants_that_survive_sigkill_are_given_up() {
    check(
        limits(None, Some(1)),
        &[(None, s(1), KILL), (None, s(1) + PATIENCE, Step::GiveUp)],
        Some(Ending::TimedOut { limit: s(1) }),
    );
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Cancel),
        Just(Event::Kill),
        Just(Event::OutputFailed),
        Just(Event::Ended),
        Just(Event::PipesClosed),
        Just(Event::Settled),
    ]
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let time = || proptest::option::of((0u64..50).prop_map(s));
    let times = (time(), time(), time(), 0u64..20, 0u64..5);
    times.prop_map(|(soft, hard, interrupt, grace, pipe_wait)| Limits {
        soft,
        hard,
        interrupt,
        grace: s(grace),
        pipe_wait: s(pipe_wait),
        ..Limits::default()
    })
}

proptest! {
    /// Whatever happens in whatever order: a run waits without a deadline only while the command is
    /// running without limits and nobody asked for its end; orders are given once each, INT before TERM
    /// before KILL; and waiting until each deadline always comes to an end.
    #[test]
    fn no_run_waits_for_ever(
        limits in any_limits(),
        events in proptest::collection::vec((any_event(), 0u64..10), 0..12),
    ) {
        let limited = limits.soft.is_some() || limits.hard.is_some();
        let mut course = Course::new(limits);
        let (mut now, mut orders) = (Duration::ZERO, Vec::new());
        let (mut ended, mut asked) = (false, false);
        let mut events = events.into_iter();
        for _ in 0..200 {
            let step = course.next(now);
            match step {
                Step::Send(order) => orders.push(order),
                Step::Finish | Step::GiveUp => break,
                Step::Wait(until) => match (events.next(), until) {
                    (Some((event, later)), _) => {
                        now += s(later);
                        ended |= matches!(event, Event::Ended | Event::Settled);
                        asked |= matches!(event, Event::Cancel | Event::Kill | Event::OutputFailed);
                        apply(&mut course, event, now);
                    }
                    (None, Some(until)) => {
                        prop_assert!(until > now, "{until:?} is not after {now:?}");
                        now = until;
                    }
                    (None, None) => {
                        prop_assert!(!limited && !ended && !asked);
                        return Ok(());
                    }
                },
            }
        }
        prop_assert!(matches!(course.next(now), Step::Finish | Step::GiveUp));
        let rank = |order: &Order| [Order::Interrupt, Order::Terminate, Order::Kill]
            .iter()
            .position(|one| one == order);
        prop_assert!(orders.is_sorted_by(|one, next| rank(one) < rank(next)), "{orders:?}");
    }
}
