"""The work of the Python contenders: one function over one row."""

import hashlib
import re
import unicodedata

SPACE = re.compile(r"\s+")


def work(row):
    norm = SPACE.sub(" ", unicodedata.normalize("NFKC", row["text"]).lower()).strip()
    words = norm.count(" ") + 1
    row["norm"] = norm
    row["n_words"] = words
    row["n_chars"] = len(norm)
    row["keep"] = 20 <= words <= 200
    row["sha256"] = hashlib.sha256(norm.encode()).hexdigest()
    return row
