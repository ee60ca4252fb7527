"""Deploys the template into the harness and runs its state machines there, with a stub for a runner.

    python stack_check.py SCENARIO

Exits with 0 when everything holds; otherwise it says what does not.
"""

import collections
import contextlib
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

import botocore.exceptions

import deploy_stack

HERE = pathlib.Path(__file__).resolve().parent
DEADLINE_SECONDS = 200

# Long enough for a machine with other things to do. A task that is stuck is one until its job times out.
PATIENT = {"JobTimeoutSeconds": "600", "LeaseWaitSeconds": "8", "LeaseWaits": "50"}
IMPATIENT = {"JobTimeoutSeconds": "20", "LeaseWaitSeconds": "3", "LeaseWaits": "3"}

# Every fault, each so often that 60 jobs meet it.
EVERY_FAULT = {
    "throttle": 0.03, "error": 0.03, "drop_before": 0.02, "drop_after": 0.02, "capacity": 0.05,
    "kill": 0.1, "spot": 0.1, "no_start": 0.1, "stuck": 0.05, "twice": 0.1,
}


class Stack:
    """A harness with the template deployed into it."""

    def __init__(self, address, times):
        self.address = address
        self.client = deploy_stack.clients(address)
        self.database, self.states = self.client("dynamodb"), self.client("stepfunctions")
        self.outputs = deploy_stack.deploy(self.client, times)

    def disturb(self, faults):
        """Faults from now on."""
        request = urllib.request.Request(
            f"{self.address}/harness/faults", data=json.dumps(faults).encode(), method="PUT"
        )
        urllib.request.urlopen(request, timeout=30).close()

    def report(self):
        with urllib.request.urlopen(f"{self.address}/harness", timeout=30) as answer:
            return json.load(answer)

    def enqueue(self, batch, count):
        """Writes pending jobs, and answers them as the state machine takes them."""
        jobs = []
        for index in range(count):
            commit, suite = f"{index:04x}" * 10, "5" * 64
            job = {
                "repo_id": "octo/retro", "repo_owner": "octo", "repo_name": "retro",
                "repo_url": "https://git.example/octo/retro.git", "commit": commit, "suite": suite,
                "commit_suite": f"{commit}#{suite}", "prefix": "results", "plan": f"s3://{self.outputs['BucketName']}/plans/{batch}.json",
                "attempt": f"{batch}/{index}",
            }
            item = {
                "repo_id": job["repo_id"], "commit_suite": job["commit_suite"], "commit_hash": commit,
                "status": "PENDING", "batch_id": batch,
            }
            self.database.put_item(
                TableName=self.outputs["TableName"], Item={name: {"S": value} for name, value in item.items()}
            )
            jobs.append(job)
        return jobs

    def store_items(self, batch, jobs):
        items = {"bucket": self.outputs["BucketName"], "key": f"batches/{batch}/items.json"}
        self.client("s3").put_object(Bucket=items["bucket"], Key=items["key"], Body=json.dumps(jobs).encode())
        return items

    def start(self, given, machine="StateMachineArn"):
        name = f"{given.get('batch', 'event')}-{given.get('mode', 'stopped')}"
        return self.states.start_execution(
            stateMachineArn=self.outputs[machine], name=name, input=json.dumps(given)
        )["executionArn"]

    def wait(self, execution):
        """How an execution ended."""
        end = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(Exception):
                described = self.states.describe_execution(executionArn=execution)
                if described["status"] != "RUNNING":
                    return described["status"]
            time.sleep(0.3)
        raise AssertionError(f"{execution} did not end within {DEADLINE_SECONDS} s: {self.counts()}")

    def until(self, condition):
        """Waits for a condition."""
        end = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < end, f"not within {DEADLINE_SECONDS} s: {self.counts()}"
            time.sleep(0.3)

    def jobs(self):
        pages = self.database.get_paginator("scan").paginate(TableName=self.outputs["TableName"])
        return [item for page in pages for item in page["Items"]]

    def counts(self):
        found = {}
        for job in self.jobs():
            found[job["status"]["S"]] = found.get(job["status"]["S"], 0) + 1
        return found

    def check_ended(self, count):
        """Every job is in a final state, once, and says why where it failed."""
        jobs = self.jobs()
        assert len(jobs) == count, len(jobs)
        for job in jobs:
            assert job["status"]["S"] in ("COMPLETE", "FAILED"), job
            assert "lease_owner" not in job, job
            once = "1" if job["status"]["S"] == "COMPLETE" else "0"
            assert job.get("completions", {"N": "0"})["N"] == once, job
            assert ("error_message" in job) == (job["status"]["S"] == "FAILED"), job


