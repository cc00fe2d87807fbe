"""Records with texts and labels made into instances: reading, features, the vectoriser that makes them."""

from pwdismec.text.settings import TextField, TextSettings
from pwdismec.text.vectorizer import TextVectorizer

__all__ = ["TextField", "TextSettings", "TextVectorizer"]
