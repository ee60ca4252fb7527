//! What has to hold for the state machines' definitions.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Rule;

/// The suffix of the states of an inline job; those of a distributed one have none.
const INLINE: &str = " (inline)";

/// Rules of any definition.
pub(crate) const RULES_OF_ANY: &[Rule] = &[
    Rule {
        name: "states are reached, and lead somewhere",
        check: |machine| scopes(machine).iter().flat_map(connections).collect(),
        breaks: &[
            ("/States/Done", ""),
            ("/States/Lost", r#"{"Type": "Succeed"}"#),
            ("/States/Find execution/Next", r#""Nowhere""#),
        ],
    },
    Rule {
        name: "a task is tried again, with full jitter",
        check: retries,
        breaks: &[
            ("/States/Find execution/Retry", ""),
            ("/States/Find execution/Retry/0/JitterStrategy", ""),
            ("/States/Find execution/Retry/0/MaxAttempts", "0"),
        ],
    },
    Rule {
        name: "a job is changed on the condition that it is still that attempt's",
        check: conditions,
        breaks: &[
            ("/States/End job/Parameters/ConditionExpression", ""),
            (
                "/States/End job/Parameters/ConditionExpression",
                r##""#status = :pending""##,
            ),
        ],
    },
];

/// Rules of the state machine of batches.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "states are reached, and lead somewhere",
        check: |machine| scopes(machine).iter().flat_map(connections).collect(),
        breaks: &[
            ("/States/Batch done", ""),
            ("/States/Lost", r#"{"Type": "Succeed"}"#),
            ("/States/Inline/ItemProcessor/States/Done (inline)", ""),
            (
                "/States/Distributed/ItemProcessor/States/Revoke/Next",
                r#""Reconcile""#,
            ),
        ],
    },
    Rule {
        name: "no two states have the same name",
        check: one_name_each,
        breaks: &[(
            "/States/Inline/ItemProcessor/States/Run",
            r#"{"Type": "Succeed"}"#,
        )],
    },
    Rule {
        name: "a job is the same thing in both maps",
        check: same_jobs,
        breaks: &[
            (
                "/States/Inline/ItemProcessor/States/Pause (inline)/Seconds",
                "6",
            ),
            ("/States/Distributed/ItemSelector/tries", "1"),
        ],
    },
    Rule {
        name: "a task is tried again, with full jitter",
        check: retries,
        breaks: &[
            ("/States/Distributed/ItemProcessor/States/Run/Retry", ""),
            ("/States/Find pending/Retry/0/JitterStrategy", r#""NONE""#),
        ],
    },
    Rule {
        name: "a job is changed on the condition that it is still that attempt's",
        check: conditions,
        breaks: &[
            (
                "/States/Distributed/ItemProcessor/States/Fail job/Parameters/ConditionExpression",
                r#""batch_id = :batch""#,
            ),
            (
                "/States/Inline/ItemProcessor/States/Revoke (inline)/Parameters/ConditionExpression",
                "",
            ),
            (
                "/States/End jobs/ItemProcessor/States/End job/Parameters/ConditionExpression",
                r##""(#status = :pending OR #status = :running)""##,
            ),
        ],
    },
    Rule {
        name: "nothing that goes wrong with one job ends another",
        check: caught,
        breaks: &[
            ("/States/Inline/ItemProcessor/States/Run (inline)/Catch", ""),
            (
                "/States/Distributed/ItemProcessor/States/Look/Catch/0/ErrorEquals",
                r#"["States.Timeout"]"#,
            ),
            (
                "/States/Distributed/ItemProcessor/States/Run/Catch/0/Next",
                r#""Done""#,
            ),
            ("/States/Distributed/ToleratedFailurePercentage", "5"),
            ("/States/End jobs/ToleratedFailurePercentage", ""),
        ],
    },
    Rule {
        name: "a batch ends with a reconcile, however its jobs ended",
        check: reconciled,
        breaks: &[
            ("/States/Inline/Catch", ""),
            ("/States/Distributed/Next", r#""Batch done""#),
            ("/States/Store items/Catch/0/Next", r#""Batch failed""#),
        ],
    },
    Rule {
        name: "payloads and histories stay within the limits",
        check: small,
        breaks: &[
            ("/States/Inline/MaxConcurrency", "41"),
            ("/States/Inline/ResultPath", ""),
            ("/States/Distributed/ItemReader", ""),
            (
                "/States/Distributed/ItemProcessor/ProcessorConfig/Mode",
                r#""INLINE""#,
            ),
            ("/States/Find running/Parameters/Limit", ""),
            (
                "/States/Distributed/ItemProcessor/States/Done/Result",
                r#"{"long": "text"}"#,
            ),
        ],
    },
    Rule {
        name: "a task is run to its end, within a time, as the cluster says",
        check: run,
        breaks: &[
            (
                "/States/Distributed/ItemProcessor/States/Run/Resource",
                r#""arn:aws:states:::ecs:runTask""#,
            ),
            (
                "/States/Distributed/ItemProcessor/States/Run/TimeoutSeconds",
                "",
            ),
            (
                "/States/Distributed/ItemProcessor/States/Run/HeartbeatSeconds",
                "60",
            ),
            (
                "/States/Distributed/ItemProcessor/States/Run/Parameters/LaunchType",
                r#""FARGATE""#,
            ),
            (
                "/States/Inline/ItemProcessor/States/Run (inline)/Parameters/Overrides/ContainerOverrides/0/Environment/9",
                "",
            ),
        ],
    },
];

/// The machine and the processors of its maps, each with its states.
fn scopes(machine: &Value) -> Vec<Value> {
    let inner = states(machine)
        .filter_map(|(_, state)| state.get("ItemProcessor"))
        .flat_map(scopes);
    std::iter::once(machine.clone()).chain(inner).collect()
}

fn states(scope: &Value) -> impl Iterator<Item = (&String, &Value)> {
    scope["States"].as_object().into_iter().flatten()
}

/// Every state of every scope.
fn all_states(machine: &Value) -> Vec<(String, Value)> {
    let scopes = scopes(machine);
    let all = scopes.iter().flat_map(states);
    all.map(|(name, state)| (name.clone(), state.clone()))
        .collect()
}

fn tasks(machine: &Value) -> Vec<(String, Value)> {
    let mut tasks = all_states(machine);
    tasks.retain(|(_, state)| state["Type"] == "Task");
    tasks
}

/// Where a state can lead.
fn targets(state: &Value) -> Vec<String> {
    let branches = ["Catch", "Choices"];
    let branches = branches.iter().filter_map(|field| state[field].as_array());
    let nexts = branches.flatten().map(|branch| &branch["Next"]);
    let all = nexts.chain([&state["Next"], &state["Default"]]);
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn connections(scope: &Value) -> Vec<String> {
    let names: BTreeSet<String> = states(scope).map(|(name, _)| name.clone()).collect();
    let mut reached = BTreeSet::new();
    let mut open = vec![scope["StartAt"].as_str().unwrap_or_default().to_owned()];
    let mut wrong = Vec::new();
    while let Some(name) = open.pop() {
        if !names.contains(&name) {
            wrong.push(format!("there is no {name}"));
        } else if reached.insert(name.clone()) {
            let state = &scope["States"][&name];
            let next = targets(state);
            let last =
                state["End"] == true || state["Type"] == "Succeed" || state["Type"] == "Fail";
            if next.is_empty() != last {
                wrong.push(format!("{name} leads nowhere, or on after its end"));
            }
            open.extend(next);
        }
    }
    wrong.extend(
        names
            .difference(&reached)
            .map(|name| format!("{name} is not reached")),
    );
    wrong
}

fn one_name_each(machine: &Value) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, _) in all_states(machine) {
        if !seen.insert(name.clone()) {
            wrong.push(name);
        }
    }
    wrong
}

fn same_jobs(machine: &Value) -> Vec<String> {
    let part = |map: &str, field: &str| {
        let text = machine["States"][map].pointer(field).unwrap().to_string();
        text.replace(INLINE, "")
    };
    let fields = [
        "/ItemProcessor/States",
        "/ItemProcessor/StartAt",
        "/ItemSelector",
    ];
    let differ = fields.iter().filter(|field| {
        // The order of states does not matter: the names differ, so it is another one.
        let parse = |map: &str| -> Value { serde_json::from_str(&part(map, field)).unwrap() };
        parse("Inline") != parse("Distributed")
    });
    differ.map(|field| format!("{field} differs")).collect()
}

fn retries(machine: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, task) in tasks(machine) {
        let retries = task["Retry"].as_array().cloned().unwrap_or_default();
        let good = |retry: &Value| {
            retry["JitterStrategy"] == "FULL"
                && retry["BackoffRate"].as_f64() > Some(1.0)
                && retry["MaxAttempts"].as_u64() > Some(0)
                && retry["MaxDelaySeconds"].is_u64()
        };
        if retries.is_empty() || !retries.iter().all(good) {
            wrong.push(name);
        }
    }
    wrong
}

fn conditions(machine: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, task) in tasks(machine) {
        if !task["Resource"].as_str().unwrap().ends_with(":updateItem") {
            continue;
        }
        let condition = task["Parameters"]["ConditionExpression"].as_str();
        let needed = ["batch_id = :batch", "#status = :running", "lease_"];
        if !condition.is_some_and(|text| needed.iter().all(|part| text.contains(part))) {
            wrong.push(name);
        }
    }
    wrong
}

/// The maps whose iterations are jobs, or the jobs that a reconcile ends.
fn maps(machine: &Value) -> Vec<(&String, &Value)> {
    let maps: Vec<_> = states(machine)
        .filter(|(_, state)| state["Type"] == "Map")
        .collect();
    assert_eq!(
        maps.len(),
        3,
        "the maps of the state machine are known here"
    );
    maps
}

fn catches_all(state: &Value, next: Option<&str>) -> bool {
    let catch = &state["Catch"][0];
    let target = next.is_none_or(|next| catch["Next"] == next);
    target && catch["ErrorEquals"] == serde_json::json!(["States.ALL"])
}

fn caught(machine: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (map, state) in maps(machine) {
        let distributed = state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED";
        if distributed && state["ToleratedFailurePercentage"].as_f64() != Some(100.0) {
            wrong.push(format!("{map} ends when some of its jobs fail"));
        }
        for (name, task) in tasks(&state["ItemProcessor"]) {
            let looked = name.starts_with("Run").then(|| name.replace("Run", "Look"));
            if !catches_all(&task, looked.as_deref()) {
                wrong.push(name);
            }
        }
    }
    wrong
}

fn reconciled(machine: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in ["Inline", "Distributed"] {
        let state = &machine["States"][name];
        if state["Next"] != "Reconcile" || !catches_all(state, Some("Reconcile")) {
            wrong.push(name.to_owned());
        }
    }
    if !catches_all(&machine["States"]["Store items"], Some("Reconcile")) {
        wrong.push("Store items".to_owned());
    }
    wrong
}

fn small(machine: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, map) in maps(machine) {
        // What the iterations answer together has to fit in 256 KiB, even when it is dropped.
        if map.get("ResultPath") != Some(&Value::Null) {
            wrong.push(format!("{name} keeps the answers of its iterations"));
        }
        for (inner, state) in states(&map["ItemProcessor"]) {
            if state["End"] == true && state["Result"] != serde_json::json!({}) {
                wrong.push(format!("{inner} answers something"));
            }
        }
    }
    let states = &machine["States"];
    if states["Inline"]["MaxConcurrency"] != 40 {
        wrong.push("an inline map runs 40 at once".to_owned());
    }
    for name in ["Distributed", "End jobs"] {
        // Its iterations have histories of their own.
        if states[name]["ItemProcessor"]["ProcessorConfig"]["Mode"] != "DISTRIBUTED" {
            wrong.push(format!("{name} is not distributed"));
        }
    }
    if !states["Distributed"]["ItemReader"].is_object() {
        wrong.push("a large batch does not come from a file".to_owned());
    }
    for name in ["Find running", "Find pending"] {
        if states[name]["Parameters"]["Limit"]
            .as_u64()
            .is_none_or(|limit| limit > 100)
        {
            wrong.push(format!("{name} may answer more than fits"));
        }
    }
    wrong
}

