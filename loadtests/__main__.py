"""`python -m loadtests`: load on every placement, without a page or with it, and what came of it."""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from chaos import results
from chaos.campaign import write_reports
from chaos.cluster import Cluster
from chaos.engine import ROOT, ClusterError
from chaos.interrupt import deferred, interrupt_on_termination
from chaos.placements import PAIR, PLACEMENTS
from loadtests import judge, recording
from loadtests.cells import Witnessed
from loadtests.history import HistoryError

FAILED, INTERRUPTED = 3, 130
TOGETHER = 200.0
"""Operations a second of all users: what two cores bear beside the services."""
AT_THE_END = 60
"""Seconds for Locust to come and go."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    interrupt_on_termination()
    try:
        return run(options)
    except (ClusterError, HistoryError, OSError, subprocess.TimeoutExpired) as error:
        print(f"loadtests: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests", description=__doc__, epilog=f"{judge.EXIT_CODES}; 3 it could not be run"
    )
    parser.add_argument(
        "--ui", action="store_true", help="Locust's page on http://127.0.0.1:8089, until Ctrl-C"
    )
    parser.add_argument(
        "--placement", action="append", choices=PLACEMENTS, metavar="P", help="may be repeated (all)"
    )
    parser.add_argument("--users", type=int, default=4, metavar="N", help="(4) for each placement")
    parser.add_argument("--seconds", type=int, default=40, metavar="N", help="(40) of load")
    parser.add_argument("--results", type=Path, default=ROOT / "results", metavar="FOLDER")
    return parser


def run(options: argparse.Namespace) -> int:
    """Bring up what is not, put load on it, judge, and take down what was not up."""
    cluster = Cluster(placements=[PLACEMENTS[name] for name in options.placement or PLACEMENTS])
    with brought_up(cluster):
        folder = results.begin(options.results)
        witnessed = Witnessed(cluster)
        put_load(cluster, folder, options)
        if not (folder / "histories").exists():
            raise HistoryError(f"no user did anything; see {os.path.relpath(folder)}/locust.log")
        judged = judge.judge(recording.latest(folder / "histories"))
        witnessed.save(judged, folder)
    write_reports(folder)
    results.publish(folder)
    print(judge.render(judged))
    print(f"Report: {os.path.relpath(folder)}/report.html")
    return judge.exit_code(judged)


@contextmanager
def brought_up(cluster: Cluster) -> Iterator[None]:
    """All of it ready in here; what was not up before goes again, but for the pair."""
    running = {instance.service for instance in cluster.seen(cluster.services) if instance.running}
    missing = [placement for placement in cluster.placements if placement.service not in running]
    try:
        if missing:
            print(f"bringing up {', '.join(placement.name for placement in missing)}", flush=True)
            cluster.build()
            Cluster(placements=missing).up()
        cluster.wait_ready()
        yield
    finally:
        with deferred():
            cluster.remove(placement for placement in missing if placement.name not in PAIR)


def put_load(cluster: Cluster, folder: Path, options: argparse.Namespace) -> None:
    """Locust, to its end. A Ctrl-C ends it in order, with the final reads."""
    if options.ui:
        print("Locust's page: http://127.0.0.1:8089/  (Ctrl-C ends it)", flush=True)
    with (folder / "locust.log").open("w") as log:
        process = subprocess.Popen(
            command(cluster.url(), folder, options),
            cwd=ROOT,
            env=environ(cluster, options),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        process.wait(None if options.ui else options.seconds + AT_THE_END)
    except KeyboardInterrupt:
        process.terminate()
        process.wait(AT_THE_END)
    finally:
        process.kill()
        process.wait()


def command(url: str, folder: Path, options: argparse.Namespace) -> Sequence[str]:
    users = options.users * len(options.placement or PLACEMENTS)
    return (
        *(sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--host", url),
        *("-u", str(users), "-r", str(users), "--history", str(folder / "histories")),
        *(() if options.ui else ("--headless", "--only-summary", "-t", f"{options.seconds}s")),
    )


def environ(cluster: Cluster, options: argparse.Namespace) -> Mapping[str, str]:
    names = [placement.name for placement in cluster.placements]
    rate = min(4.0, TOGETHER / (options.users * len(names)))
    return {**os.environ, "LOADTEST_PLACEMENTS": ",".join(names), "LOADTEST_RATE": f"{rate:.2f}"}


if __name__ == "__main__":
    sys.exit(main())
