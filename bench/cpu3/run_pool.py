"""run_pool.py IN OUT: two worker processes, 1000 rows a task."""

import itertools
import json
import sys
from concurrent.futures import ProcessPoolExecutor

from work import work


def task(lines):
    return "".join(json.dumps(work(json.loads(line)), ensure_ascii=False) + "\n" for line in lines)


def tasks(rows):
    while lines := list(itertools.islice(rows, 1000)):
        yield lines


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as rows, open(sys.argv[2], "w", encoding="utf-8") as out:
        with ProcessPoolExecutor(2) as pool:
            out.writelines(pool.map(task, tasks(rows)))
