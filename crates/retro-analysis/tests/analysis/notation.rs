//! Histories a person can read.
//!
//! Commits are words, oldest first: a name of capitals and digits, then a sign for what the commit
//! says about the one test. The parent is the word before, unless `<` lists other parents: `M-<A,B`
//! is a merge, `R+<` has none.
//!
//! | sign | meaning | sign | meaning |
//! |---|---|---|---|
//! | `+` | passed | `.` | tested, the test does not exist |
//! | `-` | failed | `x` | no result, the command as a whole failed |
//! | `!` | errored | `?` | not run |
//! | `~` | passed after a failed attempt | `u` | untestable |
//! | `s` | skipped | `t` | timed out |

use retro_analysis::{Boundary, Findings, History, Observation, State, Transition};
use retro_domain::{Outcome, TestId};

/// A history and the names of its commits.
pub(crate) struct Drawn {
    pub(crate) history: History,
    pub(crate) names: Vec<String>,
}

/// The test every sign speaks about.
pub(crate) const TEST: usize = 0;

/// The state that a sign stands for. Test 0 is the test, test 1 the command as a whole.
pub(crate) fn state(sign: char) -> State {
    let cell = |outcome, flaky| State::Tested(vec![Some((outcome, flaky)), None]);
    match sign {
        '+' => cell(Outcome::Passed, false),
        '-' => cell(Outcome::Failed, false),
        '!' => cell(Outcome::Errored, false),
        '~' => cell(Outcome::Passed, true),
        's' => cell(Outcome::Skipped, false),
        '.' => State::Tested(Vec::new()),
        'x' => State::Tested(vec![None, Some((Outcome::Failed, false))]),
        '?' => State::NotRun,
        'u' => State::Untestable,
        't' => State::TimedOut,
        other => panic!("no such sign: {other}"),
    }
}

/// The two tests every drawn history has.
pub(crate) fn tests() -> Vec<TestId> {
    vec![TestId::named("t"), TestId::command("unit")]
}

/// Reads a drawing.
pub(crate) fn draw(text: &str) -> Drawn {
    let mut names: Vec<String> = Vec::new();
    let mut commits = Vec::new();
    for word in text.split_whitespace() {
        let (commit, parents) = match word.split_once('<') {
            None => (word, (0..names.len()).last().into_iter().collect()),
            Some((commit, parents)) => {
                let parents = parents.split(',').filter(|name| !name.is_empty());
                let place = |name: &str| names.iter().position(|n| n == name);
                let known = |name| place(name).unwrap_or_else(|| panic!("no {name} before {word}"));
                (commit, parents.map(known).collect())
            }
        };
        let sign = commit.chars().last().expect("a word is not empty");
        names.push(commit.trim_end_matches(sign).to_owned());
        commits.push(Observation {
            parents,
            state: state(sign),
        });
    }
    let tests = tests();
    Drawn {
        history: History { tests, commits },
        names,
    }
}

impl Drawn {
    /// Names of commits, such as `A,B`.
    pub(crate) fn list(&self, commits: &[usize]) -> String {
        let names: Vec<&str> = commits.iter().map(|&c| &*self.names[c]).collect();
        names.join(",")
    }

    /// A transition, such as `C of B,C after A or earlier`; suspects are left out when alone.
    pub(crate) fn transition(&self, transition: &Transition) -> String {
        let mark = if transition.unreliable { " flaky" } else { "" };
        let edge = self.edge(
            transition.commit,
            &transition.suspects,
            &transition.before,
            transition.open_ended,
        );
        edge + mark
    }

    pub(crate) fn boundary(&self, b: &Boundary) -> String {
        self.edge(b.commit, &b.suspects, &b.before, b.open_ended)
    }

    fn edge(&self, commit: usize, suspects: &[usize], before: &[usize], open: bool) -> String {
        let mut text = self.names[commit].clone();
        if suspects != [commit] {
            text += &format!(" of {}", self.list(suspects));
        }
        if !before.is_empty() {
            text += &format!(" after {}", self.list(before));
        }
        if open {
            text += " or earlier";
        }
        text
    }

    /// What was found about the test, such as `broke C of B,C after A; fixed D after C`.
    pub(crate) fn found(&self, found: &Findings) -> String {
        let mut parts = Vec::new();
        let lists = [
            ("broke", &found.broke),
            ("fixed", &found.fixed),
            ("new", &found.new_failures),
        ];
        for (word, list) in lists {
            for transition in list.iter().filter(|t| t.test == TEST) {
                parts.push(format!("{word} {}", self.transition(transition)));
            }
        }
        for flaky in &found.flaky {
            parts.push(format!("flaky {}", self.list(&flaky.commits)));
        }
        if found.failing_from_start.contains(&TEST) {
            parts.push("from the start".to_owned());
        }
        parts.join("; ")
    }
}