/// What a runner is told.
const TOLD: [&str; 10] = [
    "REPO_OWNER",
    "REPO_NAME",
    "REPO_URL",
    "COMMIT_HASH_TO_PROCESS",
    "DYNAMODB_TABLE_NAME",
    "S3_BUCKET_NAME",
    "RETRO_PLAN",
    "RETRO_SUITE",
    "RETRO_BATCH",
    "RETRO_ATTEMPT",
];

fn run(machine: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let runs: Vec<_> = tasks(machine)
        .into_iter()
        .filter(|(name, _)| name.starts_with("Run"))
        .collect();
    assert_eq!(runs.len(), 2);
    for (name, task) in runs {
        if task["Resource"] != "arn:aws:states:::ecs:runTask.sync" {
            wrong.push(format!("{name} does not wait for the task's end"));
        }
        if !task["TimeoutSeconds"].is_u64() {
            wrong.push(format!("{name} may take for ever"));
        }
        if task.get("HeartbeatSeconds").is_some() {
            wrong.push(format!("{name} waits for heartbeats that nobody sends"));
        }
        if task["Parameters"].get("LaunchType").is_some() {
            wrong.push(format!("{name} overrides the cluster's capacity providers"));
        }
        let container = &task["Parameters"]["Overrides"]["ContainerOverrides"][0];
        let told = container["Environment"].as_array().unwrap();
        let told: BTreeSet<_> = told
            .iter()
            .filter_map(|pair| pair["Name"].as_str())
            .collect();
        let missing = TOLD.iter().filter(|name| !told.contains(*name));
        wrong.extend(missing.map(|missing| format!("{name} does not tell {missing}")));
    }
    wrong
}
