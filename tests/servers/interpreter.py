"""What moto's Step Functions interpreter lacks for `ecs:runTask.sync`."""

import json
import sys
import types

import moto.cloudformation.parsing
import moto.stepfunctions.models
from botocore.exceptions import BotoCoreError, ClientError

from moto.stepfunctions.parser.api import HistoryEventType, MapRunFailedEventDetails, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (
    StateTaskServiceEcs,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import camel_to_snake_case

# Any region has the same API.
REGION = "us-east-1"

# How long one look at a task waits, in seconds.
LOOK = 0.2


def install(agent, faults, client, own_key):
    """Makes the interpreter use `client`, and end a state as its task ends."""
    # moto's Fn::Sub with a map makes one dollar of two, and the context object's paths begin with two.
    moto.cloudformation.parsing.string = types.SimpleNamespace(Template=Text)
    # moto's CloudFormation puts state machines where its interpreter does not look.
    moto.stepfunctions.models.stepfunctions_backends = stepfunctions_parser_backends
    # Every client of the interpreter: one for each service, since boto3 cannot make two at once, and
    # 40 iterations try. The key is the state machine's role: these requests may go wrong, and be refused.
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions") and hasattr(module, "boto_client_for"):
            module.boto_client_for = lambda region, service, state_credentials=None: client(
                region, service, state_credentials.role_arn.split("/")[-1]
            )

    # Parameters and results are written as Step Functions does, PascalCase; moto passes them as they are.
    def shape(state, service, action, side):
        model = client(REGION, state._get_boto_service_name(service), own_key).meta.service_model
        name = camel_to_snake_case(action or state.resource.api_action).title().replace("_", "")
        return getattr(model.operation_model(name), side)

    def normalise_parameters(state, parameters, boto_service_name=None, service_action_name=None):
        state._to_boto_request(parameters, shape(state, boto_service_name, service_action_name, "input_shape"))

    def normalise_response(state, response, boto_service_name=None, service_action_name=None):
        state._from_boto_response(response, shape(state, boto_service_name, service_action_name, "output_shape"))

    StateTaskService._normalise_parameters = normalise_parameters
    StateTaskService._normalise_response = normalise_response

    run_task = StateTaskServiceEcs._eval_service_task

    def eval_service_task(state, env, resource_runtime_part, normalised_parameters, state_credentials):
        # RunTask can answer 200 with a list of failures; Step Functions makes an error of it.
        if faults.pick(("capacity",)):
            raise failed(state, env, "AmazonECS.Unknown", "RESOURCE: on purpose")
        run_task(state, env, resource_runtime_part, normalised_parameters, state_credentials)

    plain_error = StateTaskServiceEcs._from_error

    def from_error(state, env, ex):
        if isinstance(ex, ClientError):
            details = ex.response["Error"]
            return failed(state, env, f"ECS.{details['Code']}", details["Message"]).failure_event
        if isinstance(ex, BotoCoreError):
            return failed(state, env, "ECS.SdkClientException", str(ex)).failure_event
        return plain_error(state, env=env, ex=ex)

    plain_sdk_error = StateTaskServiceAwsSdk._from_error

    def from_sdk_error(state, env, ex):
        if isinstance(ex, BotoCoreError):
            service = state._normalise_service_error_name(state.resource.api_name)
            return failed(state, env, f"{service}.SdkClientException", str(ex)).failure_event
        return plain_sdk_error(state, env=env, ex=ex)

    StateTaskServiceAwsSdk._from_error = from_sdk_error

    read_items = ResourceEvalS3.eval_resource

    def eval_items(reader, env):
        try:
            read_items(reader, env)
        except (BotoCoreError, ClientError) as error:
            raise unread(env, str(error)) from error

    ResourceEvalS3.eval_resource = eval_items

    def sync_resolver(state, env, resource_runtime_part, normalised_parameters, state_credentials):
        submitted = env.stack.pop()["Tasks"][0]
        run = agent.runs[submitted["TaskArn"].split("/")[-1]]

        def look():
            if not run.ended.wait(LOOK):
                return None
            described = client(resource_runtime_part.region, "ecs", own_key).describe_tasks(
                cluster=submitted["ClusterArn"], tasks=[submitted["TaskArn"]]
            )
            state._normalise_response(response=described, service_action_name="describe_tasks")
            task = described["Tasks"][0]
            if run.task.containers[0].exitCode != 0:
                cause = json.dumps(task, default=str)
                raise failed(state, env, StatesErrorNameType.StatesTaskFailed.to_name(), cause)
            return task

        env.retro_run = run
        return look

    wait = StateTaskServiceEcs._eval_sync

    def eval_sync(state, env, **arguments):
        outcome = wait(state, env=env, **arguments)
        if outcome is None:
            # The state timed out, or its execution was stopped.
            agent.stop(env.retro_run, "UserInitiated", "stopped by Step Functions")
        return outcome

    StateTaskServiceEcs._eval_sync = eval_sync
    # `look` waits itself.
    state_task_service_callback._DELAY_SECONDS_SYNC_CONDITION_CHECK = 0
    StateTaskServiceEcs._eval_service_task = eval_service_task
    StateTaskServiceEcs._from_error = from_error
    StateTaskServiceEcs._build_sync_resolver = sync_resolver


def unread(env, cause):
    """The failure of a distributed map whose items cannot be read."""
    name = StatesErrorName(typ=StatesErrorNameType.StatesItemReaderFailed)
    details = MapRunFailedEventDetails(error=name.error_name, cause=cause)
    return FailureEventException(
        FailureEvent(
            env=env, error_name=name, event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(mapRunFailedEventDetails=details),
        )
    )


class Text:
    """A text of Fn::Sub."""

    def __init__(self, text):
        self.text = text

    def safe_substitute(self, **values):
        for name, value in values.items():
            self.text = self.text.replace("${" + name + "}", value)
        return self.text


def failed(state, env, error, cause):
    """The failure of a task state, with this error name."""
    known = error == StatesErrorNameType.StatesTaskFailed.to_name()
    name = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed) if known else CustomErrorName(error)
    details = TaskFailedEventDetails(
        error=error, cause=cause, resource=state._get_sfn_resource(), resourceType=state._get_sfn_resource_type()
    )
    return FailureEventException(
        FailureEvent(
            env=env, error_name=name, event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )
