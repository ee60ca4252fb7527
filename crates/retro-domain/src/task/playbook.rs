//! Playbooks: commands of a project's own around the phases of its task runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::outcome::PhaseOutcome;
use super::phase::TaskPhase;
use crate::CommandLine;

/// What a project runs beside the phases of a task run, in the order in which it is written.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Playbook {
    /// A line for people.
    pub description: Option<String>,
    /// The steps. Their names are distinct.
    pub steps: Vec<PlaybookStep>,
}

/// One command of a playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaybookStep {
    /// What conditions, events and logs call it: letters, digits, `-` and `_`.
    pub name: String,
    /// When it is its turn.
    pub hook: Hook,
    /// What must hold for it to be run; all of it.
    pub conditions: Vec<Condition>,
    /// What is run.
    pub command: CommandLine,
    /// Where it runs, relative to the work tree's root; empty for the root itself.
    pub work_dir: String,
    /// Names of environment variables that it may see; a trailing `*` stands for any ending.
    pub env_allow: Vec<String>,
    /// Environment variables that it always sees with these values.
    pub env: BTreeMap<String, String>,
    /// How long one try may take; what is left of the run's time unless set.
    pub timeout: Option<Duration>,
    /// How often it is tried again after it failed.
    pub retries: u32,
    /// Whether its failure ends the hook, and makes the phase fail with it.
    pub fail_fast: bool,
}

/// A place in a run where steps have their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hook {
    /// The phase.
    pub phase: TaskPhase,
    /// Which side of it.
    pub side: HookSide,
}

/// A side of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookSide {
    /// Before the phase is done.
    Before,
    /// After it went well.
    After,
}

/// Something that must hold for a step to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A path of the work tree leads to something.
    FileIsThere(String),
    /// A path of the work tree leads to nothing.
    FileIsMissing(String),
    /// A variable has this value.
    VariableIs(String, String),
    /// A variable has a value that is not empty.
    VariableIsSet(String),
    /// A variable has no value, or an empty one.
    VariableIsUnset(String),
    /// An earlier step ended like this.
    StepIs(String, StepOutcome),
}

/// How a step ended, after all its tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepOutcome {
    /// Its command did what it should.
    Passed,
    /// Its command failed.
    Failed,
    /// git-retro could not run its command.
    Broken,
    /// Its time was up.
    TimedOut,
    /// Somebody stopped the run.
    Interrupted,
    /// It was not run.
    Skipped,
}

impl StepOutcome {
    /// Every outcome.
    pub const ALL: [Self; 6] = [
        Self::Passed,
        Self::Failed,
        Self::Broken,
        Self::TimedOut,
        Self::Interrupted,
        Self::Skipped,
    ];

    /// The stable lower-case name, such as `timed_out`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Broken => "broken",
            Self::TimedOut => "timed_out",
            Self::Interrupted => "interrupted",
            Self::Skipped => "skipped",
        }
    }

    /// The outcome with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// Whether what comes after may go on as if nothing was wrong.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Passed | Self::Skipped)
    }
}

impl Hook {
    /// A hook, as `before push` is one.
    pub const fn new(side: HookSide, phase: TaskPhase) -> Self {
        Self { phase, side }
    }

    /// Whether a step can have its turn here: there must be a work tree.
    pub fn has_work_tree(self) -> bool {
        match self.phase {
            TaskPhase::Validate => false,
            TaskPhase::Prepare => self.side == HookSide::After,
            TaskPhase::CleanUp => self.side == HookSide::Before,
            _ => true,
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            HookSide::Before => "before",
            HookSide::After => "after",
        };
        write!(f, "{side} {}", self.phase.name())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileIsThere(path) => write!(f, "{path:?} is there"),
            Self::FileIsMissing(path) => write!(f, "{path:?} is not there"),
            Self::VariableIs(name, value) => write!(f, "{name} is {value:?}"),
            Self::VariableIsSet(name) => write!(f, "{name} is set"),
            Self::VariableIsUnset(name) => write!(f, "{name} is not set"),
            Self::StepIs(name, outcome) => {
                write!(f, "{name} ended as {}", outcome.name().replace('_', "-"))
            }
        }
    }
}

/// What conditions are held against.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StepFacts {
    /// Those of [`PlaybookStep::files`] that are there.
    pub files: BTreeSet<String>,
    /// The variables that the step's command would see.
    pub variables: BTreeMap<String, String>,
    /// How steps ended that had their turn.
    pub outcomes: BTreeMap<String, StepOutcome>,
    /// Whether somebody stopped the run.
    pub is_stopped: bool,
}

/// What becomes of a step when it is its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepCourse {
    /// It is run.
    Run,
    /// It is not; why.
    Skip(StepSkip),
}

