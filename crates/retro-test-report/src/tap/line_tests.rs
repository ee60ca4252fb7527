use super::*;

/// `ok`, number, description, directive and its reason.
type Expected<'a> = (bool, Option<u64>, &'a str, Option<(Directive, &'a str)>);

fn check(text: &str, (ok, number, description, directive): Expected<'_>) {
    let Line::Test(line) = classify(text) else {
        panic!("{text:?} is no test")
    };
    assert_eq!(
        (line.ok, line.number, &*line.description, line.directive),
        (ok, number, description, directive),
        "{text:?}"
    );
}

#[test]
fn tests_are_read_in_every_shape() {
    use Directive::{Skip, Todo};
    check("ok", (true, None, "", None));
    check("not ok", (false, None, "", None));
    check("ok   4", (true, Some(4), "", None));
    check("ok 1 - a thing", (true, Some(1), "a thing", None));
    check("ok - a thing", (true, None, "a thing", None));
    check("not ok 2 -5 degrees", (false, Some(2), "-5 degrees", None));
    check("ok 2 2 texts", (true, Some(2), "2 texts", None));
    check("ok 3rd time", (true, None, "3rd time", None));
    check(
        "ok 99999999999999999999999 x",
        (true, Some(u64::MAX), "x", None),
    );
    check("ok(1)", (true, None, "(1)", None));
    check("ok 1 #123 fixed", (true, Some(1), "#123 fixed", None));
    check("ok 3#SKIP", (true, Some(3), "", Some((Skip, ""))));
    check(
        "ok 2 - # SKIP no /sys",
        (true, Some(2), "", Some((Skip, "no /sys"))),
    );
    check(
        "not ok 2 a # skip: why",
        (false, Some(2), "a", Some((Skip, "why"))),
    );
    check(
        "ok 7 a\t# Skipped: why",
        (true, Some(7), "a", Some((Skip, "why"))),
    );
    check("ok 9 skip", (true, Some(9), "skip", None));
    check("not ok 3 a # TODO", (false, Some(3), "a", Some((Todo, ""))));
    check(
        "ok 1 a # ToDo Because",
        (true, Some(1), "a", Some((Todo, "Because"))),
    );
    check("ok 1 a # todo: x", (true, Some(1), "a", Some((Todo, "x"))));
    check(
        "ok 1 a # todos are fine",
        (true, Some(1), "a # todos are fine", None),
    );
    check("ok 1 a \\# TODO x", (true, Some(1), "a # TODO x", None));
    check(
        "ok 1 a \\\\ # TODO x",
        (true, Some(1), "a \\", Some((Todo, "x"))),
    );
    check(
        "ok 1 Array#skip drops",
        (true, Some(1), "Array#skip drops", None),
    );
    check(
        "ok 1 a # b # TODO x",
        (true, Some(1), "a # b # TODO x", None),
    );
    check(
        "ok 1 a\\\\# TODO x",
        (true, Some(1), "a\\", Some((Todo, "x"))),
    );
    check(
        "ok 1 a \\\\\\# TODO x",
        (true, Some(1), "a \\# TODO x", None),
    );
    check("ok 1 trailing \\", (true, Some(1), "trailing \\", None));
    check(
        "ok 1 - nested # time=28.647ms",
        (true, Some(1), "nested", None),
    );
    check("ok 1 - kids {", (true, Some(1), "kids", None));
    check("not  ok 1 x", (false, Some(1), "x", None));
}

#[test]
fn durations_and_blocks_are_noticed() {
    let Line::Test(line) = classify("ok 1 - a # time=1500ms {") else {
        panic!()
    };
    assert_eq!(
        (line.duration, line.opens),
        (Some(Duration::from_millis(1500)), true)
    );
    let Line::Test(line) = classify("ok 1 - a{") else {
        panic!()
    };
    assert_eq!((&*line.description, line.opens), ("a{", false));
}

#[test]
fn other_lines_are_told_apart() {
    let plan = |first, last, rest| Line::Plan(Planned { first, last }, rest);
    for (text, expected) in [
        ("TAP version 13", Line::Version),
        ("TAP Version 14", Line::Version),
        ("1..5", plan(1, 5, "")),
        ("1..0#skip", plan(1, 0, "#skip")),
        ("1..5 todo 3 2;", plan(1, 5, "todo 3 2;")),
        ("1..99999999999999999999999", plan(1, u64::MAX, "")),
        ("8..11 # rest", plan(8, 11, "# rest")),
        ("8..8", plan(8, 8, "")),
        ("0..4", Line::Other),
        ("+1..4", Line::Other),
        ("1..", Line::Other),
        ("1...3", Line::Other),
        ("10..3", Line::Other),
        ("Bail out!", Line::BailOut("")),
        ("bail out! It \\# broke", Line::BailOut("It \\# broke")),
        ("oh no Bail out!", Line::Other),
        ("# Subtest: a b", Line::Subtest("a b")),
        ("# note", Line::Comment("note")),
        ("pragma +strict", Line::Pragma),
        ("---", Line::YamlStart),
        ("{", Line::OpenBrace),
        ("}", Line::CloseBrace),
        ("", Line::Blank),
        ("okay", Line::Other),
        ("notok 1", Line::Other),
        ("not a test", Line::Other),
        ("ok1", Line::Other),
    ] {
        assert_eq!(classify(text), expected, "{text:?}");
    }
    assert_eq!(skip_all_reason("# SKIP no net"), Some("no net"));
    assert_eq!(skip_all_reason("# WWW::Mechanize not installed"), None);
    assert_eq!(indentation("  \t x"), (7, "x"));
}
