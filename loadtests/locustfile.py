"""Locust users that verify what they were promised.

    locust -f loadtests/locustfile.py                the web UI on http://127.0.0.1:8089
    locust -f loadtests/locustfile.py --headless     a minute on the pair, and an exit code

against the pair on http://127.0.0.1:8080 (`GATEWAY_PORT`, or `--host`). There is a user class for each
placement in `LOADTEST_PLACEMENTS` (layer,token,redis-everysec), of `LOADTEST_RATE` (4) operations a
second. Beside Locust's own options: `--shape` (Steady, Ramp, Spike, Soak, Phases), `--tabs 2` (a
session's writes overlap, as from two tabs of a browser), `--history FOLDER`.

Exit codes: 0 all acknowledged data was verified; 1 some was lost or doubled (a lost write or update, a
doubled write, a stale read, a dropped session); 2 of some placement nothing was verified. Errors alone, such
as a 503 while a service is restarted, do not count. With `LOADTEST_CONDUCTED` the lab says what users do,
and judges.
"""

import os

if os.environ.get("LOADTEST_CONDUCTED"):
    from loadtests.conducted import user_classes

    globals().update(user_classes())
else:
    from loadtests.swarm import shape_classes, user_classes

    globals().update(**user_classes(), **shape_classes())
