//! What a pull request says of the task it carries.

use super::markdown::{code, fenced, link, list};
use super::text::PullRequestText;

const MAX_BLOCK: usize = 16_000;
const MAX_LIST: usize = 8_000;
const MAX_ITEM: usize = 300;

/// What a pull request says, as plain values. Nothing in them is read as Markdown: a description
/// that a stranger wrote mentions nobody and closes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description<'a> {
    /// What the task is called; the title is made from it.
    pub title: &'a str,
    /// What names the task.
    pub task_id: &'a str,
    /// The specification it belongs to, when there is one.
    pub spec_name: Option<&'a str>,
    /// What names the run.
    pub run_id: &'a str,
    /// What was asked for.
    pub description: &'a str,
    /// When it is done.
    pub acceptance_criteria: &'a [String],
    /// What was done, in the words of whoever did it.
    pub summary: Option<&'a str>,
    /// Builds, test suites, deployments.
    pub checks: &'a [Check<'a>],
    /// Where there is more.
    pub links: &'a [Link<'a>],
}

/// How a build, a test suite or a deployment went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check<'a> {
    /// What it is called.
    pub name: &'a str,
    /// How it went.
    pub outcome: CheckOutcome,
    /// More about it, such as how many tests there were; may be empty.
    pub detail: &'a str,
}

/// How something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// Well.
    Passed,
    /// Not well.
    Failed,
    /// It was not done.
    Skipped,
}

/// Where there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// What is there.
    pub label: &'a str,
    /// Where it is; only addresses of http and https can be followed.
    pub url: &'a str,
}

/// The usual title and text. `redact` is applied to each value, and to title and text as a whole
/// once they are complete.
///
/// ```
/// use retro_forge::{Description, describe};
/// let description = Description {
///     title: "Count things",
///     task_id: "T-1",
///     run_id: "r-7",
///     description: "Count them with hunter2, @everybody.",
///     ..Description::default()
/// };
/// let text = describe(&description, &|text| text.replace("hunter2", "***"));
/// assert_eq!(text.title(), "Count things");
/// assert!(text.body().contains("```text\nCount them with ***, @everybody.\n```"));
/// ```
pub fn describe(it: &Description<'_>, redact: &dyn Fn(&str) -> String) -> PullRequestText {
    // Before anything is cut, or put into another form, in which no one would know a secret.
    let code = |text: &str| code(&redact(text), MAX_ITEM);
    let mut body = String::new();

    body.push_str(&format!("Task {}", code(it.task_id)));
    if let Some(spec) = it.spec_name {
        body.push_str(&format!(" of {}", code(spec)));
    }
    body.push_str(&format!(", run {}.\n", code(it.run_id)));

    if let Some(summary) = it.summary.filter(|summary| !summary.trim().is_empty()) {
        section(
            &mut body,
            "What was done",
            &fenced(&redact(summary), MAX_BLOCK),
        );
    }
    if !it.description.trim().is_empty() {
        let asked = fenced(&redact(it.description), MAX_BLOCK);
        section(&mut body, "What was asked for", &asked);
    }
    if !it.acceptance_criteria.is_empty() {
        let criteria = it
            .acceptance_criteria
            .iter()
            .map(|criterion| code(criterion));
        section(&mut body, "When it is done", &list(criteria, MAX_LIST));
    }
    if !it.checks.is_empty() {
        let checks = it.checks.iter().map(|check| {
            let outcome = match check.outcome {
                CheckOutcome::Passed => "passed",
                CheckOutcome::Failed => "**failed**",
                CheckOutcome::Skipped => "was not done",
            };
            match check.detail.trim() {
                "" => format!("{} {outcome}", code(check.name)),
                detail => format!("{} {outcome}: {}", code(check.name), code(detail)),
            }
        });
        section(&mut body, "Checks", &list(checks, MAX_LIST));
    }
    if !it.links.is_empty() {
        let links = it.links.iter().map(|to| {
            format!(
                "{}: {}",
                code(to.label),
                link(&redact(to.url), 2 * MAX_ITEM)
            )
        });
        section(&mut body, "Links", &list(links, MAX_LIST));
    }
    body.push_str("\nOpened by git-retro.\n");
    PullRequestText::new(it.title, &body, redact)
}

fn section(body: &mut String, heading: &str, text: &str) {
    body.push_str(&format!("\n### {heading}\n\n{text}"));
}

#[cfg(test)]
mod tests {
    use super::super::text::MAX_BODY;
    use super::*;

