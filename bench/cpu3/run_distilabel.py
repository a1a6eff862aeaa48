"""run_distilabel.py IN OUT: Distilabel, three steps, batches of 1000, its cache off."""

import hashlib
import json
import sys
import tempfile
import unicodedata

from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts, StepInput, step
from distilabel.typing import StepOutput

from work import SPACE

BATCH = 1000


@step(inputs=["text"], outputs=["norm"])
def Normalise(inputs: StepInput) -> "StepOutput":
    for row in inputs:
        row["norm"] = SPACE.sub(" ", unicodedata.normalize("NFKC", row["text"]).lower()).strip()
    yield inputs


@step(inputs=["norm"], outputs=["n_words", "n_chars", "keep"])
def Count(inputs: StepInput) -> "StepOutput":
    for row in inputs:
        row["n_words"] = row["norm"].count(" ") + 1
        row["n_chars"] = len(row["norm"])
        row["keep"] = 20 <= row["n_words"] <= 200
    yield inputs


@step(inputs=["norm"], outputs=["sha256"])
def Digest(inputs: StepInput) -> "StepOutput":
    for row in inputs:
        row["sha256"] = hashlib.sha256(row["norm"].encode()).hexdigest()
    yield inputs


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with tempfile.TemporaryDirectory() as cache:
        with Pipeline("cpu3", cache_dir=cache) as pipeline:
            load = LoadDataFromDicts(name="load", data=rows, batch_size=BATCH)
            norm = Normalise(name="norm", input_batch_size=BATCH)
            count = Count(name="count", input_batch_size=BATCH)
            load >> norm >> count >> Digest(name="digest", input_batch_size=BATCH)
        pipeline.run(use_cache=False)["default"]["train"].to_json(sys.argv[2])
