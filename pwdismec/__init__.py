"""PW-DiSMEC: exact, certified one-vs-rest linear classifiers for extreme multi-label data.

The names here are the public API; what the `pwdismec` command does, they do:

>>> train_set = convert(open_source(["train.txt"]), "train")
>>> model = train(train_set, "model", TrainingConfig(Weighting("pw-cb")))
>>> test_set = convert(open_source(["test.txt"]), "test", like=train_set)
>>> predictions = Predictor(model).predict_dataset(test_set, top_k=5)
>>> report = evaluate(predictions, test_set.labels, label_counts=train_set.label_counts,
...                   n_train=train_set.n_instances)
>>> print(report.to_text())
"""

# Nothing is imported here: the `pwdismec` command heeds no signals until this has run.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pwdismec.data import CSR, Dataset, Dense, TopK, Transforms, convert
    from pwdismec.data.formats import open_source
    from pwdismec.errors import ConfigError, DataError, ModelError, OutputError, PwdismecError
    from pwdismec.estimator import PWDiSMECClassifier
    from pwdismec.metrics import evaluate
    from pwdismec.model import Model
    from pwdismec.prediction import Predictor
    from pwdismec.training import TrainingConfig, train
    from pwdismec.tuning import Grid, tune
    from pwdismec.weighting import Weighting

__all__ = [
    "CSR",
    "ConfigError",
    "DataError",
    "Dataset",
    "Dense",
    "Grid",
    "Model",
    "ModelError",
    "OutputError",
    "PWDiSMECClassifier",
    "Predictor",
    "PwdismecError",
    "TopK",
    "TrainingConfig",
    "Transforms",
    "Weighting",
    "convert",
    "evaluate",
    "open_source",
    "train",
    "tune",
]

# Each name is imported when it is first asked for, so that `pwdismec --help` need not wait for SciPy.
_HOMES = {
    "CSR": "data",
    "ConfigError": "errors",
    "DataError": "errors",
    "Dataset": "data",
    "Dense": "data",
    "Grid": "tuning",
    "Model": "model",
    "ModelError": "errors",
    "OutputError": "errors",
    "PWDiSMECClassifier": "estimator",
    "Predictor": "prediction",
    "PwdismecError": "errors",
    "TopK": "data",
    "TrainingConfig": "training",
    "Transforms": "data",
    "Weighting": "weighting",
    "convert": "data",
    "evaluate": "metrics",
    "open_source": "data.formats",
    "train": "training",
    "tune": "tuning",
}


def __getattr__(name: str) -> object:
    from importlib import import_module
    from importlib.metadata import version

    if name == "__version__":
        return version("pwdismec")
    if name not in _HOMES:
        raise AttributeError(f"module 'pwdismec' has no attribute {name!r}")
    value = getattr(import_module(f"pwdismec.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
