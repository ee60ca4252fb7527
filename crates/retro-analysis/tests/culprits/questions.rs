//! Questions on a line.

use crate::{blamed, drive, question, ran, settings, sign};
use retro_analysis::culprit::{
    Answer, Budget, Ended, Kind, Question, Range, Reason, Run, Search, Settings,
};

fn search(count: usize, kinds: &[Kind], runs: u32) -> Search {
    let questions = kinds.iter().map(|&kind| question(kind)).collect();
    Search::new(Range::line(count), questions, settings(runs))
}

#[test]
fn every_commit_can_be_found() {
    for culprit in 1..=20 {
        let mut search = search(20, &[Kind::Broke], 60);
        let runs = drive(&mut search, 1, &|pick| ran(pick.commit >= culprit));
        assert_eq!(blamed(&search, 0), [culprit]);
        assert!(runs.len() <= 16, "{} runs for {culprit}", runs.len());
    }
}

#[test]
fn a_fix_is_found_like_a_break() {
    let mut search = search(100, &[Kind::Fixed], 60);
    // The caller turns results around: a pass looks new.
    drive(&mut search, 4, &|pick| ran(pick.commit >= 70));
    assert_eq!(blamed(&search, 0), [70]);
}

#[test]
fn blame_comes_with_clean_runs_of_both_sides_and_of_both_ends() {
    let mut search = search(64, &[Kind::Broke], 60);
    let runs = drive(&mut search, 1, &|pick| ran(pick.commit >= 40));
    for commit in [40, 39, 0, 64] {
        let clean = runs
            .iter()
            .any(|(pick, _)| pick.commit == commit && pick.clean);
        assert!(clean, "{commit} did not run in a clean slot");
    }
    let Some(Answer::Culprit(found)) = search.answer(0) else {
        panic!("no culprit");
    };
    assert!(found.probability >= 0.95);
    assert!(found.shows.1.new >= 2 && found.shows.1.old == 0);
    assert_eq!(found.behind.len(), 1);
    assert_eq!(found.also, None);
    assert!(
        runs.iter()
            .any(|(pick, _)| pick.reason == Reason::Verify(0))
    );
}

#[test]
fn k_workers_cut_the_range_by_about_k_and_one_a_round() {
    for (workers, ideal) in [(1, 10), (3, 5), (8, 4), (32, 2)] {
        for culprit in [1, 100, 511, 700, 1023] {
            let mut search = search(1023, &[Kind::Broke], 400);
            let mut rounds = 0;
            while search.accused(0).is_none() {
                let step = search.next(workers, &[], &|_| 5.0);
                assert!(!step.picks.is_empty() && step.picks.len() <= workers);
                for pick in step.picks {
                    let run = Run {
                        id: format!("{rounds} {} {}", search.spent().runs, pick.commit),
                        commit: pick.commit,
                        window: Some(rounds),
                        clean: pick.clean,
                        ended: ran(pick.commit >= culprit),
                    };
                    search.record(&run, 5.0, 0.0);
                }
                rounds += 1;
            }
            // Three more, since the rates are learned on the way, and the suspect is run again.
            assert!(
                rounds <= ideal + 3,
                "{workers} workers, {culprit}: {rounds}"
            );
        }
    }
}

#[test]
fn several_questions_share_the_runs() {
    let culprits = [10, 90, 91];
    let truth = |pick: &retro_analysis::culprit::Pick| {
        let signs = culprits.iter().map(|&c| Some(sign(pick.commit >= c)));
        Ended::Ran(signs.collect())
    };
    let mut together = search(100, &[Kind::Broke; 3], 200);
    let runs = drive(&mut together, 2, &truth).len();
    for (index, culprit) in culprits.into_iter().enumerate() {
        assert_eq!(blamed(&together, index), [culprit]);
    }
    let alone: usize = culprits
        .iter()
        .map(|&culprit| {
            let mut alone = search(100, &[Kind::Broke], 200);
            drive(&mut alone, 2, &|pick| ran(pick.commit >= culprit)).len()
        })
        .sum();
    assert!(runs * 4 <= alone * 3, "{runs} together, {alone} alone");
}

#[test]
fn a_warm_slot_is_preferred_where_the_gain_is_alike() {
    let mut search = search(1000, &[Kind::Broke], 60);
    let minutes = |commit: usize| if commit.abs_diff(400) < 60 { 1.0 } else { 9.0 };
    let step = search.next(1, &[], &minutes);
    assert!(step.picks[0].commit.abs_diff(400) < 60, "{:?}", step.picks);
}

#[test]
fn nothing_changed_is_an_answer() {
    let mut search = search(64, &[Kind::Broke], 60);
    drive(&mut search, 1, &|_| ran(false));
    let Some(Answer::NothingChanged(nothing)) = search.answer(0) else {
        panic!("{:?}", search.answer(0));
    };
    assert!(nothing.probability >= 0.95 && nothing.rate < 1e-9);
}

