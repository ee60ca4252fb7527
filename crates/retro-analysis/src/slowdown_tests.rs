use super::*;

/// Timings with noise of about `noise`, from a generator with a fixed seed.
fn timings(levels: &[(usize, f64)], noise: f64, seed: u64) -> Vec<Timing> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = Vec::new();
    for &(count, level) in levels {
        for _ in 0..count {
            // The sum of twelve uniform numbers is nearly normal.
            let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
            all.push(Timing {
                commit: all.len(),
                seconds: level * (noise * normal).exp(),
            });
        }
    }
    all
}

fn check(levels: &[(usize, f64)], noise: f64, expected: &[usize], slack: usize) {
    for seed in 0..20 {
        let steps = speed_steps(&timings(levels, noise, seed), 1.05);
        let at: Vec<usize> = steps.iter().map(|step| step.first_after).collect();
        assert_eq!(
            at.len(),
            expected.len(),
            "{levels:?} with seed {seed}: {at:?}"
        );
        for (found, expected) in at.iter().zip(expected) {
            assert!(found.abs_diff(*expected) <= slack, "seed {seed}: {at:?}");
        }
    }
}

#[test]
fn a_level_history_has_no_step() {
    check(&[(100, 2.0)], 0.1, &[], 0);
    check(&[(3, 2.0)], 0.1, &[], 0);
}

#[test]
fn a_slowdown_is_found_where_it_happened() {
    check(&[(40, 1.0), (40, 1.3)], 0.05, &[40], 2);
    check(&[(100, 1.0), (100, 1.3)], 0.15, &[100], 12);
}

#[test]
fn several_steps_are_told_apart() {
    check(&[(30, 1.0), (30, 2.0), (30, 1.2)], 0.05, &[30, 60], 1);
}

#[test]
fn a_step_says_how_large_it_is() {
    let steps = speed_steps(&timings(&[(50, 2.0), (50, 3.0)], 0.1, 7), 1.05);
    let step = &steps[0];
    assert!((step.before - 2.0).abs() < 0.1 && (step.after - 3.0).abs() < 0.15);
    assert!(step.interval.0 < 1.5 && 1.5 < step.interval.1);
    assert!(step.before < step.fence && step.fence < step.after);
    assert_eq!(step.last_before + 1, step.first_after);
}

#[test]
fn single_strays_are_no_steps() {
    let mut all = timings(&[(60, 1.0)], 0.05, 3);
    all[20].seconds = 30.0;
    all[40].seconds = 0.01;
    assert_eq!(speed_steps(&all, 1.05), []);
}

#[test]
fn several_timings_of_a_commit_are_not_parted() {
    let mut all = timings(&[(40, 1.0), (40, 1.5)], 0.05, 5);
    all.iter_mut().for_each(|one| one.commit /= 4);
    let steps = speed_steps(&all, 1.05);
    assert_eq!(steps.len(), 1);
    assert_eq!((steps[0].last_before, steps[0].first_after), (9, 10));
}

#[test]
fn small_steps_are_left_out() {
    let all = timings(&[(200, 1.0), (200, 1.03)], 0.02, 1);
    assert_eq!(speed_steps(&all, 1.05), []);
    assert_eq!(speed_steps(&all, 1.01).len(), 1);
}

#[test]
fn the_fence_is_above_the_ordinary() {
    let seconds: Vec<f64> = timings(&[(100, 1.0)], 0.1, 2)
        .iter()
        .map(|t| t.seconds)
        .collect();
    let fence = fence(&seconds).expect("enough timings");
    assert!(fence > 1.15 && fence < 1.6, "{fence}");
    assert_eq!(super::fence(&seconds[..3]), None);
}

#[test]
fn rounds_alternate_so_that_drift_cancels() {
    assert_eq!(interleaved(1, 2, 3), [1, 2, 2, 1, 1, 2]);
    // A machine that slows down by a tenth in every round.
    let drift = |round: usize| 1.1_f64.powi(i32::try_from(round).unwrap_or(0));
    let before: Vec<f64> = (0..6).map(|round| 2.0 * drift(round)).collect();
    let after: Vec<f64> = (0..6).map(|round| 2.6 * drift(round)).collect();
    let found = compare(&before, &after).expect("enough rounds");
    assert!((found.ratio - 1.3).abs() < 1e-9 && found.interval.0 > 1.29);
    assert_eq!(compare(&before[..2], &after[..2]), None);
}

#[test]
fn noise_that_is_larger_than_the_step_confirms_nothing() {
    let found = compare(&[1.0, 2.0, 1.0, 2.0], &[2.0, 1.0, 2.0, 1.1]).expect("enough rounds");
    assert!(found.interval.0 < 1.0 && found.interval.1 > 1.0);
}

#[test]
fn smaller_steps_take_more_rounds() {
    assert_eq!(rounds_needed(2.0, 0.05), 3);
    assert!(rounds_needed(1.1, 0.1) > rounds_needed(1.3, 0.1));
    assert_eq!(rounds_needed(1.0, 0.5), 200);
}

#[test]
fn quantiles_are_those_of_the_tables() {
    for (freedom, quantile) in [(2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042)] {
        let found = student(freedom);
        assert!((found / quantile - 1.0).abs() < 0.02, "{freedom}: {found}");
    }
}