@contextlib.contextmanager
def stack(*options, times=PATIENT, denied=False):
    """A deployed stack; everything ends with the block. Nobody is refused anything, unless that is meant."""
    command = [
        sys.executable, str(HERE / "aws_harness.py"), "--stop-timeout", "5", *options,
        "--", sys.executable, str(HERE / "stub_runner.py"),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as harness:
        try:
            there = Stack(json.loads(harness.stdout.readline())["address"], times)
            yield there
            said = there.report()["permissions"]
            print(said)
            assert bool(said["denied"]) == denied, said["denied"]
        finally:
            harness.stdin.close()
            harness.wait(timeout=30)


def deploy():
    """The template deploys, and what it says is there is there."""
    with stack() as there:
        print(json.dumps(there.outputs, indent=1))
        resources = there.client("cloudformation").list_stack_resources(StackName=deploy_stack.STACK)
        for resource in resources["StackResourceSummaries"]:
            print(resource["ResourceType"], resource["LogicalResourceId"], resource.get("PhysicalResourceId"))
        table = there.database.describe_table(TableName=there.outputs["TableName"])["Table"]
        assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["batch_status"], table
        bucket = there.outputs["BucketName"]
        objects = there.client("s3")
        assert objects.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        for name in ("StateMachineArn", "StoppedTaskArn"):
            machine = there.states.describe_state_machine(stateMachineArn=there.outputs[name])
            assert "${" not in machine["definition"], machine["definition"]
            json.loads(machine["definition"])
        function = there.client("lambda").get_function(FunctionName=there.outputs["InitiatorName"])
        assert function["Configuration"]["Runtime"] == "provided.al2023", function
        dead = there.client("sqs").get_queue_attributes(
            QueueUrl=there.outputs["QueueUrl"], AttributeNames=["RedrivePolicy"]
        )
        assert "maxReceiveCount" in dead["Attributes"]["RedrivePolicy"], dead
        [rule] = there.client("events").list_rules()["Rules"]
        assert json.loads(rule["EventPattern"])["detail"]["lastStatus"] == ["STOPPED"], rule


def run(count, mode, faults):
    """A batch of `count` jobs, every one of which ends."""
    with stack(times=IMPATIENT if faults else PATIENT) as there:
        jobs = there.enqueue("b1", count)
        given = {"batch": "b1", "mode": mode, "jobs": jobs}
        if mode == "stored":
            given = {"batch": "b1", "mode": "distributed", "items": there.store_items("b1", jobs)}
        there.disturb(faults)
        execution = there.start(given) if not faults else retried(lambda: there.start(given))
        status = there.wait(execution)
        there.disturb({})
        print(status, there.counts(), there.report()["faults"], flush=True)
        reasons = [job["error_message"]["S"] for job in there.jobs() if "error_message" in job]
        for reason, times in collections.Counter(reasons).items():
            print(times, reason)
        if status != "SUCCEEDED":
            described = there.states.describe_execution(executionArn=execution)
            raise AssertionError(f"{status}: {described.get('error')}: {described.get('cause')}")
        there.check_ended(count)
        if not faults:
            assert there.counts() == {"COMPLETE": count}, there.counts()
        else:
            met = {name for name, odds in faults.items() if odds}
            assert met <= set(there.report()["faults"]), (met, there.report()["faults"])


def aborted():
    """An execution is stopped: the jobs of its tasks end by the rule of stopped tasks, the others by a reconcile."""
    with stack("--env", "STUB_WORK_SECONDS=600") as there:
        jobs = there.enqueue("b1", 44)
        execution = there.start({"batch": "b1", "mode": "inline", "jobs": jobs})
        there.until(lambda: there.counts().get("RUNNING", 0) >= 10)
        there.states.stop_execution(executionArn=execution)
        cluster = there.outputs["ClusterName"]
        containers = there.client("ecs")
        there.until(lambda: all(task["status"] == "STOPPED" for task in there.report()["tasks"]))
        tasks = containers.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
        events = []
        for task in containers.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]:
            if task["containers"][0].get("exitCode") != 0:
                # What the rule hands on; moto's ECS sends no events.
                event = json.loads(json.dumps({"detail": task}, default=str))
                events.append(there.states.start_execution(
                    stateMachineArn=there.outputs["StoppedTaskArn"], name=task["taskArn"].split("/")[-1],
                    input=json.dumps(event),
                )["executionArn"])
        assert events
        for event in events:
            assert there.wait(event) == "SUCCEEDED", there.states.describe_execution(executionArn=event)
        reasons = collections.Counter(job["error_message"]["S"] for job in there.jobs() if "error_message" in job)
        print(there.counts(), reasons)
        assert sum(reasons.values()) == len(events), (reasons, len(events))
        assert there.wait(there.start({"batch": "b1", "mode": "reconcile"})) == "SUCCEEDED"
        print(there.counts())
        assert there.counts() == {"FAILED": 44}, there.counts()
        there.check_ended(44)


