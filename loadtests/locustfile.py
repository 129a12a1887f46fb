"""Locust users that verify what they were promised.

    locust -f loadtests/locustfile.py                the web UI on http://127.0.0.1:8089
    locust -f loadtests/locustfile.py --headless     a minute on the pair, and an exit code

against the pair on http://127.0.0.1:8080 (`GATEWAY_PORT`, or `--host`). There is a user class for each
placement in `LOADTEST_PLACEMENTS` (layer,token,redis-everysec), of `LOADTEST_RATE` (4) operations a
second. With `LOADTEST_CONDUCTED` the lab says what they do.
"""

import os

if os.environ.get("LOADTEST_CONDUCTED"):
    from loadtests.conducted import user_classes

    globals().update(user_classes())
else:
    from loadtests.swarm import shape_classes, user_classes

    globals().update(**user_classes(), **shape_classes())
