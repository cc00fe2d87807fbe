"""The model on disk: manifest, shards, import and export."""

from pwdismec.model.model import Model
from pwdismec.model.shard import Shard

__all__ = ["Model", "Shard"]
