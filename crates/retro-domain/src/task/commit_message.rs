//! Messages of commits.

use super::context::TaskContext;
use super::phase::TaskPhase;

const WITH_SPEC: &str = "feat({spec_name}): {title} [Task {task_id}]";
const WITHOUT_SPEC: &str = "{title} [Task {task_id}]";
const KNOWN: [&str; 5] = ["task_name", "run_number", "task_id", "spec_name", "title"];
/// Values are cut at this length: a message is no place for more.
const MAX_VALUE: usize = 400;

/// What a template can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitFacts<'a> {
    /// What people call the task; for most tasks its title.
    pub task_name: &'a str,
    /// Which run of the task this is, from 1.
    pub run_number: u32,
    /// The task's id.
    pub task_id: &'a str,
    /// The specification it belongs to, where one is named.
    pub spec_name: Option<&'a str>,
    /// Its title.
    pub title: &'a str,
}

impl<'a> CommitFacts<'a> {
    /// The facts of one run of a task.
    pub fn of(context: &'a TaskContext, run_number: u32) -> Self {
        Self {
            task_name: &context.title,
            run_number,
            task_id: &context.task_id,
            spec_name: context.spec_name.as_deref(),
            title: &context.title,
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        let text = match name {
            "task_name" => self.task_name,
            "run_number" => return Some(self.run_number.to_string()),
            "task_id" => self.task_id,
            "spec_name" => self.spec_name.unwrap_or_default(),
            "title" => self.title,
            _ => return None,
        };
        Some(one_line(text))
    }
}

/// The message of a commit with places for facts: `{task_name}`, `{run_number}`, `{task_id}`,
/// `{spec_name}` and `{title}`. Two braces stand for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Fact(String),
}

/// A text is no template of a commit's message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitTemplateError {
    /// It names something that there is not.
    #[error(
        "the commit template names {{{name}}}, which is not known; known are {{task_name}}, \
         {{run_number}}, {{task_id}}, {{spec_name}} and {{title}}, and {{{{ is a brace"
    )]
    UnknownFact {
        /// What stands between the braces.
        name: String,
    },
    /// A brace has no partner.
    #[error("the commit template has a lone {brace} in it; write it twice to mean itself")]
    LoneBrace {
        /// Which one.
        brace: char,
    },
    /// There is nothing in it.
    #[error("the commit template is empty; leave it away to have the usual message")]
    Empty,
}

impl CommitTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// When it names an unknown fact, has a lone brace, or is empty.
    pub fn parse(text: &str) -> Result<Self, CommitTemplateError> {
        if text.trim().is_empty() {
            return Err(CommitTemplateError::Empty);
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = if rest[at..].starts_with('{') {
                '{'
            } else {
                '}'
            };
            let behind = &rest[at + 1..];
            if let Some(behind) = behind.strip_prefix(brace) {
                plain.push(brace);
                rest = behind;
                continue;
            }
            let lone = CommitTemplateError::LoneBrace { brace };
            let end = behind.find('}').filter(|_| brace == '{').ok_or(lone)?;
            let name = &behind[..end];
            if !KNOWN.contains(&name) {
                let name = name.to_owned();
                return Err(CommitTemplateError::UnknownFact { name });
            }
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Fact(name.to_owned()));
            rest = &behind[end + 1..];
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// The usual one: `feat(SPEC): TITLE [Task ID]`, or `TITLE [Task ID]` where no specification is
    /// named.
    pub fn usual(facts: &CommitFacts<'_>) -> Self {
        let text = match facts.spec_name {
            Some(_) => WITH_SPEC,
            None => WITHOUT_SPEC,
        };
        // Both are good, which a test says.
        Self::parse(text).unwrap_or_else(|_| Self(vec![Part::Text(text.to_owned())]))
    }

    /// The message. What comes from a task stays on its line, so that it adds no trailer; a message
    /// of which nothing is left is the task's id.
    pub fn render(&self, facts: &CommitFacts<'_>) -> String {
        let mut message = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => message.push_str(text),
                Part::Fact(name) => message.push_str(&facts.value(name).unwrap_or_default()),
            }
        }
        let message = message.trim();
        if message.is_empty() {
            return format!("Task {}", one_line(facts.task_id));
        }
        message.to_owned()
    }
}

/// A message with a note that the work was stopped before it was done.
pub fn interrupted(message: &str, during: TaskPhase) -> String {
    format!(
        "{message}\n\nInterrupted: the run was stopped in its phase \"{}\"; the change may be \
         incomplete.",
        during.name()
    )
}

fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(MAX_VALUE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(spec_name: Option<&'static str>) -> CommitFacts<'static> {
        CommitFacts {
            task_name: "Sales",
            run_number: 3,
            task_id: "T-1",
            spec_name,
            title: "Analyze {title}\n\nSigned-off-by: me",
        }
    }

    fn check(template: &str, expected: &str) {
        let template = CommitTemplate::parse(template).unwrap();
        assert_eq!(template.render(&facts(Some("reports"))), expected);
    }

    #[test]
    fn facts_are_put_in_place_once_and_stay_on_their_line() {
        check("{task_name} #{run_number}", "Sales #3");
        check("{{{task_id}}} {{x}}", "{T-1} {x}");
        check(
            "{spec_name}: {title}\n\nRun: {run_number}\n",
            "reports: Analyze {title} Signed-off-by: me\n\nRun: 3",
        );
        let nothing = CommitTemplate::parse("{spec_name}").unwrap();
        assert_eq!(nothing.render(&facts(None)), "Task T-1");
    }

    #[test]
    fn the_usual_message_names_the_specification_where_there_is_one() {
        let usual = |facts: &CommitFacts<'_>| CommitTemplate::usual(facts).render(facts);
        let mut facts = facts(Some("reports"));
        facts.title = "analyze";
        assert_eq!(usual(&facts), "feat(reports): analyze [Task T-1]");
        facts.spec_name = None;
        assert_eq!(usual(&facts), "analyze [Task T-1]");
        assert!(interrupted("m", TaskPhase::Build).starts_with("m\n\nInterrupted: "));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        use CommitTemplateError as E;
        let check = |text: &str, expected: E| {
            assert_eq!(CommitTemplate::parse(text), Err(expected));
        };
        let name = "author".to_owned();
        check("a {author}", E::UnknownFact { name });
        check("a {title", E::LoneBrace { brace: '{' });
        check("a } b", E::LoneBrace { brace: '}' });
        check(" \n", E::Empty);
        let message = CommitTemplate::parse("{x}").unwrap_err().to_string();
        assert!(
            message.contains("{x}") && message.contains("{run_number}"),
            "{message}"
        );
    }
}
