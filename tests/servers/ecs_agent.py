"""ECS tasks as processes: what the container agent is on AWS."""

import datetime
import os
import random
import signal
import subprocess
import threading
import time

from moto.ecs.models import EC2ContainerServiceBackend, Task

# How long a task takes to get its network and image, in seconds.
PROVISIONING = 0.05

# How often a process is looked at, in seconds.
TICK = 0.05


class Run:
    """One task: its moto object, and its process while there is one."""

    def __init__(self, task, label):
        self.task, self.label = task, label
        self.process = None
        self.stop_asked = threading.Event()
        self.ended = threading.Event()
        self.fault = None


class Agent:
    """Starts a process for every task that is run, and tells moto's objects what becomes of it."""

    def __init__(self, given, faults):
        self.undertaker = undertaker()
        self.command, self.logs = given.command, given.logs
        self.environment = dict(pair.split("=", 1) for pair in given.env)
        self.stop_timeout, self.within, self.faults = given.stop_timeout, given.within, faults
        self.lock = threading.Lock()
        self.runs = {}
        self.starts = {}

    def install(self):
        """Puts the agent behind moto's ECS."""
        run_task, stop_task = EC2ContainerServiceBackend.run_task, EC2ContainerServiceBackend.stop_task

        def run(backend, cluster, definition, count, overrides, started_by, tags, launch_type, *rest):
            # moto's CloudFormation forgets the cluster's capacity providers.
            launch = "FARGATE" if not launch_type and not (rest and rest[-1]) else launch_type
            arguments = (cluster, definition, count, overrides, started_by, tags, launch, *rest)
            tasks = run_task(backend, *arguments)
            for task in tasks:
                if self.start(task, backend) == "twice":
                    for twin in run_task(backend, *arguments):
                        self.start(twin, backend, may_fail=False)
            return tasks

        def stop(backend, cluster, task, reason):
            known = self.runs.get(task.split("/")[-1])
            if known is None:
                return stop_task(backend, cluster, task, reason)
            self.stop(known, "UserInitiated", reason or "Task stopped by user")
            return known.task

        EC2ContainerServiceBackend.run_task, EC2ContainerServiceBackend.stop_task = run, stop
        # Fargate has no instances to fill; moto adds up what a container reserves all the same.
        EC2ContainerServiceBackend._calculate_task_resource_requirements = lambda backend, definition: {}
        # moto moves a task on when it is described; here its process does.
        Task.last_status = property(lambda task: getattr(task, "agent_status", "PROVISIONING"))
        Task.status = Task.last_status
        Task.advance = lambda task: None

    def start(self, task, backend, may_fail=True):
        """Starts `task` in the background, and answers the fault that was chosen for it."""
        override = (task.overrides.get("containerOverrides") or [{}])[0]
        extra = {pair["name"]: pair["value"] for pair in override.get("environment", [])}
        label = extra.get("RETRO_ATTEMPT", task.id)
        with self.lock:
            self.starts[label] = self.starts.get(label, 0) + 1
            run = self.runs[task.id] = Run(task, label)
            rng = random.Random(f"{self.faults.seed}/{label}/{self.starts[label]}")
        if may_fail:
            run.fault = self.faults.pick(("kill", "spot", "no_start", "stuck", "twice"), rng)
        container = backend.describe_task_definition(task.task_definition_arn).container_definitions[0]
        environment = {pair["name"]: pair["value"] for pair in container.get("environment", [])}
        environment |= self.environment | extra
        patience = self.stop_timeout or float(container.get("stopTimeout", 30))
        self.tell(run, "PROVISIONING", created_at=moment())
        arguments = (run, environment, patience, rng.uniform(0, self.within))
        threading.Thread(target=self.live, args=arguments, daemon=True).start()
        return run.fault

    def live(self, run, environment, patience, when):
        """The life of one task."""
        run.stop_asked.wait(None if run.fault == "stuck" else PROVISIONING)
        if run.fault == "no_start":
            self.stop(run, "TaskFailedToStart", "ResourceInitializationError: on purpose")
        if run.stop_asked.is_set():
            self.end(run, None)
            return
        output = subprocess.DEVNULL
        if self.logs:
            output = open(os.path.join(self.logs, f"{run.task.id}.log"), "wb")
        # A container has a process tree of its own: a session is the nearest thing to it.
        run.process = subprocess.Popen(
            self.command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.undertaker(f"+{run.process.pid}")
        self.tell(run, "RUNNING", started_at=moment())
        if run.fault in ("kill", "spot") and not ended_within(run.process, when):
            if run.fault == "kill":
                self.kill(run)
            else:
                self.stop(run, "SpotInterruption", "Your Spot Task was interrupted.")
        while run.process.poll() is None and not run.stop_asked.wait(TICK):
            pass
        if run.process.poll() is None:
            self.tell(run, "STOPPING")
            run.process.send_signal(signal.SIGTERM)
            if not ended_within(run.process, patience):
                self.kill(run)
        code = run.process.wait()
        # What a container leaves behind dies with it.
        self.kill(run)
        self.undertaker(f"-{run.process.pid}")
        self.end(run, code if code >= 0 else 128 - code)

    def stop(self, run, code, reason):
        """Asks for the end of a task; a task that is over stays as it is."""
        with self.lock:
            if not run.stop_asked.is_set() and not run.ended.is_set():
                run.task.desired_status = "STOPPED"
                run.task.stop_code, run.task.stopped_reason = code, reason
                run.stop_asked.set()

    def end(self, run, code):
        """Records that a task is over."""
        if not run.stop_asked.is_set():
            run.task.stop_code = "EssentialContainerExited"
            run.task.stopped_reason = "Essential container in task exited"
        run.task.containers[0].exitCode = code
        self.tell(run, "STOPPED", desired_status="STOPPED", stopped_at=moment())
        run.ended.set()

    @staticmethod
    def tell(run, status, **more):
        for name, value in more.items():
            setattr(run.task, name, value)
        run.task.containers[0].last_status = "PENDING" if status == "PROVISIONING" else status
        run.task.agent_status = status

    @staticmethod
    def kill(run):
        try:
            os.killpg(run.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def report(self):
        """What became of every task."""
        with self.lock:
            return [
                {
                    "attempt": run.label, "fault": run.fault, "status": run.task.last_status,
                    "stop_code": getattr(run.task, "stop_code", None),
                    "exit_code": run.task.containers[0].exitCode if run.ended.is_set() else None,
                }
                for run in self.runs.values()
            ]


def undertaker():
    """Starts a process that outlives this one and then ends the tasks that are left.

    Answers how to tell it of a task that has started (`+PID`) or ended (`-PID`). To be called before
    there are threads.
    """
    theirs, ours = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(ours)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        left = set()
        for line in os.fdopen(theirs):
            (left.add if line[0] == "+" else left.discard)(int(line[1:]))
        for pid in left:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os._exit(0)
    os.close(theirs)
    return lambda what: os.write(ours, f"{what}\n".encode())


def ended_within(process, seconds):
    """Whether `process` is over before that time is up."""
    end = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() >= end:
            return False
        time.sleep(TICK)
    return True


def moment():
    return datetime.datetime.now(datetime.timezone.utc)
