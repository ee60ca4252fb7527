//! The search itself: runs in, the next runs and answers out.

use super::answer::{Answer, Nothing, Suspects, Unresolved};
use super::belief::{Assumptions, Belief, believe, best_of_each};
use super::choice::{Outlook, choose, worth_of_running};
use super::classes::{Class, Classes};
use super::evidence::{Counted, Ended, Ledger, Run};
use super::rates::Rates;
use super::second_change::second_change;
use super::verification::missing_runs;
use super::{Kind, Range, Settings, Spent};

/// One thing asked.
#[derive(Clone, PartialEq, Debug)]
pub struct Question {
    /// The test, by the caller's index.
    pub test: usize,
    /// What about it.
    pub kind: Kind,
    /// By commit: how likely each is beforehand, on any scale; empty for all alike.
    pub prior: Vec<f64>,
}

/// A commit to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pick {
    /// The commit.
    pub commit: usize,
    /// Whether it must run in a clean slot, with nothing left over from another commit.
    pub clean: bool,
    /// Why.
    pub reason: Reason,
}

/// Why a commit is to be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Its result is worth most.
    Search,
    /// A blame is verified: that of the question with this index.
    Verify(usize),
}

/// What to do next.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Step {
    /// What idle workers should run. Empty while runs are under way means: wait for them.
    pub picks: Vec<Pick>,
    /// Indices into the running picks of those that have become irrelevant.
    pub cancel: Vec<usize>,
    /// Whether every question has its answer.
    pub done: bool,
}

/// A search for the answers to any number of questions over one range.
///
/// All of its state follows from the runs recorded, in their order: to resume, record them again.
#[derive(Clone, Debug)]
pub struct Search {
    range: Range,
    settings: Settings,
    asked: Vec<Asked>,
    counted: Counted,
    classes: Classes,
    spent: Spent,
}

#[derive(Clone, Debug)]
struct Asked {
    question: Question,
    ledger: Ledger,
    assumed: Assumptions,
    belief: Belief,
    refuted: Vec<usize>,
    accused: Option<usize>,
    answer: Option<Answer>,
}

/// The chance beforehand that nothing changed: for what is said to be so for good, and for the rest.
const NOTHING_IF_FOR_GOOD: f64 = 0.15;
const NOTHING_OTHERWISE: f64 = 0.35;
/// The chance that a stretch of time turns bad.
const BAD_BEGINS: f64 = 0.01;
/// From this probability on a suspect stands accused, and its verification begins.
const ACCUSED_FROM: f64 = 0.8;
/// What an answer needs beyond the confidence asked for.
#[derive(Clone, Copy)]
struct Bar {
    /// The remaining doubt, as a share of what the confidence leaves.
    doubt: f64,
    /// How clearly the clean runs at the culprit and behind it must speak by themselves, as a share of
    /// the odds that the confidence stands for.
    local: f64,
}

/// Where every result fits.
const WHERE_ALL_FITS: Bar = Bar {
    doubt: 0.7,
    local: 1.25,
};
/// Where the test is flaky by nature of the question.
const WHERE_FLAKY: Bar = Bar {
    doubt: 0.15,
    local: 0.5,
};
/// Where a test said to break for good has shown both outcomes on one side: it may well be something
/// else than what was asked.
const WHERE_MIXED: Bar = Bar {
    doubt: 0.2,
    local: 1.25,
};
/// Where, besides, the results look as if there were two changes.
const WHERE_TWO: Bar = Bar {
    doubt: 0.2,
    local: 10.0,
};
/// The doubt that "nothing changed" may leave, as a share of what the confidence leaves: a small change
/// looks like none for long.
const DOUBT_OF_NOTHING: f64 = 0.1;
/// The logarithm of the odds from which a second change is told.
const SECOND_FROM: f64 = 3.0;
/// From this probability on, runs beside a suspect are clean, so that they count towards verification.
const CLEAN_FROM: f64 = 0.2;
/// A running commit that is worth less than this share of the best is irrelevant.
const IRRELEVANT: f64 = 0.1;

impl Search {
    /// A search that knows nothing yet.
    pub fn new(range: Range, questions: Vec<Question>, settings: Settings) -> Self {
        let counted = Counted::new(&range);
        let asked = questions
            .into_iter()
            .map(|question| Asked::new(&range, question))
            .collect();
        Self {
            classes: Classes::of(&range, &counted),
            range,
            settings,
            asked,
            counted,
            spent: Spent::default(),
        }
    }

    /// Takes a stored result as evidence, free of charge. To be called before the first step.
    pub fn recall(&mut self, run: &Run) {
        self.count(run, false);
    }

    /// Takes the result of a run that was made for this search. Counted once, whatever it says.
    pub fn record(&mut self, run: &Run, minutes: f64, cost: f64) {
        self.spent.runs += 1;
        self.spent.minutes += minutes;
        self.spent.cost += cost;
        self.count(run, true);
    }

    fn count(&mut self, run: &Run, decide: bool) {
        if run.commit >= self.range.len() || !self.counted.first_time(run) {
            return;
        }
        match &run.ended {
            Ended::Trouble => return,
            Ended::Untestable => {
                if self.counted.tested[run.commit] || self.counted.untestable[run.commit] {
                    return;
                }
                self.counted.untestable[run.commit] = true;
                self.classes = Classes::of(&self.range, &self.counted);
            }
            Ended::Ran(signs) => {
                self.counted.tested[run.commit] = true;
                if std::mem::replace(&mut self.counted.untestable[run.commit], false) {
                    self.classes = Classes::of(&self.range, &self.counted);
                }
                for (asked, sign) in self.asked.iter_mut().zip(signs) {
                    if let Some(sign) = *sign {
                        let ledger = &mut asked.ledger;
                        ledger.add(&self.range, run.commit, sign, run.window, run.clean);
                        if decide || asked.belief.by_commit.is_empty() {
                            asked.belief = believe(&self.range, ledger, &asked.assumed);
                        } else {
                            asked.belief.by_commit.clear();
                        }
                    }
                }
            }
        }
        if decide {
            self.refresh();
            self.decide();
        }
    }

    fn refresh(&mut self) {
        for asked in &mut self.asked {
            if asked.belief.by_commit.is_empty() {
                asked.belief = believe(&self.range, &asked.ledger, &asked.assumed);
            }
        }
    }

    /// What to run on `workers` idle workers. `minutes` says what a run of a commit takes: less where
    /// a slot is warm.
    pub fn next(
        &mut self,
        workers: usize,
        running: &[Pick],
        minutes: &dyn Fn(usize) -> f64,
    ) -> Step {
        self.refresh();
        self.decide();
        let mut step = Step::default();
        let mut open: Vec<&Belief> = Vec::new();
        let mut accused = Vec::new();
        for (index, asked) in self.asked.iter().enumerate() {
            if asked.answer.is_some() {
                continue;
            }
            let missing = self.missing(asked);
            if missing.is_empty() {
                open.push(&asked.belief);
            }
            accused.extend(missing.into_iter().map(|commit| (index, commit)));
        }
        if open.is_empty() && accused.is_empty() {
            step.done = true;
            step.cancel = (0..running.len()).collect();
            return step;
        }
        let mut left = workers.min(self.settings.budget.runs_left(&self.spent, running.len()));
        let mut under_way: Vec<usize> = running
            .iter()
            .filter(|pick| pick.clean)
            .map(|pick| pick.commit)
            .collect();
        for (index, commit) in accused {
            if let Some(at) = under_way.iter().position(|&c| c == commit) {
                under_way.swap_remove(at);
            } else if left > 0 {
                left -= 1;
                step.picks.push(Pick {
                    commit,
                    clean: true,
                    reason: Reason::Verify(index),
                });
            }
        }
        let testable = self.testable();
        let cost: Vec<f64> = (0..self.range.len())
            .map(|commit| minutes(commit).max(1e-3))
            .collect();
        let outlook = Outlook {
            testable: &testable,
            cost: &cost,
        };
        let running_commits: Vec<usize> = running.iter().map(|pick| pick.commit).collect();
        let worth = worth_of_running(&self.range, &open, &running_commits, outlook);
        let needed = |pick: &Pick| matches!(pick.reason, Reason::Verify(q) if self.asked[q].answer.is_none());
        step.cancel = (0..running.len())
            .filter(|&at| worth[at] < IRRELEVANT && !needed(&running[at]))
            .collect();
        if left > 0 && !open.is_empty() {
            let kept: Vec<usize> = (0..running.len())
                .filter(|at| !step.cancel.contains(at))
                .map(|at| running_commits[at])
                .collect();
            let ends =
                |commit: usize| self.range.good().contains(&commit) || commit == self.range.bad();
            for commit in choose(&self.range, &open, &kept, outlook, left) {
                step.picks.push(Pick {
                    commit,
                    clean: ends(commit) || self.is_beside_a_likely_one(commit),
                    reason: Reason::Search,
                });
            }
        }
        if step.picks.is_empty() && running.is_empty() {
            self.give_up();
            step.done = true;
        }
        step
    }

