//! Texts with places for facts.

/// A text with places for facts: `{name}`. Two braces stand for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Fact(String),
}

/// A text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It names something that there is not.
    #[error(
        "the template names {{{name}}}, which is not known; known are {known}, and {{{{ is a brace"
    )]
    UnknownFact {
        /// What stands between the braces.
        name: String,
        /// What may.
        known: String,
    },
    /// A brace has no partner.
    #[error("the template has a lone {brace} in it; write it twice to mean itself")]
    LoneBrace {
        /// Which one.
        brace: char,
    },
    /// There is nothing in it.
    #[error("the template is empty; leave it away to have the usual text")]
    Empty,
}

impl Template {
    /// Reads a template that may name these facts.
    ///
    /// # Errors
    ///
    /// When it names another one, has a lone brace, or is empty.
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, TemplateError> {
        if text.trim().is_empty() {
            return Err(TemplateError::Empty);
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
            let lone = TemplateError::LoneBrace { brace };
            let end = behind.find('}').filter(|_| brace == '{').ok_or(lone)?;
            let name = &behind[..end];
            if !known.contains(&name) {
                let known: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
                return Err(TemplateError::UnknownFact {
                    name: name.to_owned(),
                    known: known.join(", "),
                });
            }
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Fact(name.to_owned()));
            rest = &behind[end + 1..];
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// The text with facts in their places. What is in a fact is not looked at again.
    pub fn render(&self, mut value: impl FnMut(&str) -> String) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Fact(name) => text.push_str(&value(name)),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_put_in_place_once() {
        let template = Template::parse("{a}{{{b}}} }}{{a}}", &["a", "b"]).unwrap();
        let text = template.render(|name| format!("<{{{name}}}>"));
        assert_eq!(text, "<{a}>{<{b}>} }{a}");
    }

    #[test]
    fn what_is_no_template_is_refused() {
        use TemplateError as E;
        let check = |text: &str, expected: E| {
            assert_eq!(Template::parse(text, &["a", "b"]), Err(expected));
        };
        let (name, known) = ("c".to_owned(), "{a}, {b}".to_owned());
        check("a {c}", E::UnknownFact { name, known });
        check("a {a", E::LoneBrace { brace: '{' });
        check("a } b", E::LoneBrace { brace: '}' });
        check(" \n", E::Empty);
        let message = Template::parse("{c}", &["a"]).unwrap_err().to_string();
        let expected =
            "the template names {c}, which is not known; known are {a}, and {{ is a brace";
        assert_eq!(message, expected);
    }
}
