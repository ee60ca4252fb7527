"""A runner that does nothing: it claims its job, waits a moment, and completes it.

Stands in for the real runner where the state machine is tried, and does what that has to do: a
conditional claim, a lease that is renewed, the job handed back on SIGTERM.
"""

import os
import signal
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

LEASE_SECONDS = 2.0
WORK_SECONDS = float(os.environ.get("STUB_WORK_SECONDS", "0.5"))
NAMES = {"#status": "status"}
MINE = "#status = :running AND lease_epoch = :epoch"


class Stopped(Exception):
    """SIGTERM came."""


def on_term(*_):
    raise Stopped


def main():
    signal.signal(signal.SIGTERM, on_term)
    config = Config(retries={"mode": "standard", "max_attempts": 10})
    table = boto3.client("dynamodb", config=config)
    key = {"repo_id": {"S": os.environ["RETRO_REPO_ID"]}, "commit_suite": {"S": os.environ["RETRO_COMMIT_SUITE"]}}
    where = {"TableName": os.environ["DYNAMODB_TABLE_NAME"], "Key": key, "ExpressionAttributeNames": NAMES}
    owner = f"{os.environ['RETRO_ATTEMPT']}/{os.getpid()}"
    epoch = claim(table, where, owner)
    if epoch is None:
        # Someone else does it, or it is done.
        return 0
    mine = {":running": {"S": "RUNNING"}, ":epoch": {"N": str(epoch)}}
    try:
        end = time.monotonic() + WORK_SECONDS
        while time.monotonic() < end:
            time.sleep(min(LEASE_SECONDS / 4, WORK_SECONDS))
            table.update_item(
                **where, UpdateExpression="SET lease_expires_at = :until", ConditionExpression=MINE,
                ExpressionAttributeValues={**mine, ":until": until()},
            )
        if os.environ.get("STUB_EXIT") == os.environ["COMMIT_HASH_TO_PROCESS"][:4]:
            return 3
        table.update_item(
            **where, UpdateExpression="SET #status = :complete ADD completions :one REMOVE lease_owner, lease_expires_at",
            ConditionExpression=MINE,
            ExpressionAttributeValues={**mine, ":complete": {"S": "COMPLETE"}, ":one": {"N": "1"}},
        )
    except Stopped:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        table.update_item(
            **where, UpdateExpression="SET #status = :pending REMOVE lease_owner, lease_expires_at",
            ConditionExpression=MINE, ExpressionAttributeValues={**mine, ":pending": {"S": "PENDING"}},
        )
        return 1
    return 0


def claim(table, where, owner):
    """Takes the job and answers the epoch, or None when it is not to be had."""
    for _ in range(5):
        item = table.get_item(TableName=where["TableName"], Key=where["Key"], ConsistentRead=True)["Item"]
        epoch = int(item.get("lease_epoch", {"N": "0"})["N"])
        if item.get("lease_owner", {}).get("S") == owner:
            return epoch
        lapsed = float(item.get("lease_expires_at", {"N": "0"})["N"]) < time.time() * 1000
        if item["status"]["S"] in ("COMPLETE", "FAILED") or (item["status"]["S"] == "RUNNING" and not lapsed):
            return None
        try:
            table.update_item(
                **where,
                UpdateExpression="SET #status = :running, lease_owner = :owner, lease_expires_at = :until,"
                " lease_epoch = :next",
                ConditionExpression="#status = :seen AND (attribute_not_exists(lease_epoch) OR lease_epoch = :epoch)",
                ExpressionAttributeValues={
                    ":running": {"S": "RUNNING"}, ":owner": {"S": owner}, ":until": until(),
                    ":seen": item["status"], ":epoch": {"N": str(epoch)}, ":next": {"N": str(epoch + 1)},
                },
            )
            return epoch + 1
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
    return None


def until():
    return {"N": str(int((time.time() + LEASE_SECONDS) * 1000))}


if __name__ == "__main__":
    sys.exit(main())
