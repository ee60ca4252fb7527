"""Refuses what AWS refuses: holds the requests of a role against the policies of that role.

moto lets every caller do everything. Here a caller whose access key is the name of a role, or the name
that a role or a managed policy has in the template, may do what that allows, and nothing else. Other callers
may still do everything. Known are the services, actions and conditions that the stack has to do with;
what is not known is refused.
"""

import collections
import fnmatch
import io
import json
import re
import threading
import urllib.parse
import xml.etree.ElementTree

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.ecs.models import ecs_backends
from moto.iam.models import Role, iam_backends
from moto.secretsmanager.models import secretsmanager_backends

REGION = "us-east-1"

# The role of tasks, by its name in the template.
TASK_ROLE = "TaskRole"

# How a request of a JSON protocol names its service.
TARGETS = {
    "DynamoDB_20120810": "dynamodb", "AWSStepFunctions": "states", "AmazonSQS": "sqs",
    "AmazonEC2ContainerServiceV20141113": "ecs", "secretsmanager": "secretsmanager",
}


class Call(collections.namedtuple("Call", "action resource context")):
    """One thing that a request does: an action, the ARN it is done to, and what conditions may ask for."""

    def __str__(self):
        return f"{self.action} on {self.resource}{f' with {self.context}' if self.context else ''}"


class Guard:
    """Stands before moto and refuses what the caller's role does not allow."""

    def __init__(self, app):
        self.app = app
        self.lock = threading.Lock()
        self.used, self.denied = collections.defaultdict(set), collections.Counter()

    def __call__(self, environ, start_response):
        scope = scope_of(environ)
        role = role_named(scope[0]) if scope else None
        if role is None:
            return self.app(environ, start_response)
        service = scope[3]
        statements = statements_of(role)
        for call in calls(service, environ):
            allowed = is_allowed(statements, call)
            with self.lock:
                if allowed:
                    self.used[short(role)].add(call.action)
                else:
                    self.denied[f"{short(role)}: {call}"] += 1
            if not allowed:
                return deny(service, call, environ, start_response)
        if service == "s3" and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self.look(role, statements, environ, start_response)
        return self.app(environ, start_response)

    def look(self, role, statements, environ, start_response):
        """An object that is not there is denied to who may not list the bucket, whatever the prefix."""
        answered = []
        body = list(self.app(environ, lambda *answer: answered.append(answer) or (lambda _: None)))
        listing = Call("s3:ListBucket", bucket_arn(environ), {})
        if answered[0][0].startswith("404") and not is_allowed(statements, listing):
            with self.lock:
                self.used[short(role)].add("a look at an object that is not there, which is refused")
            return deny("s3", listing, environ, start_response)
        start_response(*answered[0])
        return body

    def report(self):
        """What each role did, and what was refused."""
        with self.lock:
            return {
                "used": {role: sorted(actions) for role, actions in self.used.items()},
                "denied": dict(self.denied),
            }


def scope_of(environ):
    """The credential of a signed request in its parts: access key, date, region, service; or None."""
    words = environ.get("HTTP_AUTHORIZATION", "").split("Credential=")
    scope = words[1].split(",")[0].split("/") if len(words) == 2 else []
    return scope if len(scope) > 3 else None


def role_named(key):
    """The role, or policy, that an access key stands for. CloudFormation names it STACK-NAME-RANDOM."""
    backend = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    ours = [policy for policy in list(backend.managed_policies.values()) if f"-{key}-" in policy.name]
    found = [role for role in list(backend.roles.values()) if role.name == key or f"-{key}-" in role.name] or ours
    return found[0] if len(found) == 1 else None


def short(role):
    """The name that a role has in the template."""
    parts = role.name.split("-")
    return parts[-2] if len(parts) > 2 else role.name


def statements_of(role):
    """What the policies of a role say."""
    texts = role.policies.values() if isinstance(role, Role) else [role.versions[-1].document]
    documents = (json.loads(text) if isinstance(text, str) else text for text in texts)
    return [statement for document in documents for statement in listed(document["Statement"])]


