"""Deploys the template into the harness and runs its state machines there, with a stub for a runner.

    python stack_check.py SCENARIO

Exits with 0 when everything holds; otherwise it says what does not.
"""

import collections
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import time
import urllib.request
import zipfile

import boto3

HERE = pathlib.Path(__file__).resolve().parent
TEMPLATE = HERE.parent.parent / "infra" / "template.yaml"
REGION = "us-east-1"
DEADLINE_SECONDS = 200

# As short as a test wants them.
TIMES = {"JobTimeoutSeconds": "20", "LeaseWaitSeconds": "3", "LeaseWaits": "3", "MaxConcurrency": "40"}

# Every fault, each so often that 60 jobs meet it.
EVERY_FAULT = {
    "throttle": 0.03, "error": 0.03, "drop_before": 0.02, "drop_after": 0.02, "capacity": 0.05,
    "kill": 0.1, "spot": 0.1, "no_start": 0.1, "stuck": 0.05, "twice": 0.1,
}


class Stack:
    """A harness with the template deployed into it."""

    def __init__(self, address):
        self.address = address
        session = boto3.Session("test", "test", region_name=REGION)
        self.client = lambda service: session.client(service, endpoint_url=address)
        self.database, self.states = self.client("dynamodb"), self.client("stepfunctions")
        self.outputs = self.deploy()

    def deploy(self):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("bootstrap", "no program")
        objects = self.client("s3")
        objects.create_bucket(Bucket="code")
        objects.put_object(Bucket="code", Key="initiator.zip", Body=archive.getvalue())
        machines = self.client("ec2")
        subnets = [subnet["SubnetId"] for subnet in machines.describe_subnets()["Subnets"]][:2]
        groups = [machines.describe_security_groups()["SecurityGroups"][0]["GroupId"]]
        given = TIMES | {
            "RunnerImage": "registry.example/runner:1", "InitiatorBucket": "code",
            "InitiatorKey": "initiator.zip", "Subnets": ",".join(subnets), "SecurityGroups": ",".join(groups),
        }
        stacks = self.client("cloudformation")
        stacks.create_stack(
            StackName="retro", TemplateBody=TEMPLATE.read_text(), Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        )
        [stack] = stacks.describe_stacks(StackName="retro")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

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
                "commit_suite": f"{commit}#{suite}", "plan": f"s3://{self.outputs['BucketName']}/plans/{batch}.json",
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
def stack(*options):
    """A deployed stack; everything ends with the block."""
    command = [
        sys.executable, str(HERE / "aws_harness.py"), "--stop-timeout", "5", *options,
        "--", sys.executable, str(HERE / "stub_runner.py"),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as harness:
        try:
            yield Stack(json.loads(harness.stdout.readline())["address"])
        finally:
            harness.stdin.close()
            harness.wait(timeout=30)


def deploy():
    """The template deploys, and what it says is there is there."""
    with stack() as there:
        print(json.dumps(there.outputs, indent=1))
        resources = there.client("cloudformation").list_stack_resources(StackName="retro")
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


def run(count, mode, faults, given=None):
    """A batch of `count` jobs, every one of which ends; answers the stack's counts."""
    with stack() as there:
        jobs = there.enqueue("b1", count)
        given = {"batch": "b1", "mode": mode, "jobs": jobs}
        if mode == "stored":
            given = {"batch": "b1", "mode": "distributed", "items": there.store_items("b1", jobs)}
        there.disturb(faults)
        execution = there.start(given) if not faults else retried(lambda: there.start(given))
        status = there.wait(execution)
        there.disturb({})
        print(status, there.counts(), there.report()["faults"], flush=True)
        for task in there.report()["tasks"]:
            if task["fault"] or task["exit_code"]:
                print(task)
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
        return there.counts()


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
    "inline": lambda: run(60, "inline", {}),
    "listed": lambda: run(60, "distributed", {}),
    "stored": lambda: run(60, "stored", {}),
    "inline-faults": lambda: run(60, "inline", EVERY_FAULT),
    "stored-faults": lambda: run(60, "stored", EVERY_FAULT),
}


if __name__ == "__main__":
    SCENARIOS[sys.argv[1]]()
    print("ok")
