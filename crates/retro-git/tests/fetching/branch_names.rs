//! Names of branches against git's own rules.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use retro_domain::BranchName;
use retro_testing::ScratchRepo;

fn git_takes(repo: &ScratchRepo, name: &str) -> bool {
    let words = ["check-ref-format", "--branch", name].map(str::to_owned);
    let output = repo.try_git_in(repo.outside(), &words, b"");
    // What git prints is another name where it took this one for a way of saying that.
    output.status.success() && output.stdout == format!("{name}\n").as_bytes()
}

#[test]
fn names_are_refused_exactly_where_git_refuses_them() {
    let repo = ScratchRepo::new();
    let check = |name: &str| {
        // Git takes it here, and for another name of HEAD everywhere else.
        if name == "@" {
            return;
        }
        assert_eq!(
            name.parse::<BranchName>().is_ok(),
            git_takes(&repo, name),
            "{name:?}"
        );
    };
    for name in [
        "a",
        "HEAD",
        "head",
        "@",
        "a@",
        "@a",
        "-a",
        "a-",
        "a.lock",
        "a.lockb",
        "a/.b",
        "a./b",
        "a.",
        "a..b",
        "a//b",
        "/a",
        "a/",
        "a@{",
        "@{-1}",
        "refs/heads/a",
        "a{b",
        "a\\b",
        "ä",
        "a\u{a0}b",
    ] {
        check(name);
    }
    let parts = "(a|B|1|-|\\.|/|@|\\{|lock|\\.lock|~| |\\*|\t|é|HEAD){1,6}";
    let mut runner = TestRunner::new(Config::with_cases(150));
    let run = runner.run(&parts, |name| {
        check(&name);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn every_run_has_a_branch_that_git_takes() {
    let repo = ScratchRepo::new();
    let mut runner = TestRunner::new(Config::with_cases(100));
    let run = runner.run(&any::<(String, u32)>(), |(task, run)| {
        let name = BranchName::for_run("retro", &task, run).unwrap();
        prop_assert!(git_takes(&repo, name.as_str()), "{name}");
        Ok(())
    });
    run.unwrap();
}
