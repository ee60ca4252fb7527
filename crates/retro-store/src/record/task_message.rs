//! The messages of queue mode, as JSON that other services write and read.
//!
//! They have no version: a name that is not known here is left alone, and what they say with the names
//! that are keeps its meaning.

use std::fmt;

use retro_domain::{Fault, TaskPlace, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::utc_text;
use crate::{MAX_TASK_MESSAGE, StoreError};

/// The longest identifier in bytes.
const MAX_ID: usize = 256;

/// A message that asks for work.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkMessage {
    /// What the work belongs to: one session has one branch.
    pub session_id: String,
    /// Names this piece of work.
    pub command_id: String,
    /// The project.
    pub project_id: String,
    /// Who asks.
    pub user_id: String,
    /// What is to be done.
    pub instruction: String,
    /// Where the repository is.
    pub repo_url: String,
    /// What else is to be known, by name.
    pub context: Map<String, Value>,
}

/// A message that says what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseMessage {
    /// What kind of answer it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// As in the message that asked.
    pub session_id: String,
    /// As in the message that asked.
    pub project_id: String,
    /// As in the message that asked.
    pub user_id: String,
    /// As in the message that asked.
    pub command_id: String,
    /// When it was written: in JSON as `2026-02-03T04:05:06.789Z`.
    #[serde(serialize_with = "utc_text::serialize")]
    pub timestamp: Timestamp,
    /// Whether the work was done.
    pub success: bool,
    /// What was done, for people.
    pub summary: String,
    /// The paths that changed.
    pub files_changed: Vec<String>,
    /// Where it can be seen.
    pub preview_url: Option<String>,
    /// Whether it was built; nothing when there was no build.
    pub build_success: Option<bool>,
    /// Whether it was deployed; nothing when there was no deploy.
    pub deploy_success: Option<bool>,
    /// Whether it was stopped in the middle.
    pub interrupted: bool,
    /// Why it was not done.
    pub error: Option<String>,
}

