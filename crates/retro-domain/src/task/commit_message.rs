//! Messages of commits.

use super::context::TaskContext;
use super::phase::TaskPhase;
use super::template::{Template, TemplateError};

/// What the template of a commit's message can name.
pub const COMMIT_FACTS: [&str; 5] = ["task_name", "run_number", "task_id", "spec_name", "title"];
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

    fn value(&self, name: &str) -> String {
        let text = match name {
            "task_name" => self.task_name,
            "run_number" => return self.run_number.to_string(),
            "task_id" => self.task_id,
            "spec_name" => self.spec_name.unwrap_or_default(),
            "title" => self.title,
            _ => "",
        };
        one_line(text)
    }
}

/// The message of a commit with places for [`COMMIT_FACTS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitTemplate(Template);

impl CommitTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// When it names an unknown fact, has a lone brace, or is empty.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Template::parse(text, &COMMIT_FACTS).map(Self)
    }

    /// The usual message: `feat(SPEC): TITLE [Task ID]`, or `TITLE [Task ID]` where no specification is
    /// named.
    pub fn usual(facts: &CommitFacts<'_>) -> String {
        let spec = facts
            .spec_name
            .map(|spec| format!("feat({}): ", one_line(spec)));
        let (title, id) = (one_line(facts.title), one_line(facts.task_id));
        format!("{}{title} [Task {id}]", spec.unwrap_or_default())
    }

    /// The message. What comes from a task stays on its line, so that it adds no trailer; a message
    /// of which nothing is left is the task's id.
    pub fn render(&self, facts: &CommitFacts<'_>) -> String {
        let message = self.0.render(|name| facts.value(name));
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
        let usual = CommitTemplate::usual;
        let mut facts = facts(Some("reports"));
        facts.title = "analyze";
        assert_eq!(usual(&facts), "feat(reports): analyze [Task T-1]");
        facts.spec_name = None;
        assert_eq!(usual(&facts), "analyze [Task T-1]");
        assert!(interrupted("m", TaskPhase::Build).starts_with("m\n\nInterrupted: "));
    }
}
