//! What has to hold for the stack's resources.

use serde_json::{Value, json};

use crate::Rule;

/// Rules of the resources.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "the table has the keys, the index and the safety that stores count on",
        check: table,
        breaks: &[
            ("/Resources/Table/Properties/KeySchema/1", ""),
            (
                "/Resources/Table/Properties/GlobalSecondaryIndexes/0/IndexName",
                r#""other""#,
            ),
            (
                "/Resources/Table/Properties/GlobalSecondaryIndexes/0/KeySchema/1/AttributeName",
                r#""commit_suite""#,
            ),
            (
                "/Resources/Table/Properties/BillingMode",
                r#""PROVISIONED""#,
            ),
            (
                "/Resources/Table/Properties/PointInTimeRecoverySpecification",
                "",
            ),
            ("/Resources/Table/DeletionPolicy", r#""Delete""#),
        ],
    },
    Rule {
        name: "the bucket is private, encrypted, its owner's, and does not fill with leftovers",
        check: bucket,
        breaks: &[
            ("/Resources/Bucket/Properties/BucketEncryption", ""),
            (
                "/Resources/Bucket/Properties/PublicAccessBlockConfiguration/BlockPublicPolicy",
                "false",
            ),
            (
                "/Resources/Bucket/Properties/PublicAccessBlockConfiguration/RestrictPublicBuckets",
                "",
            ),
            (
                "/Resources/Bucket/Properties/OwnershipControls/Rules/0/ObjectOwnership",
                r#""ObjectWriter""#,
            ),
            (
                "/Resources/Bucket/Properties/LifecycleConfiguration/Rules/0",
                "",
            ),
            (
                "/Resources/Bucket/Properties/LifecycleConfiguration/Rules/0/Status",
                r#""Disabled""#,
            ),
        ],
    },
    Rule {
        name: "the bucket and the queues are reached over TLS only",
        check: tls,
        breaks: &[
            ("/Resources/BucketPolicy", ""),
            (
                "/Resources/BucketPolicy/Properties/PolicyDocument/Statement/0/Effect",
                r#""Allow""#,
            ),
            (
                "/Resources/BucketPolicy/Properties/PolicyDocument/Statement/0/Resource/1",
                "",
            ),
            (
                "/Resources/QueuePolicy/Properties/PolicyDocument/Statement/0/Condition",
                "",
            ),
            ("/Resources/QueuePolicy/Properties/Queues/1", ""),
        ],
    },
    Rule {
        name: "messages that cannot be handled are kept apart",
        check: queues,
        breaks: &[
            ("/Resources/Queue/Properties/RedrivePolicy", ""),
            ("/Resources/Queue/Properties/SqsManagedSseEnabled", "false"),
            (
                "/Resources/DeadLetters/Properties/MessageRetentionPeriod",
                "60",
            ),
            (
                "/Resources/StoppedTaskRule/Properties/Targets/0/DeadLetterConfig",
                "",
            ),
        ],
    },
    Rule {
        name: "a task runs on Fargate as the parameters say, and has the longest time to stop",
        check: task,
        breaks: &[
            (
                "/Resources/TaskDefinition/Properties/ContainerDefinitions/0/StopTimeout",
                "30",
            ),
            (
                "/Resources/TaskDefinition/Properties/ContainerDefinitions/0/Image",
                r#""runner""#,
            ),
            ("/Resources/TaskDefinition/Properties/EphemeralStorage", ""),
            (
                "/Resources/TaskDefinition/Properties/RequiresCompatibilities/0",
                r#""EC2""#,
            ),
            (
                "/Resources/TaskDefinition/Properties/ContainerDefinitions/0/LogConfiguration",
                "",
            ),
            (
                "/Resources/Cluster/Properties/DefaultCapacityProviderStrategy",
                "",
            ),
            ("/Resources/Cluster/Properties/CapacityProviders/1", ""),
        ],
    },
    Rule {
        name: "logs end some day",
        check: logs,
        breaks: &[
            ("/Resources/RunnerLogs/Properties/RetentionInDays", ""),
            ("/Resources/InitiatorLogs/Properties/RetentionInDays", ""),
        ],
    },
    Rule {
        name: "stopped tasks are looked at",
        check: stopped_tasks,
        breaks: &[
            (
                "/Resources/StoppedTaskRule/Properties/State",
                r#""DISABLED""#,
            ),
            (
                "/Resources/StoppedTaskRule/Properties/EventPattern/detail/lastStatus",
                r#"["RUNNING"]"#,
            ),
            (
                "/Resources/StoppedTaskRule/Properties/EventPattern/detail/clusterArn",
                "",
            ),
            (
                "/Resources/StoppedTaskRule/Properties/Targets/0/Arn",
                r#"{"Ref": "Queue"}"#,
            ),
        ],
    },
    Rule {
        name: "the initiator is a program of its own on Lambda, from the bucket that is given",
        check: initiator,
        breaks: &[
            ("/Resources/Initiator/Properties/Runtime", r#""python3.13""#),
            (
                "/Resources/Initiator/Properties/Code/S3Key",
                r#""initiator.zip""#,
            ),
        ],
    },
    Rule {
        name: "whoever starts a batch learns the names from the outputs",
        check: outputs,
        breaks: &[
            ("/Outputs/TableName", ""),
            (
                "/Outputs/StateMachineArn/Value",
                r#"{"Ref": "StoppedTask"}"#,
            ),
        ],
    },
];

