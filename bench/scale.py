"""scale.py: how `still` scales, in one run: threads, memory from 54 MB to 5.4 GB of input, and the time of a pipeline of ten rows.

Runs bench/cpu3.yaml over the corpus of cpu3/compare.py, as often as asked for (one file named many times), into /dev/null where
the question is not the disk.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "cpu3"))
from compare import ROOT, make_corpus, timed

TEN = """
steps:
  - {{ id: read, source: {folder}/ten.jsonl }}
  - {{ id: norm, use: text/normalise, with: {{ form: nfkc, case: lower, collapse-whitespace: true }}, outputs: {{ text: norm }} }}
  - {{ id: count, use: text/stats, columns: {{ text: norm }} }}
  - {{ id: once, use: table/distinct, with: {{ key: [norm] }} }}
  - {{ id: write, sink: {folder}/out.jsonl }}
"""


def cpu3(still, corpus, times, threads):
    source = json.dumps({"path": [str(corpus)] * times})
    sets = ["--set", f"read.source={source}", "--set", 'write.sink={path: "/dev/null", format: jsonl}']
    return timed([still, "run", "--quiet", "--threads", str(threads), str(ROOT / "bench/cpu3.yaml"), *sets])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--still", default=str(ROOT / "target/release/still"))
    parser.add_argument("--large", type=int, default=100, help="how many times the corpus of 54 MB is read for the large run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.jsonl"
        make_corpus(corpus, 100_000)
        size = corpus.stat().st_size / 1e6

        rounds = [(cpu3(options.still, corpus, 10, 1)[0], cpu3(options.still, corpus, 10, 2)[0]) for _ in range(3)]
        one, two = (statistics.median(times) for times in zip(*rounds))
        print(f"{10 * size:.0f} MB: 1 thread {one:.3f} s, 2 threads {two:.3f} s: {one / two:.2f} x")

        for times in (1, options.large):
            wall, peak = cpu3(options.still, corpus, times, 2)
            print(f"{times * size:,.0f} MB of input: {wall:.2f} s, peak memory {peak:.0f} MB")

        with open(corpus, encoding="utf-8") as rows:
            (Path(folder) / "ten.jsonl").write_text("".join(next(rows) for _ in range(10)), encoding="utf-8")
        ten = Path(folder) / "ten.yaml"
        ten.write_text(TEN.format(folder=folder), encoding="utf-8")
        run = [options.still, "run", "--quiet", str(ten)]
        cold = [timed([*run, "--cache-dir", f"{folder}/cache-{at}"])[0] for at in range(5)]
        warm = [timed([*run, "--cache-dir", f"{folder}/cache-0"])[0] for _ in range(20)]
        print(f"ten rows through three built-in steps: warm {1000 * statistics.median(warm):.0f} ms "
              f"(slowest {1000 * max(warm):.0f}), empty compile cache {1000 * statistics.median(cold):.0f} ms")


if __name__ == "__main__":
    main()
