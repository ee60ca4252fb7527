//! The course of one run as a pure state machine: what has happened decides what to do next.
//!
//! Time is the duration since the run began and comes in from outside, so that every order of events
//! can be tested without a process or a clock.

use std::time::Duration;

use crate::finished::Ending;
use crate::invocation::Limits;
use crate::wire::Order;

/// How long descendants that hold no pipe may take to end by themselves once the command has ended.
/// Many commands end a moment before their helpers do; this keeps them from being called leaks.
const SETTLE: Duration = Duration::from_millis(50);

/// How long after SIGKILL the descendants may still be there before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is known of one run.
#[derive(Debug)]
pub(crate) struct Course {
    limits: Limits,
    stopped_for: Option<Ending>,
    cancelled: bool,
    kill_asked: bool,
    int_sent: Option<Duration>,
    term_sent: Option<Duration>,
    kill_sent: Option<Duration>,
    ended: Option<Duration>,
    pipes_closed: Option<Duration>,
    settled: bool,
    pipe_held: bool,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Give this order to the supervisor.
    Send(Order),
    /// Wait for the next event, at most until this time.
    Wait(Option<Duration>),
    /// The run is over.
    Finish,
    /// The descendants cannot be killed.
    GiveUp,
}

impl Course {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            stopped_for: None,
            cancelled: false,
            kill_asked: false,
            int_sent: None,
            term_sent: None,
            kill_sent: None,
            ended: None,
            pipes_closed: None,
            settled: false,
            pipe_held: false,
        }
    }

    /// Decides the next step; call it again after each event and each order that was sent.
    pub(crate) fn next(&mut self, now: Duration) -> Step {
        if self.settled {
            let until = self.leftovers_until().unwrap_or(now);
            if self.pipes_closed.is_some() {
                return Step::Finish;
            }
            if until <= now {
                self.pipe_held = true;
                return Step::Finish;
            }
            return Step::Wait(Some(until));
        }
        if let Some(sent) = self.kill_sent {
            let until = sent.saturating_add(PATIENCE);
            return if until <= now {
                Step::GiveUp
            } else {
                Step::Wait(Some(until))
            };
        }
        let (kill_at, term_at, int_at) = (self.kill_due(), self.term_due(), self.int_due());
        if kill_at.is_some_and(|at| at <= now) {
            self.time_out(now);
            self.pipe_held |= self.ended.is_some() && self.pipes_closed.is_none();
            self.kill_sent = Some(now);
            return Step::Send(Order::Kill);
        }
        if term_at.is_some_and(|at| at <= now) {
            self.time_out(now);
            self.term_sent = Some(now);
            return Step::Send(Order::Terminate);
        }
        if int_at.is_some_and(|at| at <= now) {
            self.time_out(now);
            self.int_sent = Some(now);
            return Step::Send(Order::Interrupt);
        }
        Step::Wait([kill_at, term_at, int_at].into_iter().flatten().min())
    }

    /// Somebody asked for the command to stop.
    pub(crate) fn cancel(&mut self) {
        self.cancelled = true;
        self.stop_for(Ending::Cancelled);
    }

    /// Somebody asked for everything to be killed.
    pub(crate) fn kill(&mut self) {
        self.kill_asked = true;
        self.cancel();
    }

    /// The output cannot be written any more.
    pub(crate) fn output_failed(&mut self) {
        self.kill_asked = true;
    }

    /// The command itself has ended.
    pub(crate) fn command_ended(&mut self, now: Duration) {
        self.ended.get_or_insert(now);
    }

    /// Both pipes have reached their end.
    pub(crate) fn pipes_closed(&mut self, now: Duration) {
        self.pipes_closed.get_or_insert(now);
    }

    /// No descendant is left.
    pub(crate) fn settled(&mut self, now: Duration) {
        self.command_ended(now);
        self.settled = true;
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Why the command was told to stop before it ended by itself, if it was.
    pub(crate) fn stopped_for(&self) -> Option<Ending> {
        self.stopped_for
    }

    /// Whether an output pipe was still open when waiting for it was over.
    pub(crate) fn pipe_held(&self) -> bool {
        self.pipe_held
    }

    fn kill_due(&self) -> Option<Duration> {
        if self.kill_asked {
            return Some(Duration::ZERO);
        }
        let graced = self
            .term_sent
            .map(|sent| sent.saturating_add(self.limits.grace));
        match self.ended {
            // What was asked to end gets its grace, whether the command itself is still there or not.
            Some(_) if self.int_sent.is_some() => graced,
            Some(_) => graced.or_else(|| self.leftovers_until()),
            None => match (graced, self.limits.hard) {
                (Some(graced), Some(hard)) => Some(graced.min(hard)),
                (graced, hard) => graced.or(hard),
            },
        }
    }

    fn term_due(&self) -> Option<Duration> {
        if self.term_sent.is_some() {
            return None;
        }
        match (self.limits.interrupt, self.int_sent) {
            (None, _) => self.first_request_due(),
            // Also when the command itself has ended: what it left was asked, too.
            (Some(wait), Some(sent)) => Some(sent.saturating_add(wait)),
            (Some(_), None) => None,
        }
    }

    fn int_due(&self) -> Option<Duration> {
        if self.limits.interrupt.is_none() || self.int_sent.is_some() {
            return None;
        }
        self.first_request_due()
    }

    /// When a command that is still there is asked to end for the first time.
    fn first_request_due(&self) -> Option<Duration> {
        if self.ended.is_some() {
            return None;
        }
        if self.cancelled {
            Some(Duration::ZERO)
        } else {
            self.limits.soft
        }
    }

    /// Until when the leftovers of a command that has ended are waited for.
    fn leftovers_until(&self) -> Option<Duration> {
        let ended = self.ended?;
        if self.cancelled || self.kill_asked {
            return Some(ended);
        }
        let longest = ended.saturating_add(self.limits.pipe_wait);
        Some(match self.pipes_closed {
            Some(closed) => longest.min(closed.max(ended).saturating_add(SETTLE)),
            None => longest,
        })
    }

    /// Records the limit that is the reason for an order, if it is one.
    fn time_out(&mut self, now: Duration) {
        let reached = [self.limits.soft, self.limits.hard]
            .into_iter()
            .flatten()
            .min();
        if let Some(limit) = reached.filter(|limit| *limit <= now) {
            self.stop_for(Ending::TimedOut { limit });
        }
    }

    /// The first reason stays. A command that has already ended was not stopped.
    fn stop_for(&mut self, reason: Ending) {
        if self.ended.is_none() {
            self.stopped_for.get_or_insert(reason);
        }
    }
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;
