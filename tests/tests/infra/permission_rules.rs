//! What has to hold for the stack's permissions.

use serde_json::{Value, json};

use crate::Rule;
use crate::stack_rules::{properties, unless};

/// Rules of roles and policies.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "no role may do everything, or anything everywhere",
        check: wildcards,
        breaks: &[
            (
                "/Resources/TaskRole/Properties/Policies/1/PolicyDocument/Statement/0/Action",
                r#""s3:*""#,
            ),
            (
                "/Resources/TaskRole/Properties/Policies/1/PolicyDocument/Statement/0/Action",
                r#"["s3:Put*"]"#,
            ),
            (
                "/Resources/StateMachineRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource",
                r#""*""#,
            ),
            (
                "/Resources/ImagePolicy/Properties/PolicyDocument/Statement/0/Resource",
                r#""*""#,
            ),
            (
                "/Resources/InitiatorRole/Properties/Policies/1/PolicyDocument/Statement/0/NotAction",
                r#""s3:*""#,
            ),
            (
                "/Resources/InitiatorRole/Properties/ManagedPolicyArns",
                r#"["arn:aws:iam::aws:policy/AdministratorAccess"]"#,
            ),
        ],
    },
    Rule {
        name: "items of the table are reached by their repository, objects by their prefix",
        check: scopes,
        breaks: &[
            (
                "/Resources/TaskRole/Properties/Policies/0/PolicyDocument/Statement/0/Condition",
                "",
            ),
            (
                "/Resources/StateMachineRole/Properties/Policies/1/PolicyDocument/Statement/0/Condition",
                r#"{"StringLike": {"dynamodb:LeadingKeys": "*"}}"#,
            ),
            (
                "/Resources/TaskRole/Properties/Policies/1/PolicyDocument/Statement/0/Resource",
                r#"{"Fn::Sub": "${Bucket.Arn}/*"}"#,
            ),
            (
                "/Resources/TaskRole/Properties/Policies/1/PolicyDocument/Statement/2/Condition",
                "",
            ),
            (
                "/Resources/InitiatorRole/Properties/Policies/1/PolicyDocument/Statement/2/Resource/1",
                r#"{"Fn::GetAtt": ["Bucket", "Arn"]}"#,
            ),
        ],
    },
    Rule {
        name: "a task cannot write plans, start anything, or remove anything",
        check: runner,
        breaks: &[
            (
                "/Resources/TaskRole/Properties/Policies/1/PolicyDocument/Statement/0/Resource",
                r#"{"Fn::Sub": "${Bucket.Arn}/plans/*"}"#,
            ),
            (
                "/Resources/TaskRole/Properties/Policies/0/PolicyDocument/Statement/0/Action/0",
                r#""dynamodb:DeleteItem""#,
            ),
            (
                "/Resources/TaskRole/Properties/Policies/0/PolicyDocument/Statement/0/Action/0",
                r#""ecs:RunTask""#,
            ),
        ],
    },
    Rule {
        name: "batches and events are out of reach of tasks and state machines",
        check: fenced,
        breaks: &[
            (
                "/Resources/TaskRole/Properties/Policies/0/PolicyDocument/Statement/1/Effect",
                r#""Allow""#,
            ),
            (
                "/Resources/TaskRole/Properties/Policies/0/PolicyDocument/Statement/1/Action/1",
                "",
            ),
            (
                "/Resources/StateMachineRole/Properties/Policies/1/PolicyDocument/Statement/1/Condition",
                r#"{"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["run#*"]}}"#,
            ),
            (
                "/Resources/StoppedTaskRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource",
                r#"{"Fn::GetAtt": ["Bucket", "Arn"]}"#,
            ),
        ],
    },
    Rule {
        name: "the state machine runs and stops tasks of its cluster, with their two roles",
        check: state_machine,
        breaks: &[
            (
                "/Resources/StateMachineRole/Properties/Policies/0/PolicyDocument/Statement/0/Condition",
                "",
            ),
            (
                "/Resources/StateMachineRole/Properties/Policies/0/PolicyDocument/Statement/0/Resource",
                r#"{"Fn::Sub": "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/*"}"#,
            ),
            (
                "/Resources/StateMachineRole/Properties/Policies/0/PolicyDocument/Statement/1/Action/1",
                "",
            ),
            (
                "/Resources/StateMachineRole/Properties/Policies/0/PolicyDocument/Statement/2/Resource/0",
                r#"{"Fn::GetAtt": ["InitiatorRole", "Arn"]}"#,
            ),
            (
                "/Resources/StateMachineRole/Properties/Policies/0/PolicyDocument/Statement/2/Condition",
                "",
            ),
        ],
    },
    Rule {
        name: "each role is for one service, and the task's two roles are two",
        check: trust,
        breaks: &[
            (
                "/Resources/TaskRole/Properties/AssumeRolePolicyDocument/Statement/0/Principal",
                r#"{"AWS": "*"}"#,
            ),
            (
                "/Resources/StateMachineRole/Properties/AssumeRolePolicyDocument/Statement/0/Condition",
                "",
            ),
            (
                "/Resources/TaskDefinition/Properties/ExecutionRoleArn",
                r#"{"Fn::GetAtt": ["TaskRole", "Arn"]}"#,
            ),
        ],
    },
];

