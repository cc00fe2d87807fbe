"""Labels suggested for texts, one text at a time, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from pwdismec.bounds import whole_number
from pwdismec.calibration import Calibration
from pwdismec.data import CSR, Dataset
from pwdismec.data.formats.lines import LONGEST_RECORD, lines_of
from pwdismec.data.shown_labels import ShownLabels
from pwdismec.data.topk import TopK
from pwdismec.errors import ConfigError, DataError
from pwdismec.model import Model
from pwdismec.model.explanation import Classifier, Explanation, NameOf, explain
from pwdismec.model.texts import record_of
from pwdismec.prediction import Predictor
from pwdismec.prediction.neighbours import nearest_positives
from pwdismec.quoting import shown
from pwdismec.text.records import Misfit, id_in, parsed
from pwdismec.text.settings import ID

_LOOKS_LIKE_A_RECORD = re.compile(r'\s*\{\s*"')

# Of the words that a text shares with a neighbour, how many are told.
_SHARED = 5


class Neighbour(NamedTuple):
    """A training instance that has the label.

    Attributes
    ----------
    instance
        Its number in the training set, counted from 0.
    similarity
        Its cosine with the text.
    shared
        The words that make them similar, the weightiest first.
    record_id
        What the source calls it; None if the training set does not say so.
    """

    instance: int
    similarity: float
    shared: tuple[str, ...]
    record_id: str | None = None


class Suggestion(NamedTuple):
    """A label for a text.

    Attributes
    ----------
    explanation
        What makes its score.
    neighbours
        The nearest training instances that have it.
    probability
        That the text has it; None if that was not asked for.
    """

    explanation: Explanation
    neighbours: tuple[Neighbour, ...]
    probability: float | None = None


class Suggester:
    """Suggests labels for texts.

    Parameters
    ----------
    model
        The folder of a model that was trained on texts.
    top_k
        Labels a text.
    labels
        Labels to score instead of the best ones: each by its URI, its name, or else its id.
    neighbours
        How many training instances to tell with each label.
    data
        The data set that the model was trained on, for `neighbours`.
    probabilities
        Tell probabilities, too, and order the same labels by them. The model is calibrated.

    Raises
    ------
    ModelError
        If the model is not whole, was not trained on texts, or is not calibrated where it must be, or if a
        label is not in it, or several have its name.
    DataError
        If `data` is not what the model was trained on.
    ConfigError
        If a setting is out of range.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        top_k: int = 5,
        labels: Sequence[str] = (),
        neighbours: int = 0,
        data: str | Path | None = None,
        probabilities: bool = False,
    ) -> None:
        whole_number("top_k", top_k)
        whole_number("neighbours", neighbours, 0)
        if neighbours and data is None:
            raise ConfigError("neighbours: expected the data set to take them from, too")
        self._model = Model.open(model)
        self._vectorizer = self._model.text_vectorizer
        self._fields = [field.name for field in self._vectorizer.fields]
        id_field = self._vectorizer.settings.id_field
        self._id_field = ID if id_field is None else id_field
        self.labels = ShownLabels(self._model)
        self._calibration = Calibration.of(self._model) if probabilities else None
        self._labels = [_id_of(self._model, label) for label in labels]
        self._predictor = None if labels else Predictor(self._model)
        self._top_k, self._neighbours = top_k, neighbours
        self._data = None if data is None else Dataset.open(data)
        if self._data is not None:
            self._model.check_trained_on(self._data)

    def record(self, text: str, source: str = "text", line: int | None = None) -> dict[str, str]:
        """A text as a record of the model's fields.

        Parameters
        ----------
        text
            A record of some of the fields as a JSON object, or else the text of the first field.
        source, line
            Where the text comes from, for messages.

        Raises
        ------
        DataError
            If the text is empty, looks like a JSON object and is none, or has none of the fields.
        """
        given = _parsed(text, source, line)
        try:
            return record_of(given, self._fields, source, line)
        except DataError as error:
            called = self._id_in(given, source, line)
            said = error.message if called is None else f"record {shown(called)}: {error.message}"
            raise DataError(source, said, line) from error

    def record_id(self, text: str, source: str = "text", line: int | None = None) -> str | None:
        """What a text, given as for `record`, is called; None where it does not say so."""
        return self._id_in(_parsed(text, source, line), source, line)

    def _id_in(self, given: str | Mapping[str, Any], source: str, line: int | None) -> str | None:
        if isinstance(given, str) or self._id_field not in given:
            return None
        try:
            return id_in(given, self._id_field)
        except Misfit as misfit:
            raise DataError(source, str(misfit), line) from misfit

    def suggest(self, record: Mapping[str, str]) -> list[Suggestion]:
        """The best labels of a record, or the wanted ones, best first; none if no word of it is known."""
        instance = self._vectorizer.transform([record])
        if instance.nnz == 0:
            return []
        name_of = self._vectorizer.names_in(record).__getitem__
        explanations = [
            explain(self._model.classifier(label), instance, name_of) for label in self._best(instance)
        ]
        if self._labels:
            explanations.sort(key=lambda explanation: -explanation.score)
        return [
            Suggestion(explanation, self._nearest(explanation.label, instance, name_of), probability)
            for explanation, probability in self._with_probabilities(explanations)
        ]

    def _with_probabilities(
        self, explanations: Sequence[Explanation]
    ) -> Iterable[tuple[Explanation, float | None]]:
        """The explanations, best scores first; best probabilities first where these are wanted."""
        if self._calibration is None:
            return ((explanation, None) for explanation in explanations)
        of_label = {explanation.label: explanation for explanation in explanations}
        scores = [explanation.score for explanation in of_label.values()]
        best = TopK(np.array([list(of_label)], np.int32), np.array([scores], np.float32))
        labels, probabilities = self._calibration.probabilities(best)
        return zip(map(of_label.__getitem__, labels[0].tolist()), probabilities[0].tolist(), strict=True)

    def _best(self, instance: CSR) -> list[int]:
        if self._predictor is None:
            return self._labels
        labels = self._predictor.predict(instance, self._top_k).labels[0]
        return [int(label) for label in labels if label >= 0]

    def _nearest(self, label: int, instance: CSR, name_of: NameOf) -> tuple[Neighbour, ...]:
        if self._data is None:
            return ()
        found = nearest_positives(self._data, label, instance, self._neighbours)
        ids = self._data.record_ids
        return tuple(
            Neighbour(
                number,
                similarity,
                _shared(found.rows.rows(place, place + 1), instance, name_of),
                None if ids is None else ids[number],
            )
            for place, (number, similarity) in enumerate(
                zip(found.ids.tolist(), found.similarities.tolist(), strict=True)
            )
        )


