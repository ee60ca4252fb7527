"""Keeps one server running for as long as somebody uses it.

keep.py FOLDER IDLE_SECONDS COMMAND...

`{port}` in the command becomes a free port of 127.0.0.1. FOLDER holds:

- alive.lock: locked for as long as this process lives, so that nobody trusts what a dead one left;
- users.lock: every user holds a shared lock on it; when nobody has for IDLE_SECONDS, the server ends;
- address: HOST:PORT, written once the server answers;
- log: what the server writes.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def start(folder, command):
    port = free_port()
    with open(os.path.join(folder, "log"), "wb") as log:
        server = subprocess.Popen(
            [word.replace("{port}", str(port)) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=end_with_parent,
        )
    while server.poll() is None:
        if answers(port):
            return server, port
        time.sleep(0.02)
    sys.exit(f"the server ended with {server.returncode}; see {folder}/log")


def keep(server, users, idle_seconds):
    """Returns, holding the lock of the users, once nobody has used the server for a while."""
    used = time.monotonic()
    while server.poll() is None:
        time.sleep(0.25)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            used = time.monotonic()
            continue
        if time.monotonic() - used >= idle_seconds:
            return
        fcntl.flock(users, fcntl.LOCK_UN)


def main():
    folder, idle_seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    alive = open(os.path.join(folder, "alive.lock"), "w")
    fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    address = os.path.join(folder, "address")
    server, port = start(folder, command)
    try:
        with open(address + ".new", "w") as file:
            file.write(f"127.0.0.1:{port}")
        os.rename(address + ".new", address)
        with open(os.path.join(folder, "users.lock"), "w") as users:
            keep(server, users, idle_seconds)
            os.remove(address)
    finally:
        server.kill()
        server.wait()


main()
