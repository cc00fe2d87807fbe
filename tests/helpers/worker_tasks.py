"""Tasks for workers, which import them from here."""

import logging
import os
import signal
import struct
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

from pwdismec.errors import DataError


def slow_square(number):
    time.sleep(0.2 if number == 0 else 0)
    return number * number


def die_once(task):
    number, folder = task
    marker = Path(folder) / f"{number}"
    if number % 3 == 0 and not marker.exists():
        marker.touch()
        os._exit(9)
    return number


def die(number):
    os._exit(9)


def fail(number):
    raise DataError("file.txt", "a fault", 7)


prepared_by = []


def prepare():
    prepared_by.append(os.getpid())


def who_prepared(number):
    return prepared_by


def warn(number: int) -> int:
    """Something is tried again, and a library warns."""
    logging.getLogger("pwdismec.patience").warning("%s: failed; trying again", f"file {number}")
    warnings.warn("of a library", RuntimeWarning, stacklevel=1)
    return number


def die_while_sending(settings, split, lenient, piece):
    """Be killed when a part of what is sent back lies in the pipe."""

    def send(connection, content):
        os.write(connection.fileno(), struct.pack("!i", len(content)) + content[:10])
        os.kill(os.getpid(), signal.SIGKILL)

    Connection._send_bytes = send
    return "a chunk"


def die_once_while_sending(settings, split, lenient, piece):
    """Do so with the third piece, the first time that it is read."""
    from pwdismec.text import chunks

    marker = piece.path.with_suffix(".marker")
    if piece.line(0) > 2 and not marker.exists():
        marker.touch()
        return die_while_sending(settings, split, lenient, piece)
    return chunks._reader((settings, split, lenient)).read(piece)
