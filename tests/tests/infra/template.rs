//! The template as a document, and the tools that read it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use retro_tests::emulator::{installed, root};
use serde_json::Value;

/// The state machines of the template.
pub(crate) const MACHINES: [&str; 2] = ["StateMachine", "StoppedTask"];

/// The template's file.
pub(crate) fn path() -> PathBuf {
    root().join("infra/template.yaml")
}

/// What a program of that environment prints. Panics with what it says when it fails.
#[expect(
    clippy::disallowed_methods,
    reason = "the test starts a tool, as a person would"
)]
pub(crate) fn run(name: &str, arguments: &[&OsStr]) -> String {
    let output = Command::new(installed(name))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    said
}

/// A file beside the emulator.
pub(crate) fn script(name: &str) -> PathBuf {
    root().join("tests/servers").join(name)
}

/// The template as JSON, `!Ref` and the like written out.
pub(crate) fn read() -> Value {
    let script = script("template_json.py");
    let json = run("python", &[script.as_ref(), path().as_ref()]);
    serde_json::from_str(&json).unwrap()
}

/// Panics with what cfn-lint says about `file`, if it says anything.
pub(crate) fn lint(file: &Path) {
    // Parameters that only a definition uses look unused in a copy with a plain definition.
    let ignore = ["--ignore-checks", "W2001", "--"].map(OsStr::new);
    run("cfn-lint", &[ignore.as_slice(), &[file.as_ref()]].concat());
}

/// The text of a state machine's definition. A parameter is its default, any other reference its name.
pub(crate) fn definition_text(template: &Value, machine: &str) -> String {
    let place = format!("/Resources/{machine}/Properties/DefinitionString/Fn::Sub");
    let sub = template.pointer(&place).unwrap();
    let text = sub.get(0).unwrap_or(sub).as_str().unwrap();
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap();
        let default = &template["Parameters"][name]["Default"];
        filled.push_str(before);
        filled.push_str(&match default {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ if name == "AWS::Partition" => "aws".to_owned(),
            _ => name.to_owned(),
        });
        rest = after;
    }
    filled + rest
}

/// A state machine's definition as JSON.
pub(crate) fn definition(template: &Value, machine: &str) -> Value {
    serde_json::from_str(&definition_text(template, machine)).unwrap()
}