/// `what` when `found` does not hold.
pub(crate) fn unless(found: bool, what: &str) -> Option<String> {
    (!found).then(|| what.to_owned())
}

/// The properties of a resource.
pub(crate) fn properties<'a>(template: &'a Value, resource: &str) -> &'a Value {
    &template["Resources"][resource]["Properties"]
}

fn table(template: &Value) -> Vec<String> {
    let table = properties(template, "Table");
    let keys = json!([
        {"AttributeName": "repo_id", "KeyType": "HASH"},
        {"AttributeName": "commit_suite", "KeyType": "RANGE"},
    ]);
    let index_keys = json!([
        {"AttributeName": "batch_id", "KeyType": "HASH"},
        {"AttributeName": "status", "KeyType": "RANGE"},
    ]);
    let index = &table["GlobalSecondaryIndexes"][0];
    let recovery = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
    let wrong = [
        unless(table["KeySchema"] == keys, "its keys"),
        unless(
            index["IndexName"] == "batch_status" && index["KeySchema"] == index_keys,
            "its index",
        ),
        unless(table["BillingMode"] == "PAY_PER_REQUEST", "its billing"),
        unless(recovery == true, "no point in time recovery"),
        unless(
            template["Resources"]["Table"]["DeletionPolicy"] == "Retain",
            "goes with the stack",
        ),
    ];
    wrong.into_iter().flatten().collect()
}

fn bucket(template: &Value) -> Vec<String> {
    let bucket = properties(template, "Bucket");
    let block = [
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "IgnorePublicAcls",
        "RestrictPublicBuckets",
    ];
    let blocked = |name: &&str| bucket["PublicAccessBlockConfiguration"][name] == true;
    let rules = bucket["LifecycleConfiguration"]["Rules"].as_array();
    let aborts = |rule: &Value| {
        rule["Status"] == "Enabled"
            && rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].as_u64() <= Some(7)
            && rule["AbortIncompleteMultipartUpload"].is_object()
    };
    let encrypted = bucket.pointer(
        "/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/SSEAlgorithm",
    );
    let owner = &bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"];
    let wrong = [
        unless(block.iter().all(blocked), "public access is not blocked"),
        unless(
            rules.is_some_and(|rules| rules.iter().any(aborts)),
            "unfinished uploads stay",
        ),
        unless(encrypted.is_some(), "not encrypted"),
        unless(owner == "BucketOwnerEnforced", "others may own objects"),
    ];
    wrong.into_iter().flatten().collect()
}

