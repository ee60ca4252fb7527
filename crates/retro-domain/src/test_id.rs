//! Stable names of tests.

use std::fmt;
use std::str::FromStr;

/// Names one test, the same in every run whatever the order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TestId {
    /// The suites around it, outermost first.
    pub suite: Vec<String>,
    /// The class, module or file it belongs to, when the format has one.
    pub class: Option<String>,
    /// Its own name.
    pub name: String,
    /// Parameters, when the format keeps them apart from the name.
    pub parameters: Option<String>,
}

const UNIT: char = '\u{1f}';
const ESCAPE: char = '\u{1b}';

impl TestId {
    /// A test with a name only.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The id under which a suite's command as a whole is recorded: it fails when the command
    /// failed and no test explains why. Not counted as a test.
    pub fn command(suite: &str) -> Self {
        Self {
            class: Some(suite.to_owned()),
            ..Self::named("(command)")
        }
    }

    /// Whether this is the id of a command as a whole, see [`TestId::command`].
    pub fn is_command(&self) -> bool {
        self.name == "(command)" && self.suite.is_empty() && self.parameters.is_none()
    }

    /// A lossless text form for storage. Reads back with [`FromStr`].
    pub fn to_key(&self) -> String {
        let mut key = String::new();
        let mut push = |tag: char, text: &str| {
            key.push(tag);
            for c in text.chars() {
                if c == UNIT || c == ESCAPE {
                    key.push(ESCAPE);
                }
                key.push(c);
            }
            key.push(UNIT);
        };
        for suite in &self.suite {
            push('s', suite);
        }
        if let Some(class) = &self.class {
            push('c', class);
        }
        push('n', &self.name);
        if let Some(parameters) = &self.parameters {
            push('p', parameters);
        }
        key
    }
}

impl fmt::Display for TestId {
    /// For people: `suite/suite::class::name[parameters]`, leaving out what is absent, and a class
    /// that only repeats the innermost suite's name, as some runners write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.suite.is_empty() {
            write!(f, "{}::", self.suite.join("/"))?;
        }
        let class = self.class.as_ref();
        if let Some(class) = class.filter(|class| self.suite.last() != Some(class)) {
            write!(f, "{class}::")?;
        }
        f.write_str(&self.name)?;
        match &self.parameters {
            Some(parameters) => write!(f, "[{parameters}]"),
            None => Ok(()),
        }
    }
}

/// A text was not what [`TestId::to_key`] writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a stored test id: {0:?}")]
pub struct TestIdParseError(String);

impl FromStr for TestId {
    type Err = TestIdParseError;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        let bad = || TestIdParseError(key.to_owned());
        let mut id = Self::default();
        let mut named = false;
        let mut chars = key.chars();
        while let Some(tag) = chars.next() {
            let mut text = String::new();
            loop {
                match chars.next().ok_or_else(bad)? {
                    UNIT => break,
                    ESCAPE => text.push(chars.next().ok_or_else(bad)?),
                    other => text.push(other),
                }
            }
            match tag {
                's' if id.class.is_none() && !named => id.suite.push(text),
                'c' if id.class.is_none() && !named => id.class = Some(text),
                'n' if !named => {
                    id.name = text;
                    named = true;
                }
                'p' if named && id.parameters.is_none() => id.parameters = Some(text),
                _ => return Err(bad()),
            }
        }
        if named { Ok(id) } else { Err(bad()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_id_survives_storage(
            suite in prop::collection::vec(any::<String>(), 0..4),
            class in any::<Option<String>>(),
            name in any::<String>(),
            parameters in any::<Option<String>>(),
        ) {
            let id = TestId { suite, class, name, parameters };
            prop_assert_eq!(id.to_key().parse(), Ok(id));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            let _ = text.parse::<TestId>();
        }
    }

    #[test]
    fn people_see_the_parts_in_order() {
        let id = TestId {
            suite: vec!["a".into(), "b".into()],
            class: Some("C".into()),
            name: "n".into(),
            parameters: Some("1".into()),
        };
        assert_eq!(id.to_string(), "a/b::C::n[1]");
        assert_eq!(TestId::command("unit").to_string(), "unit::(command)");
        assert!(TestId::command("unit").is_command());
    }
}