def _shared(row: CSR, instance: CSR, name_of: NameOf) -> tuple[str, ...]:
    """The names of the features that add most to the product of two rows."""
    product = explain(Classifier(-1, None, row, 0.0), instance, name_of)
    return tuple(contribution.name for contribution in product.contributions[:_SHARED])


def numbered_lines(stream: IO[bytes], source: str) -> Iterator[tuple[int, str]]:
    """The lines of a stream of UTF-8, with their numbers, as they come.

    Raises
    ------
    DataError
        If a line is not UTF-8, or too long.
    """
    for number, line in enumerate(lines_of(stream, source, LONGEST_RECORD), 1):
        try:
            yield number, line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataError(source, f"not UTF-8: {error.reason}", number) from error


def _id_of(model: Model, label: str) -> int:
    """A label by its URI or its name, or else by its id."""
    called = any(label in (names or ()) for names in (model.label_uris, model.label_names))
    is_id = not called and label.isascii() and label.isdigit() and len(label) <= 18
    return model.label_id(int(label) if is_id else label)


def _parsed(text: str, source: str, line: int | None) -> str | dict[str, Any]:
    if not _LOOKS_LIKE_A_RECORD.match(text):
        return text
    try:
        record: dict[str, Any] = parsed(text)
    except Misfit as error:
        raise DataError(source, f"begins like a JSON object, but is {error}", line) from error
    return record
