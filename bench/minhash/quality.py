"""quality.py: what is found of 5,000 rows, against exact similarities and what is to be expected. See README.md.

Needs NumPy; with datasketch in the same environment, its MinHashLSH is measured too.
"""

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np

import corpus as generator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
N, LEN, THRESHOLD = 5, 128, 0.9
# Pairs that are less similar are only counted, by hundredths: no setting here is to be expected to find any of them.
NEAR = 0.3
HUNDREDTHS = 30
LIMIT = 4.0
SETTINGS = [
    ("components, verify", {}),
    ("greedy, verify", {"cluster": "greedy"}),
    ("components", {"verify": False}),
    ("greedy", {"cluster": "greedy", "verify": False}),
    ("16 x 8, components, verify", {"bands": 16, "rows": 8}),
    ("16 x 8, greedy", {"bands": 16, "rows": 8, "cluster": "greedy", "verify": False}),
]


def shingles(text):
    return {text[at : at + N] for at in range(max(1, len(text) - N + 1))} if text else set()


def similar_pairs(texts):
    """All pairs of rows, the earlier first, with a Jaccard similarity of NEAR or more, exactly; and how many have each hundredth below it.

    An index of the rows that have each shingle: the rows before one, counted by the shingles they share with it.
    """
    rows_of, sizes = {}, np.zeros(len(texts), dtype=np.int64)
    pairs, below = {}, np.zeros(HUNDREDTHS, dtype=np.int64)
    for row, text in enumerate(texts):
        own = shingles(text)
        sizes[row] = len(own)
        lists = [rows_of.setdefault(shingle, []) for shingle in own]
        shared = np.bincount(np.fromiter((other for rows in lists for other in rows), dtype=np.int64), minlength=row)[:row]
        union = np.maximum(sizes[row] + sizes[:row] - shared, 1)
        similarity = shared / union
        for other in np.flatnonzero(similarity >= NEAR):
            # Of whole numbers, so that 0.9 is 0.9.
            pairs[(int(other), row)] = (int(shared[other]), int(union[other]))
        below += np.histogram(similarity, bins=HUNDREDTHS, range=(0.0, NEAR))[0]
        for rows in lists:
            rows.append(row)
    return pairs, below


