"""Data sets: formats in and out, transforms, statistics, synthetic data."""

from pwdismec.data.conversion import convert
from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.dense import Dense
from pwdismec.data.statistics import Statistics
from pwdismec.data.strings import Strings
from pwdismec.data.synthetic import SyntheticData, SyntheticSource
from pwdismec.data.topk import TopK
from pwdismec.data.transforms import Transforms

__all__ = [
    "CSR",
    "Dataset",
    "Dense",
    "Statistics",
    "Strings",
    "SyntheticData",
    "SyntheticSource",
    "TopK",
    "Transforms",
    "convert",
]
