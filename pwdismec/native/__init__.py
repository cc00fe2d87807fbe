"""C++ kernels: loops over arrays, no policy.

The kernels are compiled once for each instruction set; importing this package
binds the best set the machine can run. The environment variable
``PWDISMEC_ISA`` (``v2``, ``v3``, ``v4``) forces an older one: a cluster of
mixed machines gets the same bits everywhere that way.
"""

import importlib
import os

try:
    from . import _machine
except ImportError as error:  # the source folder, not the installed package
    raise ImportError(
        "pwdismec's compiled kernels are missing: install the package with `pip install .` and run Python "
        "from outside the source folder"
    ) from error

_supported = _machine.instruction_sets()
instruction_set = os.environ.get("PWDISMEC_ISA") or (_supported[0] if _supported else "none")
if instruction_set not in _supported:
    raise ImportError(
        f"PWDISMEC_ISA: this machine cannot run {instruction_set!r}; "
        f"it supports {', '.join(_supported) or 'none'}"
    )
_kernels = importlib.import_module(f"{__name__}._kernels_{instruction_set}")

# the process
end_on_bus_error = _machine.end_on_bus_error

# support
check_rows = _kernels.check_rows
count_ids = _kernels.count_ids
count_in_rows = _kernels.count_in_rows
first_not_finite = _kernels.first_not_finite

# formats
format_labelled_rows = _kernels.format_labelled_rows
format_ranked_rows = _kernels.format_ranked_rows
parse_labelled_rows = _kernels.parse_labelled_rows
parse_ranked_rows = _kernels.parse_ranked_rows
parse_sparse_rows = _kernels.parse_sparse_rows

# text
Runs = _kernels.Runs

# prediction
DENSE_PADDING = _kernels.DENSE_PADDING
DENSE_TILE = _kernels.DENSE_TILE
MOST_LABELS = _kernels.MOST_LABELS
MOST_SCORES = _kernels.MOST_SCORES
DenseFeatures = _kernels.DenseFeatures
LabelBlock = _kernels.LabelBlock
dense_bounds = _kernels.dense_bounds
fill_postings = _kernels.fill_postings
score_top_k = _kernels.score_top_k

# solver
LABELS_PER_PASS = _kernels.LABELS_PER_PASS
MOST_COPIED = _kernels.MOST_COPIED
MOST_IN_COLUMNS = _kernels.MOST_IN_COLUMNS
Instances = _kernels.Instances
SparseCopy = _kernels.SparseCopy
dense_instances = _kernels.dense_instances
objectives = _kernels.objectives
solve_block = _kernels.solve_block

__all__ = [
    "DENSE_PADDING",
    "DENSE_TILE",
    "LABELS_PER_PASS",
    "MOST_COPIED",
    "MOST_IN_COLUMNS",
    "MOST_LABELS",
    "MOST_SCORES",
    "DenseFeatures",
    "Instances",
    "LabelBlock",
    "Runs",
    "SparseCopy",
    "check_rows",
    "count_ids",
    "count_in_rows",
    "dense_bounds",
    "dense_instances",
    "end_on_bus_error",
    "fill_postings",
    "first_not_finite",
    "format_labelled_rows",
    "format_ranked_rows",
    "instruction_set",
    "objectives",
    "parse_labelled_rows",
    "parse_ranked_rows",
    "parse_sparse_rows",
    "score_top_k",
    "solve_block",
]
