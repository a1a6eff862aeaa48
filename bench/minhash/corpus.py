"""corpus.py OUT ROWS: rows {"id", "text"} of about 500 bytes of seeded words, of which some nearly repeat an earlier one.

Of ten rows one is a copy in which one to eight words are other ones or a letter is (similarities of 0.7 to 0.98), and of
fifty rows one is a copy as it is. No row is copied twice, and no copy is copied, so that rows which are alike come in pairs and
what is found of them can be reckoned. A tenth of the rows that are no copies has words that are not ASCII.
"""

import argparse
import json
import random

LETTERS = "abcdefghijklmnopqrstuvwxyz"
OTHER = "äöüßéèçñåøłżαβγδжшя"
POOL = 20_000


def vocabulary(rng, letters, words):
    return ["".join(rng.choices(letters, k=rng.randint(2, 11))) for _ in range(words)]


def changed(rng, text, changes, words):
    """The text with every second change a word that is another one, and for an odd change a letter."""
    parts = text.split(" ")
    for at in rng.sample(range(len(parts)), changes // 2):
        parts[at] = rng.choice(words)
    if changes % 2:
        at = rng.randrange(len(parts))
        letter = rng.randrange(len(parts[at]))
        parts[at] = parts[at][:letter] + rng.choice(LETTERS) + parts[at][letter + 1 :]
    return " ".join(parts)


def texts(rows, near=0.1, exact=0.02, seed=7):
    rng = random.Random(seed)
    words = vocabulary(rng, LETTERS, 5000)
    others = vocabulary(rng, LETTERS + OTHER, 500)
    pool = []
    for _ in range(rows):
        what = rng.random()
        if pool and what < near + exact:
            at = rng.randrange(len(pool))
            pool[at], pool[-1] = pool[-1], pool[at]
            text = pool.pop()
            yield changed(rng, text, rng.randint(1, 16), words) if what < near else text
            continue
        parts = rng.choices(words, k=rng.randint(57, 77))
        if what > 0.9:
            parts[::9] = rng.choices(others, k=len(parts[::9]))
        text = " ".join(parts)
        if len(pool) < POOL:
            pool.append(text)
        else:
            pool[rng.randrange(POOL)] = text
        yield text


def write(path, rows, **options):
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with open(path, "w", encoding="utf-8") as out:
        for row, text in enumerate(texts(rows, **options)):
            out.write(f'{{"id": {row}, "text": {encode(text)}}}\n')


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("rows", type=int)
    parser.add_argument("--near", type=float, default=0.1, help="share of rows that are nearly the same as an earlier one")
    parser.add_argument("--exact", type=float, default=0.02, help="share of rows that are the same")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    write(options.out, options.rows, near=options.near, exact=options.exact, seed=options.seed)
