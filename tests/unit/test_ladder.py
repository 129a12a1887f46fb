"""What the durability ladder makes of literal observations, and what its programs write and read."""

import json
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from chaos.ladder import drawing, inside
from chaos.ladder.command import as_document
from chaos.ladder.judging import Cell, Identity, Proof, Seen, exit_code, happened, judge, skipped, summary
from chaos.ladder.rungs import BLOWS, REPEATED, RUNGS, Blow

BEFORE = Identity("c1", "09:00", "v", "7 100")
GONE = replace(BEFORE, process="")
AGAIN = Identity("c1", "09:01", "v", "")
COPY = Identity("c2", "09:01", "v.cut", "")
PROOFS: Mapping[Blow, Proof] = {
    "process kill": Proof(BEFORE, GONE, None),
    "container kill": Proof(BEFORE, AGAIN, 137),
    "power cut": Proof(BEFORE, COPY, 137),
}
TEN = {number: number / 10 for number in range(1, 11)}
"""Ten acknowledgements, a tenth of a second apart."""


def seen(
    blow: Blow, found: Collection[int] | None, acknowledged: Mapping[int, float] = TEN, note: str = ""
) -> Seen:
    return Seen(acknowledged, found, PROOFS[blow], note)


def judged(rung: str, blow: Blow, found: Collection[int] | None) -> Cell:
    return judge(RUNGS[rung], blow, seen(blow, found), 10)


def told(cell: Cell) -> tuple[object, ...]:
    return cell.verdict, cell.observed, cell.lost, cell.acknowledged, round(cell.milliseconds), cell.surplus


def drawn(what: RenderableType) -> str:
    console = Console(width=110, color_system=None)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


def test_nothing_is_lost_when_all_that_was_acknowledged_is_found() -> None:
    assert told(judged("sqlite-full", "power cut", range(1, 11))) == ("match", "none", 0, 10, 0, 0)


def test_lost_is_what_was_acknowledged_and_is_not_found() -> None:
    assert told(judged("buffered", "process kill", range(1, 6))) == ("match", "some", 5, 10, 400, 0)


def test_lost_is_told_from_a_gap_as_well() -> None:
    assert told(judged("sqlite-full", "power cut", [1, 2, *range(5, 11)])) == (
        "surprise",
        "some",
        2,
        10,
        100,
        0,
    )


def test_all_is_lost_when_nothing_is_found() -> None:
    assert told(judged("redis-no", "power cut", [])) == ("match", "all", 10, 10, 900, 0)


def test_one_record_that_was_not_acknowledged_was_in_flight() -> None:
    assert told(judged("redis-always", "power cut", range(1, 12))) == ("match", "none", 0, 10, 0, 1)


def test_more_records_than_can_be_in_flight_prove_that_acknowledgements_are_missing() -> None:
    cell = judged("redis-always", "power cut", range(1, 13))
    assert (cell.verdict, cell.surplus, "nobody acknowledged" in cell.reason) == ("unknown", 2, True)


@pytest.mark.parametrize("found", [range(1, 11), range(1, 6)])
def test_a_loss_that_never_comes_is_as_much_a_surprise_as_one_that_must_not(found: Collection[int]) -> None:
    must, must_not = (judged(rung, "process kill", found).verdict for rung in ("buffered", "sqlite-off"))
    assert {must, must_not} == {"match", "surprise"}
    assert (must == "surprise") == (len(found) == 10)


def test_a_loss_of_more_milliseconds_than_predicted_is_a_surprise() -> None:
    slow = {number: float(number) for number in TEN}
    cells = [
        judge(RUNGS["redis-everysec"], "power cut", seen("power cut", range(1, last), slow), 10)
        for last in (8, 7)
    ]
    assert [(cell.milliseconds, cell.verdict) for cell in cells] == [(2000, "match"), (3000, "match")]
    assert judge(RUNGS["redis-everysec"], "power cut", seen("power cut", [1], slow), 10).verdict == "surprise"


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        pytest.param(seen("power cut", [], {}), "only 0 of 10 writes", id="nothing acknowledged"),
        pytest.param(seen("power cut", [], {1: 0.1}), "only 1 of 10 writes", id="too little acknowledged"),
        pytest.param(seen("power cut", None, note="no answer"), "could not be read: no answer", id="no read"),
        pytest.param(Seen(TEN, [], PROOFS["process kill"]), "no proof of the power cut", id="no proof"),
    ],
)
def test_it_is_unknown_what_was_lost_without_evidence(seen: Seen, says: str) -> None:
    cell = judge(RUNGS["redis-no"], "power cut", seen, 10)
    assert (cell.verdict, cell.observed, says in cell.reason) == ("unknown", "unknown", True)