def no_items():
    """A batch whose items cannot be read fails, and its jobs end."""
    with stack() as there:
        there.enqueue("b1", 5)
        items = {"bucket": there.outputs["BucketName"], "key": "batches/b1/nothing.json"}
        execution = there.start({"batch": "b1", "mode": "distributed", "items": items})
        assert there.wait(execution) == "FAILED"
        described = there.states.describe_execution(executionArn=execution)
        assert described["error"] == "Retro.BatchFailed", described
        assert described["cause"].startswith("States.ItemReaderFailed"), described
        there.check_ended(5)


def owners():
    """A reconcile ends the job of a dead owner, and waits for a living one."""
    with stack() as there:
        there.enqueue("b1", 3)
        keys = [{name: job[name] for name in ("repo_id", "commit_suite")} for job in there.jobs()]
        lease = lambda: {"N": str(int(time.time() * 1000) + 2000)}  # noqa: E731
        hold = lambda key, change, **values: there.database.update_item(  # noqa: E731
            TableName=there.outputs["TableName"], Key=key, UpdateExpression=change,
            ExpressionAttributeNames={"#status": "status"}, ExpressionAttributeValues=values,
        )
        for key in keys[:2]:
            hold(
                key, "SET #status = :s, lease_owner = :o, lease_epoch = :e, lease_expires_at = :u",
                **{":s": {"S": "RUNNING"}, ":o": {"S": "b1/0/x"}, ":e": {"N": "1"}, ":u": lease()},
            )
        execution = there.start({"batch": "b1", "mode": "reconcile"})
        # The first owner is alive until the second job was ended, then completes its job.
        def second_ended():
            hold(keys[0], "SET lease_expires_at = :u, #status = :s", **{":u": lease(), ":s": {"S": "RUNNING"}})
            found = there.database.get_item(TableName=there.outputs["TableName"], Key=keys[1])
            return found["Item"]["status"]["S"] == "FAILED"

        there.until(second_ended)
        hold(
            keys[0], "SET #status = :s, completions = :o REMOVE lease_owner, lease_expires_at",
            **{":s": {"S": "COMPLETE"}, ":o": {"N": "1"}},
        )
        assert there.wait(execution) == "SUCCEEDED"
        assert there.counts() == {"COMPLETE": 1, "FAILED": 2}, there.counts()
        there.check_ended(3)


def widest():
    """With any repository allowed, neither a task nor a state machine touches a batch or an event."""
    with stack(times=PATIENT | {"Repositories": "*"}, denied=True) as there:
        [job] = there.enqueue("b1", 1)
        table = there.outputs["TableName"]
        key = {name: {"S": job[name]} for name in ("repo_id", "commit_suite")}
        change = {"UpdateExpression": "SET note = :n", "ExpressionAttributeValues": {":n": {"S": "x"}}}
        for role in ("TaskRole", "StateMachineRole", "StoppedTaskRole"):
            data = deploy_stack.clients(there.address, role)("dynamodb")
            data.update_item(TableName=table, Key=key, **change)
            for partition in ("run#b1", "runs#", "runs#octo/retro", "events#b1"):
                other = {"repo_id": {"S": partition}, "commit_suite": {"S": "x"}}
                calls = [lambda: data.update_item(TableName=table, Key=other, **change)]
                if role != "StoppedTaskRole":
                    calls.append(lambda: data.get_item(TableName=table, Key=other))
                if role == "TaskRole":
                    calls.append(lambda: data.put_item(TableName=table, Item=other))
                for call in calls:
                    check_refused(f"{role} on {partition}", call)
        assert len(there.jobs()) == 1


