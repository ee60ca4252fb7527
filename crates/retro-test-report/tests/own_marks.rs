//! What our own writers keep beside the plain form, when it says something else than they would.

mod reading;

use reading::{check, read};
use retro_test_report::MAX_SUITES;

/// A document whose first suite has a property.
fn junit(name: &str, value: &str) -> String {
    let value = value.replace('"', "&quot;");
    format!(
        "<testsuites tests='2'><testsuite name='s' hostname='h'><properties><property name='{name}' \
         value='{value}'/></properties><testcase name='a'/></testsuite><testsuite name='t'>\
         <testcase name='b'/></testsuite></testsuites>"
    )
}

fn suites(document: &str) -> Vec<String> {
    let read = check(document, &["passed s::a", "passed t::b"]);
    let suites = read.summary.suites.iter();
    suites.map(|suite| suite.path.join("/")).collect()
}

#[test]
fn a_property_that_only_has_the_name_is_a_property() {
    for name in ["git-retro", "git-retro-document"] {
        for value in ["", "yes", "[1]", "{", "{\"suites\":-1,\"path\":7}"] {
            let document = junit(name, value);
            assert_eq!(suites(&document), ["s", "t", ""], "{value}");
            let first = &read(&document).summary.suites[0];
            assert_eq!(first.properties, [(name.to_owned(), value.to_owned())]);
        }
    }
}

#[test]
fn numbers_of_suites_that_do_not_fit_are_left_out() {
    let cases: [(&str, &[&str]); 6] = [
        ("{}", &["s", "t"]),
        ("{\"suites\":[]}", &[]),
        ("{\"suites\":[1,0]}", &["t", "s"]),
        ("{\"suites\":[7,1,4294967295]}", &["t"]),
        ("{\"suites\":[0,0,0]}", &["s"]),
        ("{\"suites\":[1],\"root\":{}}", &["t", ""]),
    ];
    for (value, expected) in cases {
        assert_eq!(
            suites(&junit("git-retro-document", value)),
            expected,
            "{value}"
        );
    }
    let many = vec!["0"; 3 * MAX_SUITES].join(",");
    let document = junit("git-retro-document", &format!("{{\"suites\":[{many}]}}"));
    assert_eq!(suites(&document), ["s", "t", ""]);
}

#[test]
fn a_document_that_was_cut_off_keeps_what_it_told() {
    let document = junit("git-retro-document", "{\"suites\":[1,0]}");
    for at in document.find("name='b'").unwrap()..document.len() - 1 {
        let read = read(&document[..at]);
        assert!(read.summary.truncated, "{at}");
        assert_eq!(read.summary.suites.len(), 2, "{at}");
    }
}

#[test]
fn what_is_kept_of_suites_is_bounded_for_all_of_them() {
    let text = "x".repeat(500_000);
    let suite = format!(
        "<testsuite name='s'><properties><property name='git-retro' value='{{&quot;stdout&quot;:&quot;{text}&quot;}}'/>\
         </properties></testsuite>"
    );
    let document = format!("<testsuites>{}</testsuites>", suite.repeat(40));
    let texts = read(&document).summary.suites;
    let kept: usize = texts
        .iter()
        .filter_map(|suite| suite.stdout.as_ref())
        .map(String::len)
        .sum();
    assert!((2_000_000..8_000_000).contains(&kept), "{kept}");
    let suite = format!("{{\\\"stdout\\\":\\\"{text}\\\"}}");
    let document = format!(
        "{{\"reportFormat\":\"CTRF\",\"results\":{{\"tests\":[],\"extra\":{{\"git-retro\":\"{{}}\",\
         \"git-retro-suites\":[\"{suite}\"]}}}}}}"
    );
    let read = read(document.repeat(40));
    let texts = read.summary.suites;
    let kept: usize = texts
        .iter()
        .filter_map(|suite| suite.stdout.as_ref())
        .map(String::len)
        .sum();
    assert!((2_000_000..8_000_000).contains(&kept), "{kept}");
    assert_eq!(read.warnings[0], "what is kept of a suite cannot be read");
}

#[test]
fn a_note_counts_for_the_suite_and_is_no_test() {
    let note = |what: &str| format!("[[PROPERTY|git-retro={{\"note\":{what}}}]]");
    let document = |what: &str| {
        format!(
            "<testsuite name='s' tests='2' errors='1'><testcase name='a'/><testcase name='n'><error/>\
             <system-out>{}</system-out></testcase></testsuite>",
            note(what)
        )
    };
    let found = check(document("\"truncated\""), &["passed s::a"]);
    assert!(found.summary.truncated && found.warnings.is_empty());
    let found = check(document("{\"run_failure\":\"no disk\"}"), &["passed s::a"]);
    assert_eq!(found.summary.run_failure.as_deref(), Some("no disk"));
    // Of another version, perhaps: it stays the errored test that it is for others.
    check(document("\"other\""), &["passed s::a", "errored s::n"]);
}