/// Everything that is wrong with a message. Nothing of what the message says is repeated, since it
/// may hold a secret: it can be shown and kept beside a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedMessage {
    /// What is wrong, field by field; the field of the message as a whole is empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for MalformedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message is malformed")?;
        for (index, Fault { field, message }) in self.faults.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            match *field {
                "" => f.write_str(message)?,
                field => write!(f, "{field} {message}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for MalformedMessage {}

impl WorkMessage {
    /// The message as it is sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when it is longer than a queue takes.
    pub fn encode(&self) -> Result<String, StoreError> {
        let text = to_message(self, "writing a message that asks for work")?;
        if text.len() <= MAX_TASK_MESSAGE {
            return Ok(text);
        }
        Err(StoreError::backend(
            "writing a message that asks for work",
            format!(
                "it has {} bytes and a queue takes {MAX_TASK_MESSAGE}: shorten the instruction or \
                 the context",
                text.len()
            ),
        ))
    }

    /// Reads a message. A context may be missing.
    ///
    /// # Errors
    ///
    /// [`MalformedMessage`] with all of its faults.
    pub fn decode(text: &str) -> Result<Self, MalformedMessage> {
        let mut fields = Fields::read(text)?;
        let message = Self {
            session_id: fields.id("sessionId"),
            command_id: fields.id("commandId"),
            project_id: fields.id("projectId"),
            user_id: fields.id("userId"),
            instruction: fields.text("instruction", true),
            repo_url: fields.text("repoUrl", true),
            context: fields.object("context"),
        };
        if TaskPlace::Repository(message.repo_url.clone()).holds_credentials() {
            let why = "has a password or a token in it: leave it out, and give the runner its own";
            fields.refuse("repoUrl", why);
        }
        fields.end(message)
    }
}

impl ResponseMessage {
    /// The message as it is sent: when it is longer than a queue takes, texts are cut, and the last
    /// paths left out, as many as it takes; the summary says how many.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when it is too long for all that.
    pub fn encode(&self) -> Result<String, StoreError> {
        let what = "writing a message that says what came of work";
        let text = to_message(self, what)?;
        if text.len() <= MAX_TASK_MESSAGE {
            return Ok(text);
        }
        let mut fitted = Self {
            summary: cut(&self.summary, MAX_TASK_MESSAGE / 4),
            error: self
                .error
                .as_deref()
                .map(|it| cut(it, MAX_TASK_MESSAGE / 4)),
            files_changed: Vec::new(),
            ..self.clone()
        };
        // Room for what is said of the paths that are left out.
        let mut left = MAX_TASK_MESSAGE.saturating_sub(to_message(&fitted, what)?.len() + 100);
        for path in &self.files_changed {
            let length = encoded_length(path) + r#""","#.len();
            if length > left {
                break;
            }
            left -= length;
            fitted.files_changed.push(path.clone());
        }
        let omitted = self.files_changed.len() - fitted.files_changed.len();
        if omitted > 0 {
            fitted.summary += &format!(" (and {omitted} more changed files)");
        }
        let text = to_message(&fitted, what)?;
        if text.len() <= MAX_TASK_MESSAGE {
            return Ok(text);
        }
        Err(StoreError::backend(
            what,
            format!("its identifiers have more bytes than the {MAX_TASK_MESSAGE} a queue takes"),
        ))
    }

    /// Reads a message. Whatever may be nothing may be missing.
    ///
    /// # Errors
    ///
    /// [`MalformedMessage`] with all of its faults.
    pub fn decode(text: &str) -> Result<Self, MalformedMessage> {
        let mut fields = Fields::read(text)?;
        let message = Self {
            kind: fields.id("type"),
            session_id: fields.id("sessionId"),
            project_id: fields.id("projectId"),
            user_id: fields.id("userId"),
            command_id: fields.id("commandId"),
            timestamp: fields.moment("timestamp"),
            success: fields.flag("success", true).unwrap_or_default(),
            summary: fields.text("summary", false),
            files_changed: fields.texts("filesChanged"),
            preview_url: fields.maybe_text("previewUrl"),
            build_success: fields.flag("buildSuccess", false),
            deploy_success: fields.flag("deploySuccess", false),
            interrupted: fields.flag("interrupted", true).unwrap_or_default(),
            error: fields.maybe_text("error"),
        };
        fields.end(message)
    }
}

/// The fields of a message while it is read, and what is wrong with them.
struct Fields {
    fields: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Fields {
    fn read(text: &str) -> Result<Self, MalformedMessage> {
        let whole = |message: String| MalformedMessage {
            faults: vec![Fault { field: "", message }],
        };
        if text.len() > MAX_TASK_MESSAGE {
            return Err(whole(format!("it is longer than {MAX_TASK_MESSAGE} bytes")));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Ok(Self {
                fields,
                faults: Vec::new(),
            }),
            Ok(_) => Err(whole("it is JSON, but no object".to_owned())),
            // Where it is wrong, and not what is there.
            Err(error) => Err(whole(format!(
                "it is not JSON, see line {}, column {}",
                error.line(),
                error.column()
            ))),
        }
    }

    fn refuse(&mut self, field: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.faults.push(Fault { field, message });
    }

    fn end<T>(self, message: T) -> Result<T, MalformedMessage> {
        if self.faults.is_empty() {
            return Ok(message);
        }
        Err(MalformedMessage {
            faults: self.faults,
        })
    }

    /// What is under a name; nothing for `null`.
    fn take(&mut self, field: &'static str) -> Option<Value> {
        self.fields.remove(field).filter(|value| !value.is_null())
    }

    fn needed(&mut self, field: &'static str) -> Option<Value> {
        let found = self.take(field);
        if found.is_none() {
            self.refuse(field, "is missing");
        }
        found
    }

    fn as_text(&mut self, field: &'static str, value: Option<Value>) -> Option<String> {
        match value? {
            Value::String(text) => Some(text),
            _ => {
                self.refuse(field, "is no text");
                None
            }
        }
    }

    fn text(&mut self, field: &'static str, says_something: bool) -> String {
        let value = self.needed(field);
        let text = self.as_text(field, value);
        if says_something && text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            self.refuse(field, "is empty");
        }
        text.unwrap_or_default()
    }

    fn maybe_text(&mut self, field: &'static str) -> Option<String> {
        let value = self.take(field);
        self.as_text(field, value)
    }

    fn id(&mut self, field: &'static str) -> String {
        let text = self.text(field, true);
        if text.len() > MAX_ID {
            self.refuse(field, format!("is longer than {MAX_ID} bytes"));
        }
        if text.chars().any(char::is_control) {
            self.refuse(field, "holds a control character");
        }
        text
    }

    fn flag(&mut self, field: &'static str, needed: bool) -> Option<bool> {
        let value = if needed {
            self.needed(field)
        } else {
            self.take(field)
        };
        match value? {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.refuse(field, "is neither true nor false");
                None
            }
        }
    }

    fn texts(&mut self, field: &'static str) -> Vec<String> {
        let values = match self.needed(field) {
            None => return Vec::new(),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.refuse(field, "is no list");
                return Vec::new();
            }
        };
        let texts: Option<Vec<String>> = values
            .into_iter()
            .map(|value| match value {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect();
        if texts.is_none() {
            self.refuse(field, "lists something that is no text");
        }
        texts.unwrap_or_default()
    }

    fn object(&mut self, field: &'static str) -> Map<String, Value> {
        match self.take(field) {
            None => Map::new(),
            Some(Value::Object(object)) => object,
            Some(_) => {
                self.refuse(field, "is no object");
                Map::new()
            }
        }
    }

    fn moment(&mut self, field: &'static str) -> Timestamp {
        let text = self.text(field, false);
        let moment = utc_text::parse(&text);
        if moment.is_none() && !self.faults.iter().any(|fault| fault.field == field) {
            self.refuse(field, "is no time such as 2026-02-03T04:05:06.789Z");
        }
        moment.unwrap_or_default()
    }
}

/// JSON with escapes for the two characters that JSON can do without and no queue takes.
fn to_message<T: Serialize>(message: &T, what: &str) -> Result<String, StoreError> {
    let text = super::to_json(message, what)?;
    if !text.contains(['\u{fffe}', '\u{ffff}']) {
        return Ok(text);
    }
    Ok(text
        .replace('\u{fffe}', "\\ufffe")
        .replace('\u{ffff}', "\\uffff"))
}

/// The bytes of a text in JSON, without its quotation marks.
fn encoded_length(text: &str) -> usize {
    text.chars().map(encoded_character).sum()
}

fn encoded_character(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..' ' | '\u{fffe}' | '\u{ffff}' => 6,
        other => other.len_utf8(),
    }
}

/// A text whose JSON has at most so many bytes.
fn cut(text: &str, limit: usize) -> String {
    if encoded_length(text) <= limit {
        return text.to_owned();
    }
    let mark = " (cut)";
    let mut left = limit.saturating_sub(mark.len());
    let fits = |character: &char| {
        let length = encoded_character(*character);
        let fits = length <= left;
        left = left.saturating_sub(length);
        fits
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push_str(mark);
    kept
}