    /// The answer to a question, once there is one.
    pub fn answer(&self, question: usize) -> Option<&Answer> {
        self.asked.get(question)?.answer.as_ref()
    }

    /// What is believed on a question now.
    ///
    /// # Panics
    ///
    /// When there is no such question.
    pub fn belief(&self, question: usize) -> &Belief {
        &self.asked[question].belief
    }

    /// Who stands accused: suspects that cannot be told apart, and the probability that it is one of them.
    pub fn accused(&self, question: usize) -> Option<(&[usize], f64)> {
        let (class, probability) = self.class_accused(self.asked.get(question)?)?;
        Some((&class.members, probability))
    }

    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// The range.
    pub fn range(&self) -> &Range {
        &self.range
    }

    /// The class that stands accused, and its probability.
    fn class_accused(&self, asked: &Asked) -> Option<(&Class, f64)> {
        let from = ACCUSED_FROM.min(self.settings.confidence);
        self.classes
            .likeliest(&asked.belief.by_commit)
            .filter(|(class, share)| *share >= from && class.shows_at.is_some())
    }

    fn missing(&self, asked: &Asked) -> Vec<usize> {
        let Some((class, _)) = self.class_accused(asked) else {
            return Vec::new();
        };
        let expected = asked.rates(class);
        let odds = asked.bar(&self.range, class).local / (1.0 - self.settings.confidence);
        let rates = &asked.assumed.rates;
        missing_runs(&self.range, &asked.ledger, rates, class, expected, odds)
    }

    fn is_beside_a_likely_one(&self, commit: usize) -> bool {
        self.asked.iter().any(|asked| {
            let beside =
                |class: &Class| class.shows_at == Some(commit) || class.behind.contains(&commit);
            let mut likely = self.classes.at_least(&asked.belief.by_commit, CLEAN_FROM);
            likely.any(beside)
        })
    }

    fn decide(&mut self) {
        for index in 0..self.asked.len() {
            let asked = &self.asked[index];
            if asked.answer.is_some() {
                continue;
            }
            let accused = self.class_accused(asked);
            let first = accused.map(|(class, _)| class.members[0]);
            let answer = self.conclude(asked, accused);
            let asked = &mut self.asked[index];
            // Who stood accused and no longer does was refuted by the runs since.
            if let Some(before) = asked.accused.filter(|_| first != asked.accused)
                && !asked.refuted.contains(&before)
            {
                asked.refuted.push(before);
            }
            asked.accused = first;
            asked.answer = answer;
        }
    }

    fn conclude(&self, asked: &Asked, accused: Option<(&Class, f64)>) -> Option<Answer> {
        let confidence = self.settings.confidence;
        let belief = &asked.belief;
        let doubt = (1.0 - confidence) * DOUBT_OF_NOTHING;
        if belief.not_so() >= 1.0 - doubt
            && asked.ledger.clean[self.range.bad()].total() > 0
            && self.rules_out_every_change(asked, doubt)
        {
            let rate =
                f64::from(asked.ledger.total.new) / f64::from(asked.ledger.total.total().max(1));
            return Some(Answer::NothingChanged(Nothing {
                probability: belief.not_so(),
                lesser: belief.lesser,
                rate,
            }));
        }
        let (class, probability) = accused?;
        let doubt = (1.0 - confidence) * asked.bar(&self.range, class).doubt;
        if probability < 1.0 - doubt
            || !self.missing(asked).is_empty()
            || !self.stands_out(asked, class, doubt)
        {
            return None;
        }
        let shows_at = class.shows_at?;
        let tally = |commit: usize| (commit, asked.ledger.tallies[commit]);
        Some(Answer::Culprit(Suspects {
            commits: class.members.clone(),
            probability,
            rates: asked.rates(class),
            shows: tally(shows_at),
            behind: class.behind.iter().map(|&c| tally(c)).collect(),
            refuted: asked.refuted.clone(),
            also: second_change(&self.range, &asked.ledger, &class.members, SECOND_FROM),
        }))
    }

