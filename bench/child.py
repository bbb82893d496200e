"""Do one cold start in a process of its own: `child.py SOURCE [HANDLER] < event`.

SOURCE is the unpacked package. Without a handler this is the floor: Chalice with one route,
pydantic with one model, one DynamoDB client and one call. Before the clock starts, nothing is
imported but what every Python process has loaded. The times are printed as one line of JSON.
"""

import sys
import time

started_s = time.monotonic()
started_cpu_s = time.process_time()


def run_handler(name: str) -> None:
    """Import the functions and hand one of them its first event."""
    import json

    event = json.load(sys.stdin)
    import app  # the package's own, on the path of SOURCE

    getattr(app, name)(event, None)


def run_floor() -> None:
    """Do what every function needs, and nothing else."""
    import boto3
    from chalice.app import Chalice
    from pydantic import BaseModel

    class Model(BaseModel):
        """One model."""

        name: str

    app = Chalice(app_name="floor")
    app.route("/")(dict)
    item = {"pk": {"S": Model(name="a").name}, "sk": {"S": "b"}}
    boto3.client("dynamodb").put_item(TableName="floor", Item=item)


sys.path.insert(0, sys.argv[1])
if len(sys.argv) > 2:
    run_handler(sys.argv[2])
else:
    run_floor()
ended_s = time.monotonic()
ended_cpu_s = time.process_time()
print(
    f'\n{{"started_s": {started_s}, "ended_s": {ended_s}, "cpu_s": {ended_cpu_s - started_cpu_s}}}'
)
