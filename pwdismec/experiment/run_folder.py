"""Where an experiment keeps what it makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    """The work folder of an experiment; of each weighting the model, the predictions and their metrics.

    Attributes
    ----------
    path
        The folder.
    """

    path: Path

    @property
    def train(self) -> Path:
        return self.path / "train"

    @property
    def test(self) -> Path:
        return self.path / "test"

    @property
    def steps(self) -> Path:
        """What each step was made from, and has made."""
        return self.path / "steps"

    @property
    def report(self) -> Path:
        """The metrics of all weightings, written last: a run that has it is whole."""
        return self.path / "report.json"

    def outputs(self, weightings: Iterable[str]) -> list[Path]:
        """All that an experiment makes there."""
        kinds = self.model, self.predictions, self.report_of
        of_weightings = [kind(weighting) for weighting in weightings for kind in kinds]
        return [self.train, self.test, self.steps, self.report, *of_weightings]

    def model(self, weighting: str) -> Path:
        return self.path / f"model-{weighting}"

    def predictions(self, weighting: str) -> Path:
        return self.path / f"predictions-{weighting}.txt"

    def report_of(self, weighting: str) -> Path:
        return self.path / f"report-{weighting}.json"
