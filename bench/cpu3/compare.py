"""compare.py: the corpus, the contenders in turn, the same rows from all of them, medians. See README.md."""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = {"datasets": "datasets", "distilabel": "distilabel.pipeline"}


def make_corpus(path, rows):
    """`rows` rows of about 500 bytes of seeded words; every tenth nearly repeats an earlier one; every seventh has double spaces."""
    rng = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["".join(rng.choices(letters, k=rng.randint(2, 11))) for _ in range(5000)]
    earlier = []
    with open(path, "w", encoding="utf-8") as out:
        for row in range(rows):
            if earlier and rng.random() < 0.1:
                words = list(rng.choice(earlier))
                words[rng.randrange(len(words))] = rng.choice(vocabulary)
            else:
                words, size = [], 0
                while size < 500:
                    word = rng.choice(vocabulary)
                    words.append(word.capitalize() if rng.random() < 0.1 else word)
                    size += len(word) + 1
                if len(earlier) < 20_000:
                    earlier.append(words)
            text = ("  " if row % 7 == 0 else " ").join(words)
            out.write(json.dumps({"id": row, "text": text}) + "\n")


def command(name, python, still, corpus, out):
    if name == "stillroom":
        sets = ["--set", f"read.source={corpus}", "--set", f"write.sink={out}"]
        return [still, "run", "--quiet", str(ROOT / "bench/cpu3.yaml"), *sets]
    return [python, str(HERE / f"run_{name}.py"), str(corpus), str(out)]


def installed(name, python):
    module = MODULES.get(name)
    return module is None or subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def timed(argv):
    """Wall seconds and the peak memory, in MB, of the largest process."""
    before = time.perf_counter()
    pid = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    errors = pid.stderr.read()
    _, status, usage = os.wait4(pid.pid, 0)
    wall = time.perf_counter() - before
    if status != 0:
        sys.exit(f"{argv} failed:\n{errors.decode(errors='replace')}")
    return wall, usage.ru_maxrss / 1024


def rows_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=["stillroom", "python", "pool", "datasets", "distilabel"])
    parser.add_argument("--venv", help="a Python environment that has the peers")
    parser.add_argument("--still", default=str(ROOT / "target/release/still"))
    options = parser.parse_args()

    python = str(Path(options.venv) / "bin/python") if options.venv else sys.executable
    folder = ROOT / "out/bench"
    folder.mkdir(parents=True, exist_ok=True)
    corpus = folder / "corpus.jsonl"
    make_corpus(corpus, options.rows)
    print(f"{options.rows:,} rows, {corpus.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} cores, {options.rounds} rounds\n")

    names = [name for name in options.only if installed(name, python)]
    for name in set(options.only) - set(names):
        print(f"({name} is not installed: left out)")
    times, memory, expected = {name: [] for name in names}, {}, None
    for _ in range(options.rounds):
        for name in names:
            out = folder / f"{name}.jsonl"
            wall, peak = timed(command(name, python, options.still, corpus, out))
            times[name].append(wall)
            memory[name] = max(peak, memory.get(name, 0))
    for name in names:
        rows = rows_of(folder / f"{name}.jsonl")
        expected = expected or rows
        if rows != expected:
            sys.exit(f"{name} wrote other rows than {names[0]}")
    print(f"all wrote the same {len(expected or []):,} rows\n")

    ours = statistics.median(times["stillroom"]) if "stillroom" in names else None
    print(f"{'contender':<12} {'median':>9} {'fastest':>9} {'rows/s':>12} {'peak MB':>9} {'stillroom is':>14}")
    for name in names:
        median = statistics.median(times[name])
        faster = f"{median / ours:.1f} x faster" if ours and name != "stillroom" else ""
        print(f"{name:<12} {median:>8.3f}s {min(times[name]):>8.3f}s {options.rows / median:>12,.0f} {memory[name]:>9.0f} {faster:>14}")


if __name__ == "__main__":
    main()
