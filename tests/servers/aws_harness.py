"""An AWS on this machine whose ECS tasks are real processes.

Hosts moto's server on 127.0.0.1 with its Step Functions interpreter on, and replaces what moto only
pretends: a task that is run starts the given command, and `ecs:runTask.sync` waits for its end; tasks and
state machines may do what their roles allow. It can also misbehave on purpose. Prints one line of JSON
with its address when it is ready, and stops, with every task, when its standard input closes.

    python aws_harness.py [options] -- COMMAND...

A caller whose access key is the name of a role may do what that role may, too.

Beside AWS it answers GET /harness (what was started, what went wrong, what roles did) and
PUT /harness/faults (a JSON object that replaces the faults).
"""

import argparse
import collections
import contextlib
import json
import logging
import os
import random
import socket
import sys
import threading
import warnings

import boto3
from botocore.config import Config
from werkzeug.serving import make_server

from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)

import ecs_agent
import interpreter
import permissions

REGION = "us-east-1"

# The odds, from 0 to 1. The first four are of requests, the others of tasks.
FAULTS = {
    "throttle": "a request is refused as throttled",
    "error": "a request is answered with status 500",
    "drop_before": "a connection is closed before its request has an effect",
    "drop_after": "a connection is closed after its request had its effect",
    "capacity": "RunTask finds no capacity",
    "kill": "the process gets SIGKILL at some moment",
    "spot": "the task is stopped at some moment, as a Spot task is",
    "no_start": "the task stops without having started",
    "stuck": "the task neither starts nor stops",
    "twice": "a second task with the same overrides starts, too",
}

# Services whose requests may go wrong. Setting up a stack is none of them.
DISTURBED = ("dynamodb", "s3", "ecs", "states", "sqs", "secretsmanager")

# Requests with this key are the harness's own, and undisturbed.
OWN_KEY = "harness"


class Faults:
    """The odds of each fault, and what was done. Decisions come from the seed."""

    def __init__(self, seed, odds):
        self.seed = seed
        self.lock = threading.Lock()
        self.requests = random.Random(f"{seed}/requests")
        self.counts = collections.Counter()
        self.replace(odds)

    def replace(self, odds):
        """Uses `odds` from now on; a fault that is not named does not happen."""
        unknown = sorted(set(odds) - set(FAULTS))
        if unknown:
            raise ValueError(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
        self.odds = {name: float(odds.get(name, 0)) for name in FAULTS}

    def pick(self, names, rng=None):
        """One of the faults `names`, or None. A task brings its own `rng`, as tasks start in any order."""
        with self.lock:
            point = (rng or self.requests).random()
            for name in names:
                point -= self.odds[name]
                if point < 0:
                    self.counts[name] += 1
                    return name
        return None


class Disturber:
    """Stands before moto and lets some requests go wrong."""

    def __init__(self, app, faults, agent):
        self.faults, self.agent = faults, agent
        self.app = self.guard = permissions.Guard(app)
        # moto checks a condition and then writes, and another thread may come in between.
        self.one_at_a_time = {"dynamodb": threading.Lock(), "s3": threading.Lock()}

    def __call__(self, environ, start_response):
        if environ.get("PATH_INFO", "").startswith("/harness"):
            return self.answer(environ, start_response)
        service = service_of(environ)
        fault = None
        if service in DISTURBED:
            fault = self.faults.pick(("throttle", "error", "drop_before", "drop_after"))
        if fault == "drop_after":
            self.forward(service, environ, lambda *_: None)
        if fault in ("drop_before", "drop_after"):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            start_response("500 Dropped", [])
            return [b""]
        if fault:
            return refuse(service, fault, environ, start_response)
        return self.forward(service, environ, start_response)

    def forward(self, service, environ, start_response):
        """What moto answers."""
        with self.one_at_a_time.get(service) or contextlib.nullcontext():
            return self.app(environ, start_response)

    def answer(self, environ, start_response):
        """What a test asks the harness itself."""
        status, answer = "200 OK", {}
        if environ["REQUEST_METHOD"] == "PUT":
            size = int(environ.get("CONTENT_LENGTH") or 0)
            try:
                self.faults.replace(json.loads(environ["wsgi.input"].read(size)))
            except ValueError as error:
                status, answer = "400 Bad Request", {"error": str(error)}
        else:
            answer = {
                "faults": dict(self.faults.counts), "tasks": self.agent.report(), "permissions": self.guard.report(),
            }
        text = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]


def service_of(environ):
    """The service that a signed request is for, or None when it is the harness's own."""
    scope = permissions.scope_of(environ)
    return scope[3] if scope and scope[0] != OWN_KEY else None


def refuse(service, fault, environ, start_response):
    """An error as the service itself words it."""
    size = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"].read(size)
    if service == "s3":
        status, code = ("503 Slow Down", "SlowDown") if fault == "throttle" else ("500 Error", "InternalError")
        kind, body = "application/xml", f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>"
    else:
        broken = "ServerException" if service == "ecs" else "InternalServerError"
        code = "ThrottlingException" if fault == "throttle" else broken
        status = "400 Bad Request" if fault == "throttle" else "500 Error"
        kind, body = "application/x-amz-json-1.0", json.dumps({"__type": code, "message": "on purpose"})
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), "x-amzn-RequestId": "harness"}
    start_response(status, list(headers.items()))
    return [body.encode()]


def own_clients(address):
    """Clients by service, made one at a time: boto3 cannot make two at once."""
    made, lock = {}, threading.Lock()
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, max_pool_connections=100)

    def client(region, service, key):
        with lock:
            if (region, service, key) not in made:
                made[region, service, key] = boto3.client(
                    service, region_name=region, endpoint_url=address, config=config,
                    aws_access_key_id=key, aws_secret_access_key=key,
                )
            return made[region, service, key]

    return client


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="1", help="what the faults are decided by")
    parser.add_argument("--faults", default="{}", type=json.loads, help=f"odds as JSON, of {', '.join(FAULTS)}")
    parser.add_argument("--within", default=2.0, type=float, help="a task is killed within so many seconds")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="what every task sees")
    parser.add_argument("--stop-timeout", type=float, help="seconds from SIGTERM to SIGKILL; else the definition's")
    parser.add_argument("--logs", help="a folder for what tasks print")
    parser.add_argument("command", nargs="+", help="what a task runs")
    return parser.parse_args()


def main():
    given = options()
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    faults = Faults(given.seed, given.faults)
    agent = ecs_agent.Agent(given, faults)
    app = Disturber(DomainDispatcherApplication(create_backend_app), faults, agent)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    address = f"http://127.0.0.1:{server.server_port}"
    os.environ["MOTO_PORT"] = str(server.server_port)
    agent.environment.update(
        AWS_ENDPOINT_URL=address, AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID=permissions.TASK_ROLE, AWS_SECRET_ACCESS_KEY="task",
        AWS_EC2_METADATA_DISABLED="true",
    )
    agent.install()
    interpreter.install(agent, faults, own_clients(address), OWN_KEY)
    # A line for each request, and for each error that a state machine catches, would drown the rest.
    MotoRequestHandler.log_request = lambda *_: None
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="moto.*")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"address": address, "region": REGION}), flush=True)
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