@pytest.mark.parametrize("blow", BLOWS)
def test_a_blow_is_proved_by_identities_of_its_own(blow: Blow) -> None:
    assert [other for other in BLOWS if happened(other, PROOFS[blow])] == [blow]


@pytest.mark.parametrize(
    ("blow", "proof"),
    [
        pytest.param("process kill", Proof(GONE, GONE, None), id="nobody wrote"),
        pytest.param("process kill", Proof(BEFORE, BEFORE, None), id="it goes on"),
        pytest.param("container kill", Proof(BEFORE, AGAIN, 0), id="it ended by itself"),
        pytest.param("container kill", Proof(BEFORE, GONE, 137), id="it was not started again"),
        pytest.param("container kill", Proof(BEFORE, replace(AGAIN, volume="w"), 137), id="another volume"),
        pytest.param("container kill", Proof(GONE, AGAIN, 137), id="nobody wrote to it"),
        pytest.param("power cut", Proof(BEFORE, replace(COPY, volume="v"), 137), id="not the copy"),
        pytest.param("power cut", Proof(BEFORE, replace(COPY, volume="w.cut"), 137), id="another's copy"),
        pytest.param("power cut", Proof(GONE, COPY, 137), id="nobody wrote to the disk"),
        pytest.param("power cut", Proof(BEFORE, COPY, 0), id="it ended by itself before the cut"),
        pytest.param("power cut", Proof(BEFORE, replace(COPY, container="c1"), 137), id="the same container"),
    ],
)
def test_a_blow_is_not_proved_when_it_missed(blow: Blow, proof: Proof) -> None:
    assert not happened(blow, proof)


def test_every_rung_has_a_prediction_with_a_reason_for_every_blow() -> None:
    expected = [rung.expected[blow] for rung in RUNGS.values() for blow in BLOWS]
    assert all(one.lost and one.why for one in expected)
    assert len(expected) == 21


def test_the_ladder_predicts_less_lost_the_deeper_a_write_is() -> None:
    kept = {
        name: [blow for blow in BLOWS if rung.expected[blow].lost == ("none",)]
        for name, rung in RUNGS.items()
    }
    assert kept == {
        "buffered": [],
        "sqlite-off": ["process kill", "container kill"],
        "sqlite-normal": ["process kill", "container kill"],
        "redis-no": ["process kill", "container kill"],
        "redis-everysec": [],
        "sqlite-full": list(BLOWS),
        "redis-always": list(BLOWS),
    }


