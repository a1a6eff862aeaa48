"""compare.py: the corpus, Stillroom and Distilabel in turn, medians; then a million rows through Stillroom. See README.md."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# The contender `same`: MinHashDedup's own algorithm, and all rows are written, each with its verdict.
SAME = ["--set", "near.mode=mark", "--set", "near.cluster=greedy", "--set", "near.verify=false"]
FEW = 1000


def command(name, options, corpus, out):
    if name == "distilabel":
        return [options.python, str(HERE / "run_distilabel.py"), str(corpus), str(out)]
    sets = ["--set", f"read.source={corpus}", "--set", f"write.sink={out}", *(SAME if name == "same" else [])]
    return [options.still, "run", "--quiet", str(ROOT / "bench/minhash.yaml"), *sets]


def timed(argv):
    """Wall seconds, CPU seconds of all processes, and the peak memory, in MB, of the largest."""
    before = time.perf_counter()
    pid = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    errors = pid.stderr.read()
    _, status, usage = os.wait4(pid.pid, 0)
    wall = time.perf_counter() - before
    if status != 0:
        sys.exit(f"{argv} failed:\n{errors.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def make_corpus(path, rows):
    # In a process of its own: what this one holds would count as a contender's peak.
    subprocess.run([sys.executable, str(HERE / "corpus.py"), str(path), str(rows)], check=True)


def kept(name, path):
    """How many rows stay."""
    with open(path, encoding="utf-8") as file:
        if name == "stillroom":
            return sum(1 for _ in file)
        verdicts = [json.loads(line).get("keep" if name == "same" else "keep_row_after_minhash_filtering") for line in file]
    if None in verdicts:
        # Distilabel goes on after a batch that failed, and leaves the column empty.
        sys.exit(f"{name} wrote {verdicts.count(None):,} of {len(verdicts):,} rows without a verdict: it failed and said so in its log")
    return sum(verdicts)


def versions(options):
    print(subprocess.run([options.still, "--version"], capture_output=True, text=True).stdout.strip(), end=", ")
    names = "from importlib.metadata import version as v; import distilabel.pipeline, datasketch, platform; " \
        "print(f\"Distilabel {v('distilabel')}, datasketch {v('datasketch')}, NumPy {v('numpy')}, Python {platform.python_version()}\")"
    found = subprocess.run([options.python, "-c", names], capture_output=True, text=True)
    print(found.stdout.strip() or "(distilabel is not installed: left out)")
    return found.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--distilabel-rows", type=int, default=20_000, help="how many of them Distilabel gets")
    parser.add_argument("--all", action="store_true", help="Distilabel gets all of them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", type=int, default=1_000_000, help="rows of the large run through Stillroom; 0: none")
    parser.add_argument("--venv", help="a Python environment that has Distilabel")
    parser.add_argument("--still", default=str(ROOT / "target/release/still"))
    options = parser.parse_args()
    options.python = str(Path(options.venv) / "bin/python") if options.venv else sys.executable

    folder = ROOT / "out/bench/minhash"
    folder.mkdir(parents=True, exist_ok=True)
    corpus = folder / "corpus.jsonl"
    make_corpus(corpus, options.rows)
    load = " ".join(f"{load:.2f}" for load in os.getloadavg())
    print(f"{corpus.stat().st_size / options.rows:.0f} bytes a row, {os.cpu_count()} cores, load {load}, {options.rounds} rounds")

    contenders = {"stillroom": options.rows, "same": options.rows}
    if versions(options):
        contenders["distilabel"] = options.rows if options.all else min(options.rows, options.distilabel_rows)
    runs = {name: [] for name in contenders}
    inputs = {}
    for rows in {*contenders.values(), FEW}:
        inputs[rows] = folder / f"corpus-{rows}.jsonl" if rows != options.rows else corpus
        if rows != options.rows:
            with open(corpus, encoding="utf-8") as whole, open(inputs[rows], "w", encoding="utf-8") as part:
                part.writelines(islice(whole, rows))
    for _ in range(options.rounds):
        for name, rows in contenders.items():
            runs[name].append(timed(command(name, options, inputs[rows], folder / f"{name}.jsonl")))

    head = f"{'contender':<12} {'rows':>9} {'median':>9} {'fastest':>9} {'rows/s':>9} {'CPU s':>7} {'µs CPU/row':>11} {'peak MB':>8} {'kept':>8}"
    print(f"\n{head}")
    rate, worker = {}, {}
    for name, rows in contenders.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*runs[name]))
        rate[name], worker[name] = rows / wall, cpu / rows
        stay = f"{kept(name, folder / f'{name}.jsonl') / rows:.2%}"
        fastest = min(run[0] for run in runs[name])
        print(f"{name:<12} {rows:>9,} {wall:>8.3f}s {fastest:>8.3f}s {rate[name]:>9,.0f} {cpu:>7.2f} {1e6 * worker[name]:>11.1f} {peak:>8.0f} {stay:>8}")
    if "distilabel" in contenders:
        print()
        for name in ["stillroom", "same"]:
            by, cpu = rate[name] / rate["distilabel"], worker["distilabel"] / worker[name]
            print(f"{name} is {by:.1f} x as fast as distilabel by the clock, {cpu:.1f} x by CPU seconds")
        # To begin takes the same time for few rows as for many: a part of the corpus must not flatter.
        few, few_cpu, _ = timed(command("distilabel", options, inputs[FEW], folder / "distilabel-few.jsonl"))
        rows = contenders["distilabel"] - FEW
        if rows > 0:
            wall, cpu = (statistics.median(column) for column in list(zip(*runs["distilabel"]))[:2])
            steady, steady_cpu = rows / (wall - few), (cpu - few_cpu) / rows
            print(
                f"without what distilabel takes for its first {FEW:,} rows ({few:.2f} s, {few_cpu:.2f} s of CPU): {steady:,.0f} rows/s, "
                f"{rate['stillroom'] / steady:.1f} x by the clock, {steady_cpu / worker['stillroom']:.1f} x by CPU seconds"
            )
    if options.large:
        large, out = folder / "large.jsonl", folder / "large-out.jsonl"
        make_corpus(large, options.large)
        print(f"\n{'large':<12} {'rows':>9} {'wall':>9} {'rows/s':>19} {'CPU s':>7} {'µs CPU/row':>11} {'peak MB':>8} {'kept':>8}")
        peaks = []
        for name, more in {"stillroom": [], "unsaved": ["--no-checkpoint"]}.items():
            wall, cpu, peak = timed([*command("stillroom", options, large, out), *more])
            stay = f"{kept('stillroom', out) / options.large:.2%}"
            print(f"{name:<12} {options.large:>9,} {wall:>8.3f}s {options.large / wall:>19,.0f} {cpu:>7.2f} {1e6 * cpu / options.large:>11.1f} {peak:>8.0f} {stay:>8}")
            peaks.append(peak)
        large.unlink()
        out.unlink()
        if max(peaks) > 2000:
            sys.exit("the peak is more than 2 GB")


if __name__ == "__main__":
    main()