def found_by_still(options, path, params):
    out = path.with_name("quality-out.jsonl")
    sets = {"mode": "mark", **params}
    argv = [options.still, "run", "--quiet", str(ROOT / "bench/minhash.yaml"), "--set", f"read.source={path}", "--set", f"write.sink={out}"]
    for key, value in sets.items():
        argv += ["--set", f"near.{key}={json.dumps(value).strip(chr(34))}"]
    subprocess.run(argv, check=True)
    with open(out, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    assert [row["id"] for row in rows] == list(range(len(rows))), "rows are missing or not in order"
    assert all(row["keep"] == (row["duplicate-of"] is None) for row in rows)
    return {(row["duplicate-of"], row["id"]) for row in rows if not row["keep"]}


def found_by_datasketch(texts, bulk, index):
    """As MinHashDedup does, which keeps no number of the row that it found."""
    found = set()
    sets = [{shingle.encode() for shingle in shingles(text)} for text in texts]
    for row, signature in enumerate(bulk(sets, num_perm=LEN, seed=1)):
        twins = index.query(signature)
        if twins:
            found.add((min(twins), row))
        else:
            index.insert(row, signature)
    return found


def best_bands():
    """Bands and rows that weigh false positives and false negatives the same (datasketch's `_optimal_param`)."""
    at = (np.arange(2000) + 0.5) / 2000

    def errors(cut):
        candidates = 1 - (1 - at ** cut[1]) ** cut[0]
        return np.where(at < THRESHOLD, candidates, 1 - candidates).mean()

    return min(((bands, rows) for bands in range(1, LEN + 1) for rows in range(1, LEN // bands + 1)), key=errors)


def binomial(n, p):
    return np.array([math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)])


def probability(similarity, bands, rows, verify, bits=16):
    """That a pair is found: a band agrees and, with `verify`, so do as many numbers of all as the threshold asks for."""
    chance = 0.5**bits if bits else 0.0
    agree = similarity + (1 - similarity) * chance
    if not verify:
        return 1 - (1 - agree**rows) ** bands
    least = math.ceil((THRESHOLD + (1 - THRESHOLD) * chance) * LEN - 1e-9)
    # Of the ways to agree in so many numbers, without those in which no band agrees wholly.
    band = binomial(rows, agree)
    band[rows] = 0.0
    none = binomial(LEN - bands * rows, agree)
    for _ in range(bands):
        none = np.convolve(none, band)
    return max(0.0, float(binomial(LEN, agree)[least:].sum() - none[least:].sum()))


def measure(name, found, pairs, cut, verify, bits):
    """A line of the table; whether what was found is within LIMIT deviations of what was to be expected."""
    counts = {True: 0, False: 0}
    expected, variance = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    true = 0
    for shared, union in pairs.values():
        right = 10 * shared >= 9 * union
        true += right
        p = probability(shared / union, *cut, verify, bits)
        expected[right] += p
        variance[right] += p * (1 - p)
    for pair in found:
        shared, union = pairs.get(pair, (0, 1))
        counts[10 * shared >= 9 * union] += 1
    t, f = expected[True], expected[False]
    recall, precision = counts[True] / true, counts[True] / max(1, sum(counts.values()))
    deviation = math.sqrt(f * f * variance[True] + t * t * variance[False]) / (t + f) ** 2
    off = {right: (counts[right] - expected[right]) / math.sqrt(variance[right] + 0.25) for right in counts}
    print(
        f"{name:<28} {cut[0]:>3} x {cut[1]:<3} {recall:>7.3f} {t / true:>8.3f} ± {math.sqrt(variance[True]) / true:.3f} {off[True]:>+6.1f}"
        f" {precision:>10.3f} {t / (t + f):>8.3f} ± {deviation:.3f} {off[False]:>+6.1f}"
    )
    return all(abs(deviations) <= LIMIT for deviations in off.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--near", type=float, default=0.1, help="share of rows that are nearly the same as an earlier one")
    parser.add_argument("--exact", type=float, default=0.02, help="share of rows that are the same")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--still", default=str(ROOT / "target/release/still"))
    options = parser.parse_args()
    folder = ROOT / "out/bench/minhash"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "quality.jsonl"
    generator.write(path, options.rows, near=options.near, exact=options.exact, seed=options.seed)
    with open(path, encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]

    pairs, below = similar_pairs(texts)
    shared = [row for pair in pairs for row in pair]
    assert len(shared) == len(set(shared)), "a row is in several pairs: what is expected is of pairs that stand alone"
    true = sum(10 * shared >= 9 * union for shared, union in pairs.values())
    same = sum(shared == union for shared, union in pairs.values())
    print(f"{len(texts):,} rows, {len(texts) * (len(texts) - 1) // 2:,} pairs, every one compared exactly:")
    print(f"{true} of a similarity of {THRESHOLD} or more ({same} of 1), {len(pairs) - true} of {NEAR} to {THRESHOLD}, all others of {(np.flatnonzero(below)[-1] + 1) / 100} or less")
    left_out = sum(int(count) * probability((at + 1) / 100, 16, 8, False) for at, count in enumerate(below))
    assert left_out < 0.05, f"of the pairs below {NEAR} {left_out} would be found"

    print(f"\n{'':<28} {'bands':<7} {'recall':>9} {'expected':>16} {'off':>6} {'precision':>10} {'expected':>16} {'off':>6}")
    fits = True
    for name, params in SETTINGS:
        cut = (params["bands"], params["rows"]) if "bands" in params else best_bands()
        found = found_by_still(options, path, params)
        fits &= measure(name, found, pairs, cut, params.get("verify", True), 16)
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        print("(datasketch is not installed: left out)")
    else:
        index = MinHashLSH(threshold=THRESHOLD, num_perm=LEN)
        fits &= measure("datasketch, as MinHashDedup", found_by_datasketch(texts, MinHash.bulk, index), pairs, (index.b, index.r), False, 0)
    print(f"\n`off` is in standard deviations: of the pairs rightly found, and of those wrongly; {'all' if fits else 'NOT all'} within {LIMIT:.0f}")
    sys.exit(0 if fits else 1)


if __name__ == "__main__":
    main()
