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
    from pwdismec.calibration import Calibration, calibrate
    from pwdismec.data import CSR, Dataset, Dense, TopK, Transforms, convert
    from pwdismec.data.formats import open_source
    from pwdismec.errors import ConfigError, DataError, ModelError, OutputError, PwdismecError
    from pwdismec.estimator import PWDiSMECClassifier
    from pwdismec.experiment.experiment import run_experiment
    from pwdismec.metrics import evaluate
    from pwdismec.model import Model
    from pwdismec.parallel import Backend
    from pwdismec.prediction import Predictor
    from pwdismec.reporting import write_report
    from pwdismec.steps.convert import convert_files
    from pwdismec.steps.convert_texts import convert_texts
    from pwdismec.steps.evaluate import evaluate_file
    from pwdismec.steps.predict import predict_file
    from pwdismec.steps.suggest import Suggester
    from pwdismec.text import TextSettings, TextVectorizer
    from pwdismec.training import TrainingConfig, plan_memory, train
    from pwdismec.tuning import Grid, tune
    from pwdismec.weighting import Weighting

__all__ = [
    "CSR",
    "Backend",
    "Calibration",
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
    "Suggester",
    "TextSettings",
    "TextVectorizer",
    "TopK",
    "TrainingConfig",
    "Transforms",
    "Weighting",
    "calibrate",
    "convert",
    "convert_files",
    "convert_texts",
    "evaluate",
    "evaluate_file",
    "open_source",
    "plan_memory",
    "predict_file",
    "run_experiment",
    "train",
    "tune",
    "write_report",
]

# Each name is imported when it is first asked for, so that `pwdismec --help` need not wait for SciPy.
_HOMES = {
    "Backend": "parallel",
    "CSR": "data",
    "Calibration": "calibration",
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
    "Suggester": "steps.suggest",
    "TextSettings": "text",
    "TextVectorizer": "text",
    "TopK": "data",
    "TrainingConfig": "training",
    "Transforms": "data",
    "Weighting": "weighting",
    "calibrate": "calibration",
    "convert": "data",
    "convert_files": "steps.convert",
    "convert_texts": "steps.convert_texts",
    "evaluate": "metrics",
    "evaluate_file": "steps.evaluate",
    "open_source": "data.formats",
    "plan_memory": "training",
    "predict_file": "steps.predict",
    "run_experiment": "experiment.experiment",
    "train": "training",
    "tune": "tuning",
    "write_report": "reporting",
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
