"""Frames of pandas, Polars, Arrow and others, by the interface that they share: Arrow's streams."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.errors import ConfigError, DataError
from pwdismec.quoting import said_by, shown

_STREAM = "__arrow_c_stream__"


def is_frame(given: object) -> bool:
    """Whether it is a table with named columns."""
    return hasattr(given, _STREAM) and (hasattr(given, "columns") or hasattr(given, "schema"))


def table_of(frame: Any) -> Any:
    """The same as a `pyarrow.Table`, without the index of pandas.

    Raises
    ------
    ConfigError
        If pyarrow is missing.
    DataError
        If Arrow cannot hold a column, such as one of mixed values.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise ConfigError("frames need pyarrow: pip install 'pwdismec[parquet]'") from error
    try:
        table = pyarrow.table(frame)
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        raise DataError("frame", f"Arrow cannot hold it: {said_by(error)}") from error
    index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    return table.drop_columns(
        [name for name in index if isinstance(name, str) and name in table.column_names]
    )


def numbers_of(frame: Any, name: str) -> tuple[NDArray[Any], list[str]]:
    """A frame of numbers as a matrix, and the names of its columns.

    Parameters
    ----------
    name
        For messages.

    Raises
    ------
    DataError
        If a column holds anything but numbers or truth values, or one is missing.
    """
    table = table_of(frame)
    names = list(table.column_names)
    columns = []
    for column, values in zip(names, table.columns, strict=True):
        if values.null_count:
            raise DataError(name, f"column {shown(column)}: a missing value; expected numbers")
        array = values.to_numpy()
        if array.dtype.kind not in "biuf":
            raise DataError(name, f"column {shown(column)} of {values.type}; expected numbers")
        columns.append(array)
    matrix = np.column_stack(columns) if columns else np.empty((table.num_rows, 0))
    return matrix, names
