"""The step `words` outside the sandbox, on CPython.

Makes texts of 200 bytes, and prints rows/s, by the processor time that they took.

python3 bench/words.py [rows]
"""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("src", "conformance")]

from stillroom import Batch, Column  # noqa: E402

from conformance import words  # noqa: E402

WORDS = "The quick Brown fox Jumps over THE lazy Dog and Then runs Away from Every Hound".split()
BATCH = 8192


def text(row: int) -> str:
    """The text of a row: 200 bytes."""
    return " ".join(WORDS[(row * 7 + k * 13) % 16] for k in range(80))[:200]


def batch(rows: int) -> Batch:
    """A batch as it arrives: buffers, no values yet."""
    return Batch(rows, {"text": Column.of("utf8", [text(row) for row in range(rows)])})


def main() -> None:
    """Runs the step over a million rows, in batches."""
    rows, made, spent = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, 0, 0.0
    given = batch(BATCH)
    while made < rows:
        start = time.process_time()
        answer = words(given)
        spent += time.process_time() - start
        assert len(answer["words"]) == BATCH
        made += BATCH
    print(f"{made / spent:.0f} rows/s")


if __name__ == "__main__":
    main()
