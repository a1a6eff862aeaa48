"""run_datasets.py IN OUT: Hugging Face datasets, two processes, caches in a folder that is thrown away."""

import sys
import tempfile

import datasets

from work import work

if __name__ == "__main__":
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        rows = datasets.load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=cache)
        rows.map(work, num_proc=2).to_json(sys.argv[2], num_proc=2)