/// A statement of a policy that a role has, with that role's or policy's name.
struct Statement<'a> {
    of: &'a str,
    it: &'a Value,
}

impl Statement<'_> {
    fn list(&self, field: &str) -> Vec<&Value> {
        match &self.it[field] {
            Value::Null => Vec::new(),
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        }
    }

    fn actions(&self) -> Vec<&str> {
        self.list("Action")
            .into_iter()
            .map(|it| it.as_str().unwrap())
            .collect()
    }

    /// The resource as text, `${...}` as they are.
    fn resources(&self) -> Vec<String> {
        let text = |resource: &&Value| match resource {
            Value::String(text) => text.clone(),
            other => match (&other["Fn::Sub"], &other["Fn::GetAtt"], &other["Ref"]) {
                (Value::String(text), _, _) => text.clone(),
                (_, Value::Array(parts), _) => {
                    format!(
                        "${{{}.{}}}",
                        parts[0].as_str().unwrap(),
                        parts[1].as_str().unwrap()
                    )
                }
                (_, _, Value::String(name)) => format!("${{{name}}}"),
                _ => panic!("{other} is no resource"),
            },
        };
        self.list("Resource").iter().map(text).collect()
    }

    fn says(&self, what: &str) -> String {
        format!("{}, {}: {what}", self.of, self.it["Sid"])
    }
}

/// What roles are allowed, of the roles themselves and of policies apart from them.
fn statements(template: &Value) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    for (name, resource) in template["Resources"].as_object().unwrap() {
        let properties = &resource["Properties"];
        let documents: Vec<&Value> = match resource["Type"].as_str() {
            Some("AWS::IAM::Role") => {
                let inline = properties["Policies"].as_array().into_iter().flatten();
                inline.map(|policy| &policy["PolicyDocument"]).collect()
            }
            Some("AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy") => {
                vec![&properties["PolicyDocument"]]
            }
            _ => continue,
        };
        for document in documents {
            let statements = document["Statement"].as_array().unwrap();
            found.extend(statements.iter().map(|it| Statement { of: name, it }));
        }
    }
    found
}

/// Statements whose action knows no resource.
const FORCED: &[(&str, &str)] = &[("RegistryToken", "ecr:GetAuthorizationToken")];

fn wildcards(template: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for statement in statements(template) {
        let actions = statement.actions();
        if actions.is_empty() || actions.iter().any(|action| action.contains('*')) {
            wrong.push(statement.says("any action"));
        }
        for field in ["NotAction", "NotResource"] {
            if statement.it.get(field).is_some() {
                wrong.push(statement.says(field));
            }
        }
        let forced = FORCED
            .iter()
            .any(|(sid, action)| statement.it["Sid"] == *sid && actions == [*action]);
        let resources = statement.resources();
        if !forced && (resources.is_empty() || resources.iter().any(|it| !it.contains("${"))) {
            wrong.push(statement.says("any resource"));
        }
    }
    for (name, resource) in template["Resources"].as_object().unwrap() {
        if resource["Properties"].get("ManagedPolicyArns").is_some() {
            wrong.push(format!("{name}: a policy that is not ours"));
        }
    }
    wrong
}

