"""run_python.py IN OUT: one process, one loop."""

import json
import sys

from work import work

with open(sys.argv[1], encoding="utf-8") as rows, open(sys.argv[2], "w", encoding="utf-8") as out:
    for line in rows:
        out.write(json.dumps(work(json.loads(line)), ensure_ascii=False) + "\n")