def listed(value):
    return value if isinstance(value, list) else [value]


def is_allowed(statements, call):
    """Whether a statement allows the call and none denies it."""
    hits = [statement["Effect"] for statement in statements if applies(statement, call)]
    return "Allow" in hits and "Deny" not in hits


def applies(statement, call):
    matches = lambda patterns, text: any(like(pattern, text) for pattern in listed(patterns))  # noqa: E731
    return (
        matches([action.lower() for action in listed(statement["Action"])], call.action.lower())
        and matches(statement["Resource"], call.resource)
        and all(
            holds(operator, listed(wanted), call.context.get(name))
            for operator, pairs in statement.get("Condition", {}).items()
            for name, wanted in pairs.items()
        )
    )


def like(pattern, text):
    """IAM's wildcards: * and ?, and no others."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def holds(operator, wanted, given):
    """One condition. What a request does not have fails it, except ForAllValues, which then holds."""
    if operator == "ForAllValues:StringLike":
        return all(any(like(pattern, value) for pattern in wanted) for value in given or [])
    if operator == "ForAnyValue:StringLike":
        return any(like(pattern, value) for pattern in wanted for value in given or [])
    if given is None:
        return False
    if operator in ("StringLike", "ArnLike", "ArnEquals"):
        return any(like(pattern, given) for pattern in wanted)
    if operator == "StringEquals":
        return given in wanted
    return False


def calls(service, environ):
    """What a request does."""
    if service == "s3":
        return calls_of_s3(environ)
    target, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    body = json.loads(body_of(environ) or b"{}")
    if TARGETS.get(target) != service:
        return [Call(f"{service}:{target}.{action}", "*", {})]
    known = {"dynamodb": calls_of_dynamodb, "states": calls_of_states, "ecs": calls_of_ecs}
    of_service = known.get(service)
    if of_service:
        return of_service(action, body)
    if service == "secretsmanager":
        secret = secretsmanager_backends[DEFAULT_ACCOUNT_ID][REGION].secrets.get(body.get("SecretId", ""))
        return [Call(f"{service}:{action}", secret.arn if secret else body.get("SecretId", ""), {})]
    queue = body.get("QueueUrl", "").split("/")[-1]
    return [Call(f"{service}:{action}", f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:{queue}", {})]


def body_of(environ):
    """The body, which is there to be read again."""
    size = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(size)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def bucket_arn(environ):
    return f"arn:aws:s3:::{environ['PATH_INFO'].lstrip('/').split('/')[0]}"


def calls_of_s3(environ):
    """A request of S3: method, path and query say what it is."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].lstrip("/")
    query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    bucket, _, key = path.partition("/")
    resource = f"{bucket_arn(environ)}/{key}"
    if not key:
        if method == "GET" and "list-type" in query:
            return [Call("s3:ListBucket", bucket_arn(environ), {"s3:prefix": query.get("prefix", "")})]
        if method == "POST" and "delete" in query:
            document = xml.etree.ElementTree.fromstring(body_of(environ))
            keys = [element.text for element in document.iter() if element.tag.endswith("Key")]
            return [Call("s3:DeleteObject", f"{bucket_arn(environ)}/{one}", {}) for one in keys]
        return [Call(f"s3:{method} of a bucket", bucket_arn(environ), {})]
    upload = "uploadId" in query or "uploads" in query
    action = {
        ("GET", False): "s3:GetObject", ("HEAD", False): "s3:GetObject", ("PUT", False): "s3:PutObject",
        ("DELETE", False): "s3:DeleteObject", ("PUT", True): "s3:PutObject", ("POST", True): "s3:PutObject",
        ("DELETE", True): "s3:AbortMultipartUpload", ("GET", True): "s3:ListMultipartUploadParts",
    }.get((method, upload), f"s3:{method}")
    found = [Call(action, resource, {})]
    # A write on the condition of what is there tells something of that.
    if "HTTP_IF_MATCH" in environ and action == "s3:PutObject":
        found.append(Call("s3:GetObject", resource, {}))
    return found


