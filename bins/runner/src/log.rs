//! One line of JSON for each thing that happens, on standard output.

use std::io::Write as _;

use jiff::Timestamp as Moment;
use retro_domain::{Clock, Event};
use retro_store::record::StoredEvent;
use retro_workflow::EventSink;
use serde_json::{Map, Value, json};

/// Writes events as lines. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Log {
    clock: std::sync::Arc<dyn Clock>,
    /// What every line says.
    always: Map<String, Value>,
}

impl Log {
    pub(crate) fn new(clock: std::sync::Arc<dyn Clock>) -> Self {
        Self {
            clock,
            always: Map::new(),
        }
    }

    /// From now on, every line says this, too.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.always.insert(name.to_owned(), value.into());
        self
    }

    /// One line: `time`, `event`, what every line says, and `fields`.
    pub(crate) fn line(&self, event: &str, fields: Value) {
        let now = Moment::from_millisecond(self.clock.now().unix_millis());
        let mut line = Map::new();
        line.insert("time".into(), json!(now.unwrap_or_default().to_string()));
        line.insert("event".into(), json!(event));
        for (name, value) in &self.always {
            line.insert(name.clone(), value.clone());
        }
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        // Nobody can be told that nobody listens.
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    /// Something went wrong.
    pub(crate) fn error(&self, message: &str) {
        self.line("error", json!({ "message": message }));
    }
}

impl EventSink for Log {
    fn event(&self, event: &Event) {
        let Ok(text) = StoredEvent::new(event).encode() else {
            return;
        };
        let stored: Value = serde_json::from_str(&text).unwrap_or_default();
        // `{"what": {"job-phase": {…}}}`
        let Some((name, fields)) = stored["what"].as_object().and_then(|it| it.iter().next())
        else {
            return;
        };
        self.line(name, fields.clone());
    }
}
