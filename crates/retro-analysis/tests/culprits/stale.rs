//! A build directory that keeps what an earlier commit left there.

use std::cell::Cell;

use crate::{drive, question, ran, settings};
use retro_analysis::culprit::{Answer, Kind, Range, Search};

/// Once a broken commit was built in the slot, its leftovers break older commits within reach as well,
/// unless the slot is clean.
fn search_with_stale_slot(culprit: usize, reach: usize) -> Option<Answer> {
    let mut search = Search::new(Range::line(64), vec![question(Kind::Broke)], settings(200));
    let leftovers = Cell::new(false);
    drive(&mut search, 1, &|pick| {
        let broken = pick.commit >= culprit;
        if pick.clean {
            return ran(broken);
        }
        leftovers.set(leftovers.get() || broken);
        ran(broken || (leftovers.get() && pick.commit + reach >= culprit))
    });
    search.answer(0).cloned()
}

#[test]
fn leftovers_do_not_blame_the_wrong_commit() {
    for culprit in 5..=60 {
        for reach in [1, 3, 10, 30] {
            match search_with_stale_slot(culprit, reach) {
                Some(Answer::Culprit(found)) => {
                    assert_eq!(found.commits, [culprit], "leftovers reach {reach}");
                }
                Some(Answer::NotResolvable(_)) => {}
                other => panic!("culprit {culprit}, leftovers reach {reach}: {other:?}"),
            }
        }
    }
}