MATCH = judged("sqlite-full", "process kill", TEN)
SURPRISE = judged("sqlite-full", "power cut", [])
UNKNOWN = judged("sqlite-full", "container kill", None)
SKIPPED = skipped(RUNGS["redis-always"], "power cut", "its kernel has no loop devices")


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([MATCH, SKIPPED], 0),
        ([MATCH, UNKNOWN, SURPRISE], 1),
        ([MATCH, UNKNOWN], 2),
        ([SKIPPED], 2),
        ([], 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst_and_nothing_measured_is_unknown(
    cells: list[Cell], code: int
) -> None:
    assert exit_code(cells) == code


def test_the_table_has_what_was_lost_of_what_and_marks_what_was_not_predicted() -> None:
    picture = drawn(drawing.ladder([MATCH, UNKNOWN, SURPRISE, SKIPPED], 12))
    assert "sqlite-full  │ 0 of 10      │ unknown ?      │ 10 of 10, 900 ms !" in picture
    assert "SURPRISE sqlite-full, power cut: predicted none (fsync(2) came before" in picture
    assert "UNKNOWN sqlite-full, container kill: what is left could not be read" in picture
    assert "skipped power cut: its kernel has no loop devices" in picture
    assert "1 of 3 as predicted, 1 surprises, 1 unknown, 1 skipped, in 12 s" in picture


def test_the_table_of_runs_says_how_often_something_was_lost_and_the_most_of_it() -> None:
    everysec = [judged("redis-everysec", "power cut", range(1, last)) for last in (11, 9, 5)]
    picture = drawn(drawing.runs([[one] for one in everysec], 30))
    assert [
        line for line in ("2 of 10, 100 ms", "some in 2 of 3", "at most 6, 500 ms") if line in picture
    ] == [*("2 of 10, 100 ms", "some in 2 of 3", "at most 6, 500 ms")]


@pytest.mark.parametrize(("cells", "says"), [([UNKNOWN], "not known"), ([MATCH, UNKNOWN], "some in 0 of 1")])
def test_runs_of_which_nothing_is_known_do_not_count(cells: list[Cell], says: str) -> None:
    assert drawing.worst(cells) == says


def test_the_document_has_every_cell_with_its_run_and_its_proof() -> None:
    document = json.loads(as_document([[MATCH], [SURPRISE]], 10, 3.14))
    assert [(cell["run"], cell["verdict"], cell["lost"]) for cell in document["cells"]] == [
        (1, "match", 0),
        (2, "surprise", 10),
    ]
    assert document["cells"][0]["proof"]["before"]["process"] == "7 100"
    assert (document["writes"], document["seconds"]) == (10, 3.1)
    assert document["summary"] == summary([MATCH, SURPRISE]) == {
        "match": 1, "surprise": 1, "unknown": 0, "skipped": 0,
    }  # fmt: skip


def test_only_rungs_that_promise_how_little_is_lost_are_repeated() -> None:
    assert set(REPEATED) <= RUNGS.keys()


def program(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(Path(inside.__path__[0], f"{name}.py")), *map(str, arguments)]


def written(kind: str, path: Path, *setting: str) -> set[int]:
    """The numbers that are acknowledged until the writer is killed in the middle of it."""
    process = subprocess.Popen(
        program("write", 2000, 300, kind, path, *setting), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(400)]
    process.send_signal(signal.SIGKILL)
    lines += process.communicate(timeout=30)[0].splitlines()
    return {int(line.split()[0]) for line in lines}


def read(kind: str, path: Path) -> tuple[set[int], str]:
    done = subprocess.run(program("read", kind, path), capture_output=True, check=True, text=True, timeout=30)
    told = json.loads(done.stdout)
    return set(told["found"]), told["damage"]


def test_a_killed_writer_loses_what_its_buffer_held_and_no_more(tmp_path: Path) -> None:
    acknowledged = written("buffered", tmp_path / "file")
    found, damage = read("buffered", tmp_path / "file")
    lost = acknowledged - found
    assert (bool(found), damage, lost) == (True, "", set(range(max(found) + 1, max(acknowledged) + 1)))
    assert 0 < len(lost) * 30 <= 8192


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL", "FULL"])
def test_a_killed_writer_of_sqlite_loses_nothing(synchronous: str, tmp_path: Path) -> None:
    acknowledged = written("sqlite", tmp_path / "file", synchronous)
    assert (tmp_path / "file-wal").exists()
    found, damage = read("sqlite", tmp_path / "file")
    assert (acknowledged - found, damage) == (set(), "")
    assert acknowledged


@pytest.mark.parametrize("kind", ["buffered", "sqlite"])
def test_a_file_that_is_gone_has_no_records_and_says_so(kind: str, tmp_path: Path) -> None:
    found, damage = read(kind, tmp_path / "nowhere")
    assert (found, bool(damage)) == (set(), True)


def test_a_damaged_database_has_no_records_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"not a database" * 100)
    assert read("sqlite", tmp_path / "file") == (set(), "file is not a database")


def test_a_record_that_is_not_whole_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("00000001 item=tea quantity=1 \n00000002 item=tea quantity=1 ")
    assert read("buffered", tmp_path / "file") == ({1}, "")