#[test]
fn a_spent_budget_says_what_it_would_take() {
    let mut few = search(1000, &[Kind::Broke], 5);
    drive(&mut few, 1, &|pick| ran(pick.commit >= 300));
    let Some(Answer::NotResolvable(open)) = few.answer(0) else {
        panic!("{:?}", few.answer(0));
    };
    assert_eq!(open.within, 5);
    assert!(
        open.would_need.is_some_and(|runs| (8..40).contains(&runs)),
        "{open:?}"
    );
    assert!(open.suspects.contains(&300) && open.likeliest.is_some());
    let by_time = Settings {
        confidence: 0.95,
        budget: Budget {
            minutes: Some(12.0),
            ..Budget::default()
        },
    };
    let mut short = Search::new(Range::line(1000), vec![question(Kind::Broke)], by_time);
    assert_eq!(
        drive(&mut short, 1, &|pick| ran(pick.commit >= 300)).len(),
        3
    );
}

#[test]
fn trouble_is_no_evidence() {
    let mut search = search(64, &[Kind::Broke], 30);
    let before = search.belief(0).by_commit.clone();
    let runs = drive(&mut search, 1, &|_| Ended::Trouble);
    assert_eq!(runs.len(), 30);
    assert_eq!(search.belief(0).by_commit, before);
    assert!(matches!(search.answer(0), Some(Answer::NotResolvable(_))));
}

#[test]
fn a_run_that_is_told_twice_counts_once() {
    let mut search = search(8, &[Kind::Broke], 30);
    let run = Run {
        id: "tree 4, attempt 1".to_owned(),
        commit: 4,
        window: None,
        clean: false,
        ended: ran(true),
    };
    search.recall(&run);
    search.next(1, &[], &|_| 1.0);
    let once = search.belief(0).clone().by_commit;
    search.recall(&run);
    search.next(1, &[], &|_| 1.0);
    assert_eq!(search.belief(0).by_commit, once);
}

#[test]
fn a_set_is_blamed_where_nothing_between_can_be_tested() {
    for culprit in 30..=34 {
        let mut search = search(64, &[Kind::Broke], 60);
        drive(&mut search, 2, &|pick| match pick.commit {
            30..34 => Ended::Untestable,
            commit => ran(commit >= culprit),
        });
        assert_eq!(blamed(&search, 0), [30, 31, 32, 33, 34]);
    }
}

#[test]
fn what_has_become_irrelevant_is_cancelled() {
    let mut search = search(1000, &[Kind::Broke], 60);
    let running = search.next(8, &[], &|_| 5.0).picks;
    // The first of them fails: the rest say nothing new.
    let first = running
        .iter()
        .min_by_key(|pick| pick.commit)
        .expect("a pick");
    for id in 0..3 {
        let run = Run {
            id: format!("{id}"),
            commit: first.commit,
            window: Some(id),
            clean: true,
            ended: ran(true),
        };
        search.record(&run, 5.0, 0.0);
    }
    let rest: Vec<_> = running
        .iter()
        .filter(|pick| *pick != first)
        .copied()
        .collect();
    let step = search.next(0, &rest, &|_| 5.0);
    let late = rest.iter().filter(|pick| pick.commit > 600).count();
    assert!(step.cancel.len() >= late && late > 0, "{step:?}");
}

#[test]
fn the_same_runs_lead_to_the_same_place() {
    let mut first = search(200, &[Kind::Flaked], 400);
    let mut count = 0_u64;
    let runs = drive_flaky(&mut first, &mut count);
    let mut again = search(200, &[Kind::Flaked], 400);
    for run in &runs {
        again.record(run, 5.0, 0.01);
    }
    assert_eq!(first.answer(0), again.answer(0));
    assert_eq!(first.spent(), again.spent());
}

/// A test that fails every third time from commit 120 on.
fn drive_flaky(search: &mut Search, count: &mut u64) -> Vec<Run> {
    let count = std::cell::Cell::new(std::mem::take(count));
    let runs = drive(search, 1, &|pick| {
        count.set(count.get() + 1);
        ran(pick.commit >= 120 && count.get().is_multiple_of(3))
    });
    runs.into_iter().map(|(_, run)| run).collect()
}

#[test]
fn likely_suspects_are_looked_at_first() {
    let mut prior = vec![1.0; 65];
    prior[50] = 4.0;
    let asked = Question {
        prior,
        ..question(Kind::Broke)
    };
    let mut search = Search::new(Range::line(64), vec![asked], settings(60));
    assert!(search.belief(0).likeliest().is_some_and(|one| one.0 == 50));
    drive(&mut search, 1, &|pick| ran(pick.commit >= 12));
    assert_eq!(blamed(&search, 0), [12]);
}