fn tls(template: &Value) -> Vec<String> {
    let refuses = |policy: &str| {
        let statement = &properties(template, policy)["PolicyDocument"]["Statement"][0];
        statement["Effect"] == "Deny"
            && statement["Principal"] == "*"
            && statement["Condition"] == json!({"Bool": {"aws:SecureTransport": "false"}})
    };
    let both = json!([{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]);
    let covered =
        &properties(template, "BucketPolicy")["PolicyDocument"]["Statement"][0]["Resource"];
    let queues = json!([{"Ref": "Queue"}, {"Ref": "DeadLetters"}]);
    let wrong = [
        unless(refuses("BucketPolicy") && *covered == both, "the bucket"),
        unless(
            refuses("QueuePolicy") && properties(template, "QueuePolicy")["Queues"] == queues,
            "the queues",
        ),
    ];
    wrong.into_iter().flatten().collect()
}

fn queues(template: &Value) -> Vec<String> {
    let (queue, dead) = (
        properties(template, "Queue"),
        properties(template, "DeadLetters"),
    );
    let target = json!({"Fn::GetAtt": ["DeadLetters", "Arn"]});
    let event = &properties(template, "StoppedTaskRule")["Targets"][0]["DeadLetterConfig"]["Arn"];
    let encrypted = [queue, dead]
        .iter()
        .all(|queue| queue["SqsManagedSseEnabled"] == true);
    let kept = |queue: &Value| queue["MessageRetentionPeriod"].as_u64();
    let wrong = [
        unless(
            queue["RedrivePolicy"]["deadLetterTargetArn"] == target,
            "messages are lost",
        ),
        unless(*event == target, "events are lost"),
        unless(encrypted, "not encrypted"),
        unless(
            kept(dead) > kept(queue),
            "dead letters go before the living",
        ),
    ];
    wrong.into_iter().flatten().collect()
}

fn task(template: &Value) -> Vec<String> {
    let task = properties(template, "TaskDefinition");
    let container = &task["ContainerDefinitions"][0];
    let cluster = properties(template, "Cluster");
    let strategy = &cluster["DefaultCapacityProviderStrategy"][0]["CapacityProvider"];
    let parameter = |name: &str| json!({ "Ref": name });
    let sizes = task["Cpu"] == parameter("TaskCpu")
        && task["Memory"] == parameter("TaskMemory")
        && task["EphemeralStorage"]["SizeInGiB"] == parameter("TaskEphemeralStorage");
    let wrong = [
        unless(
            task["RequiresCompatibilities"] == json!(["FARGATE"]),
            "not on Fargate",
        ),
        unless(sizes, "its sizes are no parameters"),
        unless(
            container["Name"] == "runner",
            "overrides name another container",
        ),
        unless(container["StopTimeout"] == 120, "stopTimeout"),
        unless(
            container["Image"] == parameter("RunnerImage"),
            "its image is no parameter",
        ),
        unless(
            container["LogConfiguration"]["Options"]["awslogs-group"] == parameter("RunnerLogs"),
            "its log",
        ),
        unless(
            *strategy == parameter("CapacityProvider"),
            "Spot is no option",
        ),
        unless(
            cluster["CapacityProviders"] == json!(["FARGATE", "FARGATE_SPOT"]),
            "Spot is not there",
        ),
    ];
    wrong.into_iter().flatten().collect()
}

fn logs(template: &Value) -> Vec<String> {
    let resources = template["Resources"].as_object().unwrap();
    let groups = resources
        .iter()
        .filter(|(_, it)| it["Type"] == "AWS::Logs::LogGroup");
    groups
        .filter(|(_, group)| group["Properties"]["RetentionInDays"].is_null())
        .map(|(name, _)| name.clone())
        .collect()
}

fn stopped_tasks(template: &Value) -> Vec<String> {
    let rule = properties(template, "StoppedTaskRule");
    let detail = &rule["EventPattern"]["detail"];
    let wrong = [
        unless(rule["State"] == "ENABLED", "the rule is off"),
        unless(
            detail["lastStatus"] == json!(["STOPPED"]),
            "it is for other tasks",
        ),
        unless(
            detail["clusterArn"] == json!([{"Fn::GetAtt": ["Cluster", "Arn"]}]),
            "any cluster",
        ),
        unless(
            rule["Targets"][0]["Arn"] == json!({"Ref": "StoppedTask"}),
            "it leads elsewhere",
        ),
    ];
    wrong.into_iter().flatten().collect()
}

fn initiator(template: &Value) -> Vec<String> {
    let function = properties(template, "Initiator");
    let code = json!({"S3Bucket": {"Ref": "InitiatorBucket"}, "S3Key": {"Ref": "InitiatorKey"}});
    let wrong = [
        unless(function["Runtime"] == "provided.al2023", "its runtime"),
        unless(function["Code"] == code, "its code"),
    ];
    wrong.into_iter().flatten().collect()
}

fn outputs(template: &Value) -> Vec<String> {
    let expected = [
        ("TableName", "Table"),
        ("BucketName", "Bucket"),
        ("StateMachineArn", "StateMachine"),
        ("QueueUrl", "Queue"),
        ("InitiatorName", "Initiator"),
    ];
    let there =
        |(name, of): &&(&str, &str)| template["Outputs"][name]["Value"] == json!({ "Ref": of });
    let missing = expected.iter().filter(|pair| !there(pair));
    missing.map(|(name, _)| (*name).to_owned()).collect()
}