/// Why a step is not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepSkip {
    /// Somebody stopped the run.
    Stopped,
    /// This one before it at the same hook failed, and ends the hook.
    After(String),
    /// This does not hold.
    Unless(Condition),
}

impl fmt::Display for StepSkip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the run was stopped"),
            Self::After(step) => write!(f, "the step {step} failed"),
            Self::Unless(condition) => write!(f, "it is not so that {condition}"),
        }
    }
}

impl PlaybookStep {
    /// The paths that its conditions look at, relative to the work tree's root.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().filter_map(|one| match one {
            Condition::FileIsThere(path) | Condition::FileIsMissing(path) => Some(path.as_str()),
            _ => None,
        })
    }

    /// Whether it is tried again when a try, the `tries`-th from 1, ended like this.
    pub fn tries_again(&self, tries: u32, outcome: StepOutcome) -> bool {
        use StepOutcome as O;
        tries <= self.retries && matches!(outcome, O::Failed | O::Broken | O::TimedOut)
    }

    fn broken_condition(&self, facts: &StepFacts) -> Option<&Condition> {
        let value = |name: &str| facts.variables.get(name).filter(|value| !value.is_empty());
        self.conditions.iter().find(|condition| {
            let holds = match condition {
                Condition::FileIsThere(path) => facts.files.contains(path),
                Condition::FileIsMissing(path) => !facts.files.contains(path),
                Condition::VariableIs(name, expected) => {
                    facts.variables.get(name) == Some(expected)
                }
                Condition::VariableIsSet(name) => value(name).is_some(),
                Condition::VariableIsUnset(name) => value(name).is_none(),
                Condition::StepIs(name, expected) => facts.outcomes.get(name) == Some(expected),
            };
            !holds
        })
    }
}

impl Playbook {
    /// The steps of a hook, in order.
    pub fn steps_at(&self, hook: Hook) -> impl Iterator<Item = &PlaybookStep> {
        self.steps.iter().filter(move |step| step.hook == hook)
    }

    /// The next step at a hook: the first that has no outcome yet. None when the hook is over. A
    /// runner that takes over a lost one's run goes on here, with the outcomes that were stored.
    pub fn next_step(
        &self,
        hook: Hook,
        outcomes: &BTreeMap<String, StepOutcome>,
    ) -> Option<&PlaybookStep> {
        self.steps_at(hook)
            .find(|step| !outcomes.contains_key(&step.name))
    }

    /// What becomes of a step. A condition on a step that had no turn yet does not hold.
    pub fn course(&self, step: &PlaybookStep, facts: &StepFacts) -> StepCourse {
        if facts.is_stopped {
            return StepCourse::Skip(StepSkip::Stopped);
        }
        let earlier = self
            .steps_at(step.hook)
            .take_while(|other| other.name != step.name);
        for other in earlier {
            let outcome = facts.outcomes.get(&other.name);
            if other.fail_fast && outcome.is_some_and(|outcome| !outcome.is_good()) {
                return StepCourse::Skip(StepSkip::After(other.name.clone()));
            }
        }
        match step.broken_condition(facts) {
            Some(condition) => StepCourse::Skip(StepSkip::Unless(condition.clone())),
            None => StepCourse::Run,
        }
    }

    /// What the steps of a hook mean for its phase, by the first that is not good and counts. A failure
    /// of a step that does not fail fast counts for nothing; an interruption always counts.
    ///
    /// Before a phase, what is not good takes the place of the phase; after it, of its outcome.
    pub fn verdict(&self, hook: Hook, outcomes: &BTreeMap<String, StepOutcome>) -> PhaseOutcome {
        let mut was_run = false;
        for step in self.steps_at(hook) {
            let name = &step.name;
            match outcomes.get(name) {
                None | Some(StepOutcome::Skipped) => continue,
                Some(StepOutcome::Interrupted) => return PhaseOutcome::Interrupted,
                Some(StepOutcome::Failed) if step.fail_fast => {
                    return PhaseOutcome::Failed(format!("the step {name} ({hook}) failed"));
                }
                Some(StepOutcome::Broken) if step.fail_fast => {
                    return PhaseOutcome::Broken(format!(
                        "the command of the step {name} ({hook}) could not be run"
                    ));
                }
                Some(StepOutcome::TimedOut) if step.fail_fast => return PhaseOutcome::TimedOut,
                Some(_) => was_run = true,
            }
        }
        match was_run {
            true => PhaseOutcome::Done,
            false => PhaseOutcome::NothingToDo,
        }
    }
}

#[cfg(test)]
#[path = "playbook_tests.rs"]
mod tests;
