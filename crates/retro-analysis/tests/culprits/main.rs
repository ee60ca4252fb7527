//! The search for culprits, by example and by simulation with fixed seeds.

mod graphs;
#[path = "../../benches/culprits/methods.rs"]
mod methods;
mod questions;
mod simulated;
mod stale;
#[path = "../../benches/culprits/world.rs"]
mod world;

use retro_analysis::culprit::{
    Answer, Budget, Ended, Kind, Pick, Question, Run, Search, Settings, Sign,
};

/// What a history does: the outcome of a run at a commit.
type Truth<'a> = &'a dyn Fn(&Pick) -> Ended;

pub(crate) fn settings(runs: u32) -> Settings {
    Settings {
        confidence: 0.95,
        budget: Budget {
            runs: Some(runs),
            ..Budget::default()
        },
    }
}

pub(crate) fn question(kind: Kind) -> Question {
    Question {
        test: 0,
        kind,
        prior: Vec::new(),
    }
}

/// One sign for the one question.
pub(crate) fn ran(is_new: bool) -> Ended {
    Ended::Ran(vec![Some(sign(is_new))])
}

pub(crate) fn sign(is_new: bool) -> Sign {
    if is_new { Sign::New } else { Sign::Old }
}

/// Runs a search to its end, round by round, and tells what was run.
pub(crate) fn drive(search: &mut Search, workers: usize, truth: Truth<'_>) -> Vec<(Pick, Run)> {
    let mut all: Vec<(Pick, Run)> = Vec::new();
    let mut round = 0;
    loop {
        let step = search.next(workers, &[], &|_| 5.0);
        if step.done {
            return all;
        }
        assert!(!step.picks.is_empty(), "idle, not done, and nothing runs");
        for pick in step.picks {
            let run = Run {
                id: format!("run {}", all.len()),
                commit: pick.commit,
                window: Some(round / 3),
                clean: pick.clean,
                ended: truth(&pick),
            };
            search.record(&run, 5.0, 0.01);
            all.push((pick, run));
        }
        round += 1;
    }
}

pub(crate) fn blamed(search: &Search, question: usize) -> Vec<usize> {
    match search.answer(question) {
        Some(Answer::Culprit(found)) => found.commits.clone(),
        other => panic!("no culprit: {other:?}"),
    }
}