    /// Whether "it is not so" also beats each change asked about by itself.
    fn rules_out_every_change(&self, asked: &Asked, doubt: f64) -> bool {
        let best = best_of_each(&self.range, &asked.ledger, &asked.assumed, &[]);
        best.nothing.max(best.lesser) - best.asked >= log_odds_against(doubt)
    }

    /// Whether the class also beats every other answer at its best.
    fn stands_out(&self, asked: &Asked, class: &Class, doubt: f64) -> bool {
        let best = best_of_each(&self.range, &asked.ledger, &asked.assumed, &class.members);
        best.named - best.nothing.max(best.others) >= log_odds_against(doubt)
    }

    fn give_up(&mut self) {
        for index in 0..self.asked.len() {
            if self.asked[index].answer.is_none() {
                let answer = self.unresolved(&self.asked[index]);
                self.asked[index].answer = Some(Answer::NotResolvable(answer));
            }
        }
    }

    fn unresolved(&self, asked: &Asked) -> Unresolved {
        let belief = &asked.belief;
        let (testable, cost) = (self.testable(), vec![1.0; self.range.len()]);
        let outlook = Outlook {
            testable: &testable,
            cost: &cost,
        };
        let gain = super::choice::best_gain(&self.range, &[belief], outlook);
        let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
        let open: f64 =
            belief.by_commit.iter().map(|&p| part(p)).sum::<f64>() + part(belief.not_so());
        let runs = self.spent.runs;
        let would_need =
            (gain > 1e-6).then(|| runs.saturating_add((1.5 * open / gain).ceil() as u32));
        Unresolved {
            within: self.settings.budget.runs.unwrap_or(runs),
            would_need,
            suspects: self
                .classes
                .credible(&belief.by_commit, self.settings.confidence),
            likeliest: belief.likeliest(),
            not_so: belief.not_so(),
            refuted: asked.refuted.clone(),
        }
    }

    /// By commit: the chance that it can be tested, by its nearest known neighbours.
    fn testable(&self) -> Vec<f64> {
        let Counted {
            untestable, tested, ..
        } = &self.counted;
        let mut chance = vec![0.98_f64; self.range.len()];
        let mut spread_from = |order: &mut dyn Iterator<Item = usize>| {
            let mut away: Option<i32> = None;
            for commit in order {
                if untestable[commit] {
                    away = Some(0);
                } else if tested[commit] {
                    away = None;
                } else if let Some(steps) = &mut away {
                    *steps += 1;
                    chance[commit] = chance[commit].min(1.0 - 0.6 * 0.85_f64.powi(*steps - 1));
                }
            }
        };
        spread_from(&mut (0..self.range.len()));
        spread_from(&mut (0..self.range.len()).rev());
        for (commit, chance) in chance.iter_mut().enumerate() {
            if untestable[commit] {
                *chance = 0.0;
            } else if tested[commit] {
                *chance = 1.0;
            }
        }
        chance
    }
}

fn log_odds_against(doubt: f64) -> f64 {
    ((1.0 - doubt) / doubt).ln()
}

impl Asked {
    fn new(range: &Range, question: Question) -> Self {
        let weight = |commit: usize| {
            if range.is_suspect(commit) {
                question.prior.get(commit).copied().unwrap_or(1.0).max(0.0)
            } else {
                0.0
            }
        };
        let whole: f64 = (0..range.len()).map(weight).sum();
        let assumed = Assumptions {
            rates: Rates::of(question.kind),
            nothing: if question.kind.is_for_good() {
                NOTHING_IF_FOR_GOOD
            } else {
                NOTHING_OTHERWISE
            },
            prior: (0..range.len()).map(|c| weight(c) / whole).collect(),
            bad_begins: BAD_BEGINS,
        };
        let ledger = Ledger::new(range, question.kind);
        Self {
            belief: believe(range, &ledger, &assumed),
            question,
            ledger,
            assumed,
            refuted: Vec::new(),
            accused: None,
            answer: None,
        }
    }

    fn bar(&self, range: &Range, class: &Class) -> Bar {
        let after = self.ledger.after[class.members[0]];
        if !self.question.kind.is_for_good() {
            WHERE_FLAKY
        } else if after.old > 0 || self.ledger.total.new > after.new {
            let two = second_change(range, &self.ledger, &class.members, 0.0).is_some();
            if two { WHERE_TWO } else { WHERE_MIXED }
        } else {
            WHERE_ALL_FITS
        }
    }

    fn rates(&self, class: &Class) -> (f64, f64) {
        let one = class.members[0];
        (self.belief.before[one], self.belief.after[one])
    }
}
