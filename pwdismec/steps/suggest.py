"""Labels suggested for texts, one text at a time, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.bounds import whole_number
from pwdismec.calibration import Calibration, thresholds_of
from pwdismec.data import CSR, Dataset
from pwdismec.data.formats.lines import LONGEST_RECORD, lines_of
from pwdismec.data.shown_labels import ShownLabels
from pwdismec.data.topk import TopK
from pwdismec.errors import ConfigError, DataError
from pwdismec.model import Model
from pwdismec.model.explanation import Classifier, Explanation, NameOf, explain
from pwdismec.model.texts import has_text, record_of
from pwdismec.prediction import scorer_of
from pwdismec.prediction.neighbours import nearest_positives
from pwdismec.quoting import shown
from pwdismec.text.records import Misfit, id_in, parsed
from pwdismec.text.settings import ID

TOP_K = 5

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
    label
        Its id.
    name, uri
        Its name, and what the source calls it if that is not its name; None if the model does not have them.
    score
        Its score: float32 as `Scorer` gives it, or where it is explained float64.
    explanation
        What makes the score; None if that was not asked for.
    neighbours
        The nearest training instances that have the label.
    probability
        That the text has it; None if that was not asked for.
    """

    label: int
    name: str | None
    uri: str | None
    score: float
    explanation: Explanation | None = None
    neighbours: tuple[Neighbour, ...] = ()
    probability: float | None = None


class Suggester:
    """Suggests labels for texts.

    Parameters
    ----------
    model
        The folder of a model that was trained on texts.
    top_k
        Labels per text. Default 5; of sets, whatever their size.
    labels
        Labels to score instead of the best ones: each by its URI, its name, or else its id.
    neighbours
        How many training instances to tell with each label.
    data
        The data set that the model was trained on, for `neighbours`.
    probabilities
        Tell probabilities, too, and order the same labels by them. The model is calibrated.
    sets
        Only labels that reach their thresholds, the farthest above them first, as `Calibration.thresholds`
        takes it. The model is calibrated.
    explain
        Tell what makes each score.

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
        top_k: int | None = None,
        labels: Sequence[str] = (),
        neighbours: int = 0,
        data: str | Path | None = None,
        probabilities: bool = False,
        sets: str | None = None,
        explain: bool = False,
    ) -> None:
        if top_k is None and sets is None:
            top_k = TOP_K
        if top_k is not None:
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
        self._labels = _ids_of(self._model, labels)
        self._thresholds = thresholds_of(self._model, sets)
        self._scorer = scorer_of(self._model, thresholds=self._thresholds)
        self._explains = explain
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

    def has_text(self, text: str, source: str = "text", line: int | None = None) -> bool:
        """Whether there is anything in a text given as for `record`; DataError if it only looks like JSON."""
        return has_text(_parsed(text, source, line), self._fields)

    def suggest(self, record: Mapping[str, str]) -> list[Suggestion]:
        """The best labels of a record, or the wanted ones, best first; none if no word of it is known."""
        instance = self._vectorizer.transform([record])
        if instance.nnz == 0:
            return []
        name_of = self._vectorizer.names_in(record).__getitem__
        names, uris = self._model.label_names, self._model.label_uris
        suggestions = [
            Suggestion(
                label,
                None if names is None else names[label],
                None if uris is None else uris[label],
                score,
                explanation,
                self._nearest(label, instance, name_of),
            )
            for label, score, explanation in self._scored(instance, name_of)
        ]
        return suggestions if self._calibration is None else _by_probability(suggestions, self._calibration)

    def _scored(self, instance: CSR, name_of: NameOf) -> list[tuple[int, float, Explanation | None]]:
        """Labels with their scores, best first, and with what makes these where that is wanted."""
        labels, scores = (
            self._best(instance) if self._labels is None else self._wanted(instance, self._labels)
        )
        if self._explains:
            found = [explain(self._model.classifier(int(label)), instance, name_of) for label in labels]
            return [(one.label, one.score, one) for one in found]
        fewest_digits = (float(score) for score in scores.astype("U"))
        return [(label, score, None) for label, score in zip(labels.tolist(), fewest_digits, strict=True)]

    def _wanted(
        self, instance: CSR, wanted: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        scores = self._scorer.label_scores(instance, wanted)[:, 0]
        best_first = np.argsort(-scores, kind="stable")
        return wanted[best_first], scores[best_first]

    def _best(self, instance: CSR) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        if self._top_k is None:  # all that reach their thresholds
            (top,) = self._scorer.predict_blocks([instance], None)
            labels, scores = top.labels[0], top.scores[0]
        else:
            labels, scores = self._scorer.predict_one(instance.indices, instance.values, self._top_k)
        labels, scores = labels[labels >= 0], scores[labels >= 0]
        if self._thresholds is not None:  # what the scorer gives is how far it is above
            scores = scores + self._thresholds[labels]
        return labels, scores

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


def _by_probability(suggestions: Sequence[Suggestion], calibration: Calibration) -> list[Suggestion]:
    """The same with probabilities, the highest first."""
    of_label = {suggestion.label: suggestion for suggestion in suggestions}
    scores = [suggestion.score for suggestion in suggestions]
    best = TopK(np.array([list(of_label)], np.int32), np.array([scores], np.float32))
    labels, probabilities = (array[0].tolist() for array in calibration.probabilities(best))
    return [
        of_label[label]._replace(probability=probability)
        for label, probability in zip(labels, probabilities, strict=True)
    ]


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


def _ids_of(model: Model, labels: Sequence[str]) -> NDArray[np.int32] | None:
    """The labels that are wanted, ascending, once each; None for none. An error if one has no classifier."""
    ids = sorted({_id_of(model, label) for label in labels})
    for label in ids:
        model.classifier(label)
    return np.array(ids, np.int32) if ids else None


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
        said = str(error).removeprefix("not JSON: ")
        raise DataError(source, f"looks like a JSON object but does not parse: {said}", line) from error
    return record
