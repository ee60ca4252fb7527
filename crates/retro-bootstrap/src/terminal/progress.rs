//! Progress on standard error: live lines on a terminal, plain ones elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use retro_domain::{CommitId, Event, EventKind, OutcomeCounts, Verdict};
use retro_workflow::{EventSink, Plan};

use super::{Paint, clip, duration, one_line, say};
use crate::config::Verbosity;

/// Shows the events of a run.
pub struct Progress {
    verbosity: Verbosity,
    paint: Paint,
    subjects: HashMap<CommitId, String>,
    total: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    done: usize,
    bars: Option<Bars>,
}

struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    workers: Vec<ProgressBar>,
}

/// Shows a plan's work on standard error: live lines, one for each of so many workers, when it is a
/// terminal and nobody asked for quiet.
pub fn progress(plan: &Plan, workers: usize, verbosity: Verbosity, paint: Paint) -> Arc<Progress> {
    let subjects = plan.commits.iter();
    let subjects = subjects
        .map(|commit| (commit.commit, one_line(&commit.summary)))
        .collect();
    let total = plan.jobs.len();
    let live = verbosity != Verbosity::Quiet && total > 0 && std::io::stderr().is_terminal();
    let bars = live.then(|| Bars::new(total, workers));
    let state = Mutex::new(State { done: 0, bars });
    Arc::new(Progress {
        verbosity,
        paint,
        subjects,
        total,
        state,
    })
}

const WITHOUT_ESTIMATE: &str = "{bar:30} {pos}/{len} commits, {elapsed} so far  {msg}";
const WITH_ESTIMATE: &str = "{bar:30} {pos}/{len} commits, {elapsed} so far, {eta} left  {msg}";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Bars {
    fn new(total: usize, workers: usize) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let length = u64::try_from(total).unwrap_or(u64::MAX);
        let bar = all.add(ProgressBar::new(length));
        bar.set_style(style(WITHOUT_ESTIMATE));
        bar.enable_steady_tick(Duration::from_millis(250));
        let workers = (0..workers)
            .map(|_| {
                let line = all.add(ProgressBar::new_spinner());
                line.set_style(style("  {spinner} {wide_msg}"));
                line.enable_steady_tick(Duration::from_millis(250));
                line
            })
            .collect();
        Self {
            all,
            total: bar,
            workers,
        }
    }
}

impl Progress {
    /// Takes the live lines away; what follows on standard error is not overwritten.
    pub fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bars) = state.bars.take() {
            for line in &bars.workers {
                line.finish_and_clear();
            }
            bars.total.finish_and_clear();
        }
    }

    fn commit(&self, commit: &CommitId) -> String {
        let subject = self.subjects.get(commit).map_or("", String::as_str);
        format!("{} {}", self.paint.id(commit.short()), clip(subject, 50))
    }

    fn ended(&self, state: &mut State, commit: &CommitId, worker: u32, how: &str) {
        state.done += 1;
        let line = format!(
            "[{}/{}] {how}  {}",
            state.done,
            self.total,
            self.commit(commit)
        );
        match &state.bars {
            None => self.say(state, &line),
            Some(bars) => {
                if state.done == 1 {
                    bars.total.set_style(style(WITH_ESTIMATE));
                }
                bars.total.inc(1);
                if let Some(bar) = usize::try_from(worker)
                    .ok()
                    .and_then(|w| bars.workers.get(w))
                {
                    bar.set_message("");
                }
                if matches!(self.verbosity, Verbosity::Verbose | Verbosity::Debug) {
                    self.say(state, &line);
                }
            }
        }
    }

    fn say(&self, state: &State, line: &str) {
        match &state.bars {
            Some(bars) => drop(bars.all.println(line)),
            None if self.verbosity != Verbosity::Quiet => say(line),
            None => {}
        }
    }

    fn outcome(&self, verdict: &Verdict, counts: &OutcomeCounts, took: Duration) -> String {
        let name = match verdict {
            Verdict::Passed => self.paint.good("passed"),
            Verdict::TestsFailed => self.paint.bad("failed"),
            Verdict::Untestable(_) => self.paint.doubtful("untestable"),
            Verdict::TimedOut => self.paint.doubtful("timed out"),
        };
        let failed_command = *verdict == Verdict::TestsFailed && counts.failures() == 0;
        let tests = match (counts.total(), counts.failures()) {
            (0, _) => String::new(),
            (total, 0) if failed_command => format!(", no test of {total}: the command itself,"),
            (1, 0) => " 1 test".to_owned(),
            (total, 0) => format!(" {total} tests"),
            (total, failed) => format!(" {failed} of {total} tests"),
        };
        format!("{name}{tests} in {}", duration(took))
    }
}

impl EventSink for Progress {
    fn event(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.kind {
            EventKind::JobPhase {
                commit,
                worker,
                phase,
            } => {
                let index = usize::try_from(*worker).unwrap_or(usize::MAX);
                let bars = state.bars.as_ref();
                if let Some(bar) = bars.and_then(|bars| bars.workers.get(index)) {
                    bar.set_message(format!("{:<8} {}", phase.name(), self.commit(commit)));
                } else if self.verbosity == Verbosity::Debug {
                    self.say(
                        &state,
                        &format!("worker {worker}: {} {}", phase.name(), self.commit(commit)),
                    );
                }
            }
            EventKind::JobFinished {
                commit,
                worker,
                verdict,
                counts,
                took,
            } => {
                let how = self.outcome(verdict, counts, *took);
                self.ended(&mut state, commit, *worker, &how);
            }
            EventKind::JobFailed {
                commit,
                worker,
                reason,
            } => {
                let how = format!("{}: {}", self.paint.bad("not done"), one_line(reason));
                self.ended(&mut state, commit, *worker, &how);
            }
            EventKind::JobHandedBack { commit, worker } => {
                let how = self.paint.doubtful("handed back");
                self.ended(&mut state, commit, *worker, &how);
            }
            EventKind::Warning { message } => {
                let line = format!("{} {}", self.paint.doubtful("warning:"), one_line(message));
                self.say(&state, &line);
            }
            EventKind::RunStarted { .. }
            | EventKind::JobStarted { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }
}