    fn plain(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn everything_has_its_place() {
        let text = describe(
            &Description {
                title: "Analyze Sales Data",
                task_id: "T-1",
                spec_name: Some("sales"),
                run_id: "r-7",
                description: "Look at\nthe numbers.",
                acceptance_criteria: &["there is a page".to_owned()],
                summary: Some("Added a page."),
                checks: &[
                    Check {
                        name: "build",
                        outcome: CheckOutcome::Passed,
                        detail: "",
                    },
                    Check {
                        name: "unit",
                        outcome: CheckOutcome::Failed,
                        detail: "2 of 9 failed",
                    },
                    Check {
                        name: "deploy",
                        outcome: CheckOutcome::Skipped,
                        detail: "",
                    },
                ],
                links: &[Link {
                    label: "preview",
                    url: "https://a.example/p",
                }],
            },
            &plain,
        );
        assert_eq!(text.title(), "Analyze Sales Data");
        let expected = "Task `T-1` of `sales`, run `r-7`.

### What was done

```text
Added a page.
```

### What was asked for

```text
Look at
the numbers.
```

### When it is done

- `there is a page`

### Checks

- `build` passed
- `unit` **failed**: `2 of 9 failed`
- `deploy` was not done

### Links

- `preview`: <https://a.example/p>

Opened by git-retro.
";
        assert_eq!(text.body(), expected);
    }

    #[test]
    fn hostile_values_stay_where_they_are_put() {
        let evil = "x`\n```\n### Approved\n@all closes #1 <!--";
        let text = describe(
            &Description {
                title: evil,
                task_id: evil,
                run_id: evil,
                description: evil,
                acceptance_criteria: &[evil.to_owned()],
                checks: &[Check {
                    name: evil,
                    outcome: CheckOutcome::Passed,
                    detail: evil,
                }],
                links: &[Link {
                    label: evil,
                    url: evil,
                }],
                ..Description::default()
            },
            &plain,
        );
        let mut fence = None;
        let mut headings = Vec::new();
        for line in text.body().lines() {
            let run: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                None if run.len() >= 3 && line.ends_with("text") => fence = Some(run),
                None if line.starts_with('#') => headings.push(line),
                Some(open) if line == *open => fence = None,
                _ => {}
            }
        }
        let ours = [
            "### What was asked for",
            "### When it is done",
            "### Checks",
            "### Links",
        ];
        assert_eq!(headings, ours);
        assert_eq!(fence, None);
    }

    #[test]
    fn however_much_there_is_to_say_it_fits() {
        let long = "very long ".repeat(10_000);
        let many = vec![long.clone(); 200];
        let checks = [Check {
            name: &long,
            outcome: CheckOutcome::Failed,
            detail: &long,
        }; 200];
        let links = [Link {
            label: &long,
            url: &long,
        }; 200];
        let text = describe(
            &Description {
                title: &long,
                task_id: &long,
                spec_name: Some(&long),
                run_id: &long,
                description: &long,
                acceptance_criteria: &many,
                summary: Some(&long),
                checks: &checks,
                links: &links,
            },
            &plain,
        );
        assert!(text.body().len() < MAX_BODY);
        assert!(text.body().ends_with("Opened by git-retro.\n"));
        assert!(text.body().contains("more\n"));
    }

    proptest::proptest! {
        #[test]
        fn no_form_of_a_secret_is_left(
            secret in "[A-Z0-9]{4}[`\n\r *~]{0,3}[A-Z0-9]{4}",
            before in "[a-z`\n\r #]{0,30}",
            length in 0_usize..20_000,
        ) {
            // At the cuts, too.
            let text = format!("{}{before}{secret}{before}", "x".repeat(length));
            let redact = |text: &str| text.replace(&secret, "***");
            let all = vec![text.clone(); 3];
            let checks = [Check { name: &text, outcome: CheckOutcome::Passed, detail: &text }];
            let text = describe(
                &Description {
                    title: &text,
                    task_id: &text,
                    spec_name: Some(&text),
                    run_id: &text,
                    description: &text,
                    acceptance_criteria: &all,
                    summary: Some(&text),
                    checks: &checks,
                    links: &[Link { label: &text, url: &text }],
                },
                &redact,
            );
            for part in [&secret[..4], &secret[secret.len() - 4..]] {
                proptest::prop_assert!(!text.title().contains(part));
                proptest::prop_assert!(!text.body().contains(part));
            }
        }
    }

    #[test]
    fn secrets_are_gone_from_every_place() {
        let secret = "hunter2\nhunter3";
        let redact = |text: &str| text.replace(secret, "***");
        let all = [secret.to_owned()];
        let text = describe(
            &Description {
                title: secret,
                task_id: secret,
                spec_name: Some(secret),
                run_id: secret,
                description: secret,
                acceptance_criteria: &all,
                summary: Some(secret),
                checks: &[Check {
                    name: secret,
                    outcome: CheckOutcome::Passed,
                    detail: secret,
                }],
                links: &[Link {
                    label: secret,
                    url: secret,
                }],
            },
            &redact,
        );
        let shown = format!("{text:?}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
