use StepOutcome as O;

use super::*;

fn step(name: &str, hook: Hook) -> PlaybookStep {
    PlaybookStep {
        name: name.to_owned(),
        hook,
        conditions: Vec::new(),
        command: CommandLine::Shell("true".to_owned()),
        work_dir: String::new(),
        env_allow: Vec::new(),
        env: BTreeMap::new(),
        timeout: None,
        retries: 0,
        fail_fast: true,
    }
}

const HOOK: Hook = Hook::new(HookSide::After, TaskPhase::Execute);

fn playbook() -> Playbook {
    let mut steps = vec![
        step("a", HOOK),
        step("other", Hook::new(HookSide::Before, TaskPhase::Push)),
        step("b", HOOK),
        step("c", HOOK),
    ];
    steps[2].fail_fast = false;
    Playbook {
        description: None,
        steps,
    }
}

fn outcomes(of: &[(&str, O)]) -> BTreeMap<String, O> {
    of.iter()
        .map(|(name, end)| ((*name).to_owned(), *end))
        .collect()
}

#[test]
fn steps_have_their_turn_in_order() {
    let playbook = playbook();
    let next = |of: &[(&str, O)]| {
        playbook
            .next_step(HOOK, &outcomes(of))
            .map(|step| step.name.as_str())
    };
    assert_eq!(next(&[]), Some("a"));
    assert_eq!(next(&[("a", O::Failed)]), Some("b"));
    assert_eq!(next(&[("a", O::Passed), ("b", O::Skipped)]), Some("c"));
    assert_eq!(
        next(&[("a", O::Passed), ("b", O::Skipped), ("c", O::Passed)]),
        None
    );
}

#[test]
fn a_failure_ends_the_hook_where_the_step_fails_fast() {
    let playbook = playbook();
    let check = |of: &[(&str, O)], is_stopped: bool, expected: Option<StepSkip>| {
        let facts = StepFacts {
            outcomes: outcomes(of),
            is_stopped,
            ..StepFacts::default()
        };
        let expected = expected.map_or(StepCourse::Run, StepCourse::Skip);
        assert_eq!(
            playbook.course(&playbook.steps[3], &facts),
            expected,
            "{of:?}"
        );
    };
    check(&[("a", O::Passed), ("b", O::Failed)], false, None);
    check(&[("a", O::Skipped), ("other", O::Failed)], false, None);
    for bad in [O::Failed, O::Broken, O::TimedOut, O::Interrupted] {
        check(&[("a", bad)], false, Some(StepSkip::After("a".to_owned())));
    }
    check(&[("a", O::Passed)], true, Some(StepSkip::Stopped));
}

#[test]
fn every_condition_must_hold() {
    let playbook = playbook();
    let facts = StepFacts {
        files: BTreeSet::from(["there".to_owned()]),
        variables: BTreeMap::from([
            ("FULL".to_owned(), "x".to_owned()),
            ("EMPTY".to_owned(), String::new()),
        ]),
        outcomes: outcomes(&[("a", O::Passed)]),
        is_stopped: false,
    };
    let check = |condition: Condition, holds: bool| {
        let mut step = playbook.steps[3].clone();
        step.conditions = vec![
            Condition::FileIsThere("there".to_owned()),
            condition.clone(),
        ];
        let expected = match holds {
            true => StepCourse::Run,
            false => StepCourse::Skip(StepSkip::Unless(condition)),
        };
        assert_eq!(playbook.course(&step, &facts), expected);
    };
    let text = str::to_owned;
    check(Condition::FileIsThere(text("gone")), false);
    check(Condition::FileIsMissing(text("gone")), true);
    check(Condition::FileIsMissing(text("there")), false);
    check(Condition::VariableIs(text("FULL"), text("x")), true);
    check(Condition::VariableIs(text("FULL"), text("y")), false);
    check(Condition::VariableIs(text("EMPTY"), text("")), true);
    check(Condition::VariableIs(text("NONE"), text("")), false);
    for (name, is_set) in [("FULL", true), ("EMPTY", false), ("NONE", false)] {
        check(Condition::VariableIsSet(text(name)), is_set);
        check(Condition::VariableIsUnset(text(name)), !is_set);
    }
    check(Condition::StepIs(text("a"), O::Passed), true);
    check(Condition::StepIs(text("a"), O::Failed), false);
    check(Condition::StepIs(text("b"), O::Skipped), false);
}

#[test]
fn a_failed_try_is_followed_by_as_many_as_are_set() {
    let mut step = step("a", HOOK);
    step.retries = 2;
    for outcome in O::ALL {
        let is_tried = matches!(outcome, O::Failed | O::Broken | O::TimedOut);
        let expected = [is_tried, is_tried, false];
        assert_eq!(
            [1, 2, 3].map(|tries| step.tries_again(tries, outcome)),
            expected
        );
    }
}

#[test]
fn a_hook_means_something_for_its_phase() {
    use PhaseOutcome as P;
    let playbook = playbook();
    let check = |of: &[(&str, O)], expected: PhaseOutcome| {
        assert_eq!(playbook.verdict(HOOK, &outcomes(of)), expected, "{of:?}");
    };
    check(&[], P::NothingToDo);
    check(&[("a", O::Skipped), ("other", O::Failed)], P::NothingToDo);
    check(
        &[("a", O::Passed), ("b", O::Failed), ("c", O::Passed)],
        P::Done,
    );
    check(&[("b", O::TimedOut)], P::Done);
    check(&[("a", O::Passed), ("b", O::Interrupted)], P::Interrupted);
    check(&[("a", O::TimedOut), ("b", O::Skipped)], P::TimedOut);
    check(
        &[("a", O::Failed), ("b", O::Skipped)],
        P::Failed("the step a (after execute) failed".to_owned()),
    );
    check(
        &[("c", O::Broken)],
        P::Broken("the command of the step c (after execute) could not be run".to_owned()),
    );
}

#[test]
fn outcomes_read_back() {
    for outcome in O::ALL {
        assert_eq!(O::from_name(outcome.name()), Some(outcome));
    }
}
