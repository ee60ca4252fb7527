"""Deploys the template into an emulator and prints the stack's outputs as one line of JSON.

    python deploy_stack.py ADDRESS [PARAMETER=VALUE...]

Parameters that are not given get what an emulator needs, or their defaults.
"""

import io
import json
import pathlib
import sys
import zipfile

import boto3

TEMPLATE = pathlib.Path(__file__).resolve().parent.parent.parent / "infra" / "template.yaml"
REGION = "us-east-1"
STACK = "retro"


def clients(address, key="test"):
    """Makes clients of the emulator's services by name. A role's name as the key has the role's permissions."""
    session = boto3.Session(key, "test", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=address)


def deploy(client, parameters):
    """Creates the stack and answers its outputs."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("bootstrap", "no program")
    objects = client("s3")
    objects.create_bucket(Bucket="code")
    objects.put_object(Bucket="code", Key="initiator.zip", Body=archive.getvalue())
    machines = client("ec2")
    subnets = [subnet["SubnetId"] for subnet in machines.describe_subnets()["Subnets"]][:2]
    groups = [machines.describe_security_groups()["SecurityGroups"][0]["GroupId"]]
    given = {
        "RunnerImage": "registry.example/runner:1", "InitiatorBucket": "code", "InitiatorKey": "initiator.zip",
        "Subnets": ",".join(subnets), "SecurityGroups": ",".join(groups),
    }
    secret = client("secretsmanager").create_secret(Name="git", SecretString="token")
    given["GitCredentialsArn"] = secret["ARN"]
    stacks = client("cloudformation")
    stacks.create_stack(
        StackName=STACK, TemplateBody=TEMPLATE.read_text(), Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in (given | parameters).items()
        ],
    )
    [stack] = stacks.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


if __name__ == "__main__":
    print(json.dumps(deploy(clients(sys.argv[1]), dict(pair.split("=", 1) for pair in sys.argv[2:]))))
