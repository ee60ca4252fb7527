//! The AWS stack: its template, checked without AWS, and deployed into an emulator on this machine.

mod emulator;
mod machine_rules;
mod permission_rules;
mod stack_rules;
mod template;

use serde_json::Value;

/// Something that has to hold, and what makes it untrue.
struct Rule {
    /// A sentence.
    name: &'static str,
    /// What is wrong, in words; nothing when the rule holds.
    check: fn(&Value) -> Vec<String>,
    /// Places in the document and the JSON that breaks the rule there; an empty text removes what is
    /// there. Each of them alone has to be noticed.
    breaks: &'static [(&'static str, &'static str)],
}

/// Holds every rule against `document`, and against every broken copy of it.
fn check(document: &Value, rules: &[Rule]) {
    let mut wrong = Vec::new();
    for rule in rules {
        let found = (rule.check)(document);
        wrong.extend(found.iter().map(|what| format!("{}: {what}", rule.name)));
        assert!(!rule.breaks.is_empty(), "{}: nothing breaks it", rule.name);
        for (place, json) in rule.breaks {
            let copy = broken(document, place, json);
            if (rule.check)(&copy).is_empty() {
                wrong.push(format!("{}: not noticed: {place} = {json}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A copy of `document` with `json` at `place`, or without that place when `json` is empty.
fn broken(document: &Value, place: &str, json: &str) -> Value {
    let mut copy = document.clone();
    let (parent, key) = place.rsplit_once('/').expect("a pointer begins with /");
    let parent = copy
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("there is no {parent}"));
    let key = key.replace("~1", "/");
    match parent {
        Value::Object(members) if json.is_empty() => {
            members
                .remove(&key)
                .unwrap_or_else(|| panic!("there is no {place}"));
        }
        Value::Object(members) => {
            members.insert(key, serde_json::from_str(json).unwrap());
        }
        Value::Array(elements) => {
            let index: usize = key.parse().unwrap();
            if json.is_empty() {
                elements.remove(index);
            } else {
                elements[index] = serde_json::from_str(json).unwrap();
            }
        }
        _ => panic!("nothing is below {place}"),
    }
    copy
}

#[test]
fn cfn_lint_has_nothing_to_say() {
    template::lint(&template::path());
}

#[test]
fn cfn_lint_has_nothing_to_say_about_the_state_machines() {
    // It does not look into a definition that is put together, so it gets a copy that is not.
    let mut document = template::read();
    for name in template::MACHINES {
        let definition = template::definition_text(&document, name);
        let properties = format!("/Resources/{name}/Properties");
        document.pointer_mut(&properties).unwrap()["DefinitionString"] = definition.into();
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("template.json");
    std::fs::write(&copy, document.to_string()).unwrap();
    template::lint(&copy);
}

#[test]
fn the_resources_keep_their_rules_and_broken_copies_do_not() {
    check(&template::read(), stack_rules::RULES);
}

#[test]
fn the_permissions_keep_their_rules_and_broken_copies_do_not() {
    check(&template::read(), permission_rules::RULES);
}

#[test]
fn the_state_machine_keeps_its_rules_and_broken_copies_do_not() {
    let definition = template::definition(&template::read(), "StateMachine");
    check(&definition, machine_rules::RULES);
}

#[test]
fn the_state_machine_of_stopped_tasks_keeps_its_rules_and_broken_copies_do_not() {
    let definition = template::definition(&template::read(), "StoppedTask");
    check(&definition, machine_rules::RULES_OF_ANY);
}
