"""A load as a result file of the lab: a row of cells whose fault is `load`, which nothing should come of."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from chaos import evidence, predictions, results
from chaos.cluster import Cluster
from chaos.environment import environment
from chaos.experiment import decide
from chaos.faults import Witness
from chaos.instance import Snapshot
from chaos.placements import Placement
from chaos.predictions import Prediction
from chaos.results import Cell, Matrix
from chaos.verdict import Judgement
from loadtests import history
from loadtests.history import Operation
from loadtests.judge import Judged

FAULT = "load"


class Witnessed:
    """Who served before a load and after it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.began = time.monotonic()
        self.started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.before = self._snapshot()

    def save(self, judged: Mapping[str, Judged], folder: Path) -> Path:
        """Write the result file, and each placement's merged history where it points to."""
        after = self._snapshot()
        expected = predictions.load(["none"], judged)
        cells = [
            self._cell(placement, judged[placement.name], after, expected["none", placement.name])
            for placement in self.cluster.placements
            if placement.name in judged
        ]
        for cell in cells:
            _write(judged[cell.placement].history, folder / cell.evidence)
        seconds = round(time.monotonic() - self.began, 1)
        return results.save(Matrix(self.started_at, environment(self.cluster), seconds, tuple(cells)), folder)

    def _snapshot(self) -> Snapshot:
        return self.cluster.snapshot([*self.cluster.services, *self.cluster.stores])

    def _cell(self, placement: Placement, one: Judged, after: Snapshot, prediction: Prediction) -> Cell:
        witness = Witness(
            before=self.before[placement.service],
            during=(),
            after=after[placement.service],
            holders_before=self.before[placement.holder] if placement.store else (),
            holders_after=after[placement.holder] if placement.store else (),
            history=one.history,
        )
        judgement: Judgement = evidence.orphaned(one.judgement, witness, self.cluster.volumes())
        return Cell(
            fault=FAULT,
            placement=placement.name,
            predicted=str(prediction),
            verdict=decide(prediction.expected, judgement.observed),
            why=prediction.why,
            cause=evidence.cause("somebody", judgement, witness),
            proof=evidence.proof(witness),
            evidence=f"cells/{FAULT}.{placement.name}/",
            **asdict(judgement),
        )


def _write(operations: Sequence[Operation], folder: Path) -> None:
    folder.mkdir(parents=True)
    with (folder / "history.jsonl").open("w") as file:
        for operation in operations:
            history.write(operation, file)