def check_refused(what, call):
    """The caller may not do this."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in ("AccessDenied", "AccessDeniedException", "403"), (what, code)
    else:
        raise AssertionError(f"{what} was not refused")


def permissions():
    """The emulator refuses a task what its role does not allow, and what is not there."""
    with stack(times=PATIENT | {"Repositories": "octo/*"}, denied=True) as there:
        [job] = there.enqueue("b1", 1)
        table, bucket = there.outputs["TableName"], there.outputs["BucketName"]
        client = deploy_stack.clients(there.address, "TaskRole")
        data, objects = client("dynamodb"), client("s3")
        key = {name: {"S": job[name]} for name in ("repo_id", "commit_suite")}
        other = key | {"repo_id": {"S": "other/retro"}}
        data.get_item(TableName=table, Key=key)
        objects.put_object(Bucket=bucket, Key="results/octo/retro/a", Body=b"a")
        assert objects.list_objects_v2(Bucket=bucket, Prefix="results/octo/")["KeyCount"] == 1
        both = {table: {"Keys": [key, other]}}
        refused = [
            lambda: data.get_item(TableName=table, Key=other),
            lambda: data.batch_get_item(RequestItems=both),
            lambda: data.put_item(TableName=table, Item=other),
            lambda: data.delete_item(TableName=table, Key=key),
            lambda: data.scan(TableName=table),
            lambda: data.query(
                TableName=table, IndexName="batch_status", KeyConditionExpression="batch_id = :b",
                ExpressionAttributeValues={":b": {"S": "b1"}},
            ),
            lambda: data.transact_write_items(TransactItems=[{"Delete": {"TableName": table, "Key": key}}]),
            lambda: objects.put_object(Bucket=bucket, Key="plans/b1.json", Body=b"{}"),
            lambda: objects.delete_object(Bucket=bucket, Key="results/octo/retro/a"),
            lambda: objects.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "results/octo/retro/a"}]}),
            lambda: objects.get_object(Bucket=bucket, Key="batches/b1/items.json"),
            lambda: objects.list_objects_v2(Bucket=bucket),
            # This one is allowed, and is not there.
            lambda: objects.get_object(Bucket=bucket, Key="results/octo/retro/b"),
            lambda: objects.head_object(Bucket=bucket, Key="results/octo/retro/b"),
            lambda: client("stepfunctions").start_execution(stateMachineArn=there.outputs["StateMachineArn"]),
            lambda: client("ecs").run_task(taskDefinition="retro-runner", cluster=there.outputs["ClusterName"]),
            lambda: client("sqs").receive_message(QueueUrl=there.outputs["QueueUrl"]),
            lambda: client("secretsmanager").get_secret_value(SecretId="any"),
        ]
        for number, call in enumerate(refused):
            check_refused(f"call {number}", call)
        assert len(there.jobs()) == 1


def retried(call):
    """What a client does when it meets faults."""
    for _ in range(20):
        try:
            return call()
        except Exception:
            time.sleep(0.2)
    return call()


SCENARIOS = {
    "deploy": deploy,
    "inline": lambda: run(12, "inline", {}),
    "listed": lambda: run(12, "distributed", {}),
    "stored": lambda: run(12, "stored", {}),
    "inline-faults": lambda: run(60, "inline", EVERY_FAULT),
    "aborted": aborted,
    "owners": owners,
    "no-items": no_items,
    "permissions": permissions,
    "widest": widest,
    "stored-faults": lambda: run(60, "stored", EVERY_FAULT),
}


if __name__ == "__main__":
    SCENARIOS[sys.argv[1]]()
    print("ok")
