"""run_distilabel.py IN OUT: Distilabel's MinHashDedup, batches of 1000, its cache off. All rows are written, each with its verdict."""

import json
import sys
import tempfile

from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts, MinHashDedup

BATCH = 1000

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with tempfile.TemporaryDirectory() as cache:
        with Pipeline("minhash", cache_dir=cache) as pipeline:
            load = LoadDataFromDicts(name="load", data=rows, batch_size=BATCH)
            load >> MinHashDedup(
                name="minhash",
                tokenizer="ngrams",
                n=5,
                num_perm=128,
                threshold=0.9,
                storage="dict",
                input_batch_size=BATCH,
            )
        pipeline.run(use_cache=False)["default"]["train"].to_json(sys.argv[2], force_ascii=False)