fn scopes(template: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for statement in statements(template) {
        for resource in statement.resources() {
            let leading =
                &statement.it["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            let allows = statement.it["Effect"] == "Allow";
            if allows
                && resource == "${Table.Arn}"
                && (leading.is_null() || *leading == json!(["*"]))
            {
                wrong.push(statement.says("any item"));
            }
            let lists = statement.actions() == ["s3:ListBucket"];
            if lists && statement.it["Condition"]["StringLike"]["s3:prefix"].is_null() {
                wrong.push(statement.says("any listing"));
            }
            let prefix = resource.strip_prefix("${Bucket.Arn}").unwrap_or("/a/*");
            let below = prefix.trim_end_matches('*').trim_matches('/');
            if !lists && below.is_empty() {
                wrong.push(statement.says("any object"));
            }
        }
    }
    wrong
}

fn runner(template: &Value) -> Vec<String> {
    const MAY: [&str; 8] = [
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "s3:AbortMultipartUpload",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
    ];
    let mut wrong = Vec::new();
    for statement in statements(template).iter().filter(|it| it.of == "TaskRole") {
        for action in statement.actions() {
            if !MAY.contains(&action) {
                wrong.push(statement.says(action));
            }
            let results = "${Bucket.Arn}/${ResultPrefix}/";
            if action == "s3:PutObject"
                && statement
                    .resources()
                    .iter()
                    .any(|it| !it.starts_with(results))
            {
                wrong.push(statement.says("writes more than results"));
            }
        }
    }
    wrong
}

/// Whatever they may do with items of the table is denied for those of batches and events.
fn fenced(template: &Value) -> Vec<String> {
    const ROLES: [&str; 3] = ["TaskRole", "StateMachineRole", "StoppedTaskRole"];
    let fence = json!({"ForAnyValue:StringLike": {
        "dynamodb:LeadingKeys": ["run#*", "runs#*", "events#*"]
    }});
    let all = statements(template);
    let mut wrong = Vec::new();
    for role in ROLES {
        let on_items = |effect: &'static str| {
            all.iter().filter(move |it| {
                it.of == role && it.it["Effect"] == effect && it.resources() == ["${Table.Arn}"]
            })
        };
        let denied: Vec<&str> = on_items("Deny")
            .filter(|it| it.it["Condition"] == fence)
            .flat_map(Statement::actions)
            .collect();
        for statement in on_items("Allow") {
            for action in statement.actions() {
                if !denied.contains(&action) {
                    wrong.push(statement.says(action));
                }
            }
        }
    }
    wrong
}

fn state_machine(template: &Value) -> Vec<String> {
    let all = statements(template);
    let of = |action: &str| {
        let mut found = all
            .iter()
            .filter(|it| it.of == "StateMachineRole" && it.actions().contains(&action));
        found.next()
    };
    let cluster = json!({"ArnEquals": {"ecs:cluster": {"Fn::GetAtt": ["Cluster", "Arn"]}}});
    let within = |action: &str, part: &str| {
        of(action).is_some_and(|it| {
            it.it["Condition"] == cluster
                && it
                    .resources()
                    .iter()
                    .all(|resource| resource.contains(part))
        })
    };
    let passed = of("iam:PassRole").is_some_and(|it| {
        it.resources() == ["${TaskRole.Arn}", "${ExecutionRole.Arn}"]
            && it.it["Condition"]
                == json!({"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
    });
    let wrong = [
        unless(
            within("ecs:RunTask", ":task-definition/${AWS::StackName}-runner:"),
            "RunTask",
        ),
        unless(within("ecs:StopTask", ":task/${Cluster}/"), "StopTask"),
        unless(
            within("ecs:DescribeTasks", ":task/${Cluster}/"),
            "DescribeTasks",
        ),
        unless(passed, "PassRole"),
    ];
    wrong.into_iter().flatten().collect()
}

fn trust(template: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, role) in template["Resources"].as_object().unwrap() {
        if role["Type"] != "AWS::IAM::Role" {
            continue;
        }
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            .as_array()
            .unwrap()
        {
            let service = statement["Principal"]["Service"].as_str();
            // Lambda does not say which account it asks for.
            let ours = service == Some("lambda.amazonaws.com")
                || statement["Condition"]["StringEquals"]["aws:SourceAccount"]["Ref"]
                    == "AWS::AccountId";
            if service.is_none() || !ours {
                wrong.push(format!("{name} is for others, too"));
            }
        }
    }
    let task = properties(template, "TaskDefinition");
    wrong.extend(unless(
        task["TaskRoleArn"] != task["ExecutionRoleArn"],
        "one role for two purposes",
    ));
    wrong
}