def calls_of_dynamodb(action, body):
    """A call of DynamoDB, with the partition keys that it touches."""
    batches = body.get("RequestItems")
    if action == "TransactWriteItems":
        named = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
        return [
            Call(f"dynamodb:{named[kind]}", table_arn(one["TableName"]), leading([key_of(one, one["TableName"])]))
            for part in body["TransactItems"] for kind, one in part.items()
        ]
    if batches is not None:
        found = []
        for table, wanted in batches.items():
            if action == "BatchGetItem":
                keys = [key_of({"Key": key}, table) for key in wanted["Keys"]]
            else:
                keys = [key_of(one.get("PutRequest") or one["DeleteRequest"], table) for one in wanted]
            found.append(Call(f"dynamodb:{action}", table_arn(table), leading(keys)))
        return found
    table, index = body.get("TableName", ""), body.get("IndexName")
    resource = table_arn(table) + (f"/index/{index}" if index else "")
    if action == "Query":
        return [Call("dynamodb:Query", resource, leading([queried(body)]))]
    if "Key" in body or "Item" in body:
        return [Call(f"dynamodb:{action}", resource, leading([key_of(body, table)]))]
    return [Call(f"dynamodb:{action}", resource, {})]


def table_arn(name):
    return f"arn:aws:dynamodb:{REGION}:{DEFAULT_ACCOUNT_ID}:table/{name}"


def leading(keys):
    return {"dynamodb:LeadingKeys": keys}


def key_of(body, table):
    """The partition key of an item or a key."""
    known = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.get(table)
    name = known.hash_key_attr if known else ""
    value = (body.get("Key") or body.get("Item") or {}).get(name, {})
    return next(iter(value.values()), "")


def queried(body):
    """The partition key of a query: the first that has to be equal."""
    condition = body.get("KeyConditionExpression", "")
    for name, value in re.findall(r"([#\w]+) = (:\w+)", condition):
        name = body.get("ExpressionAttributeNames", {}).get(name, name)
        if name in ("repo_id", "batch_id"):
            return next(iter(body["ExpressionAttributeValues"][value].values()))
    return ""


def calls_of_states(action, body):
    return [Call(f"states:{action}", body.get("stateMachineArn") or body.get("executionArn", ""), {})]


def calls_of_ecs(action, body):
    """A call of ECS. Who runs a task gives it its roles, too."""
    cluster = {"ecs:cluster": body.get("cluster", "")}
    if action != "RunTask":
        resources = body.get("tasks") or listed(body.get("task", "*"))
        return [Call(f"ecs:{action}", resource, cluster) for resource in resources]
    # moto's CloudFormation forgets the definition's roles, whose names are those in the template.
    definition = ecs_backends[DEFAULT_ACCOUNT_ID][REGION].describe_task_definition(body["taskDefinition"])
    to = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    roles = [role_named(name) for name in (TASK_ROLE, "ExecutionRole")]
    return [Call("ecs:RunTask", definition.arn, cluster)] + [
        Call("iam:PassRole", role.arn, to) for role in roles if role
    ]


def deny(service, call, environ, start_response):
    """A refusal as the service words it."""
    body_of(environ)
    message = f"not allowed: {call}"
    if service == "s3":
        status, kind = "403 Forbidden", "application/xml"
        text = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        if environ["REQUEST_METHOD"] == "HEAD":
            text = ""
    else:
        status, kind = "400 Bad Request", "application/x-amz-json-1.0"
        text = json.dumps({"__type": "AccessDeniedException", "message": message})
    headers = {"Content-Type": kind, "Content-Length": str(len(text)), "x-amzn-RequestId": "guard"}
    start_response(status, list(headers.items()))
    return [text.encode()]
