"""moto's server on 127.0.0.1, at the port given, with conditional writes made atomic.

moto answers requests in threads and checks a condition some time before it writes, so that two of
several writers at once may both be told that they were first. AWS never says that.
"""

import sys
import threading

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple


class OneByOne:
    """Lets calls of DynamoDB and conditional writes of S3 through one at a time."""

    def __init__(self, app):
        self.app = app
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        fenced = (
            environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_")
            or "HTTP_IF_NONE_MATCH" in environ
            or "HTTP_IF_MATCH" in environ
        )
        if not fenced:
            return self.app(environ, start_response)
        with self.lock:
            return self.app(environ, start_response)


class Handler(MotoRequestHandler):
    """Keeps connections open, and quiet about what it does."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


def main():
    app = OneByOne(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True, request_handler=Handler)


main()
