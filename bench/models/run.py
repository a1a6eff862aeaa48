"""run.py: a model's server with a set latency, and Stillroom and Distilabel asking it in turn, file to file. See README.md."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENV = ROOT / "target/distilabel"
# Distilabel does not declare the last two. Its start imports the first, OpenAILLM the other.
PACKAGES = ["distilabel==1.5.3", "requests", "openai==3.54.0"]
BATCHES = [50, 256, 1000]
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def venv(folder):
    python = folder / "bin/python"
    if not python.exists() or subprocess.run([python, "-c", "import distilabel.pipeline, openai"], capture_output=True).returncode != 0:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return str(python)


def stat(pid):
    """A process's fields from its state on: 3 is its session, 11 and 12 its ticks, 21 its pages."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


class Tree(threading.Thread):
    """Looks at all processes of a session ten times a second: their memory together, and how many there are.

    Twice a second, for that costs them time, also their memory with what several of them share counted once.
    """

    def __init__(self, session):
        super().__init__(daemon=True)
        self.session, self.peak, self.once, self.most, self.ended = str(session), 0, 0, 0, threading.Event()

    def run(self):
        looks = 0
        while not self.ended.wait(0.1):
            pages, once = [], 0
            looks += 1
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    fields = stat(pid)
                    if fields[3] != self.session or fields[0] == "Z":
                        continue
                    pages.append(int(fields[21]))
                    if looks % 5 == 0:
                        once += proportional(pid)
                except OSError:  # it has just ended
                    continue
            self.peak, self.once, self.most = max(self.peak, sum(pages) * PAGE), max(self.once, once), max(self.most, len(pages))


def proportional(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def machine():
    """Ticks of all cores so far: busy, and all."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def server_cpu(pid):
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICK


def measured(options, make):
    """Runs `make(url)` beside a server of its own, and says what that took."""
    words = ["--latency", f"{options.latency}ms", "--words", "8"]
    server = subprocess.Popen([options.faulty, *words], stdout=subprocess.PIPE, text=True)
    try:
        argv = make(server.stdout.readline().strip())
        with tempfile.TemporaryFile() as errors:
            busy, ticks, served, before = *machine(), server_cpu(server.pid), time.perf_counter()
            environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
            process = subprocess.Popen(argv, stdout=errors, stderr=errors, env=environment, start_new_session=True)
            tree = Tree(process.pid)
            tree.start()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = status
            wall = time.perf_counter() - before
            tree.ended.set()
            tree.join()
            now, all_ticks = machine()
            if status != 0:
                errors.seek(0)
                sys.exit(f"{argv} failed:\n{errors.read().decode(errors='replace')[-4000:]}")
        cpu, served = usage.ru_utime + usage.ru_stime, server_cpu(server.pid) - served
        peak = max(tree.peak, usage.ru_maxrss * 1024)
        return {
            "wall": wall,
            "cpu": cpu,
            "server": served,
            "busy": (cpu + served) / wall / os.cpu_count(),
            "machine": (now - busy) / (all_ticks - ticks),
            "peak": peak / 1e6,
            "once": (tree.once if tree.most > 1 else peak) / 1e6,
            "processes": tree.most,
        }
    finally:
        server.kill()
        server.wait()


def check(name, out, rows):
    """Each row has an answer of its own, and the server was asked no more than that. Its answers are `SAMPLE REQUEST word …`."""
    with open(out, encoding="utf-8") as file:
        said = [json.loads(line)["generation"] for line in file]
    numbers = {int(text.split()[1]) for text in said if text}
    if len(said) != rows or len(numbers) != rows or max(numbers) - min(numbers) != rows - 1:
        sys.exit(f"{name} wrote {len(said):,} rows with {len(numbers):,} answers of {rows:,}")


def make_rows(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in range(rows):
            text = f"Write a paragraph about thing number {row}: what it is, what it is good for, and who would want it."
            file.write(json.dumps({"id": row, "instruction": text}) + "\n")


def stillroom(options, folder, source, rows):
    out = folder / "still.jsonl"
    fresh = Path(tempfile.mkdtemp(dir=folder))

    def make(url):
        sets = [f"url={url}", f"in-flight={options.in_flight}", f"read.source={source}", f"write.sink={out}"]
        keep = ["--answers", str(fresh / "answers.db"), "--results-dir", str(fresh / "results")]
        pairs = [word for pair in sets for word in ("--set", pair)]
        return [options.still, "run", "--quiet", str(HERE / "pipeline.yaml"), *keep, *pairs]

    run = measured(options, make)
    shutil.rmtree(fresh)
    check("stillroom", out, rows)
    return run


def distilabel(options, folder, source, rows, batch):
    out = folder / "distilabel.jsonl"
    run = measured(options, lambda url: [options.python, str(HERE / "run_distilabel.py"), str(source), str(out), url, str(batch)])
    check("distilabel", out, rows)
    return run


def line(name, rows, ideal, run):
    rate = rows / run["wall"]
    return (
        f"{name:<16} {rows:>7,} {run['wall']:>8.2f}s {rate:>8,.0f} {rate / ideal:>8.1%} {run['peak']:>8.0f} {run['once']:>6.0f} "
        f"{run['cpu']:>8.2f} "
        f"{run['server']:>8.2f} {run['busy']:>6.0%} {run['machine']:>8.0%} {run['processes']:>9}"
    )


def versions(options):
    print(subprocess.run([options.still, "--version"], capture_output=True, text=True).stdout.strip(), end=", ")
    names = "from importlib.metadata import version as v; import platform; " \
        "print(f\"Distilabel {v('distilabel')}, openai {v('openai')}, Python {platform.python_version()}\")"
    print(subprocess.run([options.python, "-c", names], capture_output=True, text=True, check=True).stdout.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--latency", type=int, default=200, help="milliseconds that each answer takes")
    parser.add_argument("--try", type=int, default=2000, dest="tried", help="rows on which Distilabel's batch is chosen")
    parser.add_argument("--batch", type=int, help="Distilabel's batch: none is tried then")
    parser.add_argument("--long", type=float, default=180, help="seconds: if Distilabel takes longer it gets one round")
    parser.add_argument("--venv", type=Path, default=VENV, help="a Python environment that has Distilabel; made where there is none")
    parser.add_argument("--still", default=str(ROOT / "target/release/still"))
    parser.add_argument("--faulty", default=str(ROOT / "target/release/stillroom-faulty"))
    options = parser.parse_args()
    options.python = venv(options.venv)

    folder = ROOT / "out/bench/models"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "instructions.jsonl"
    make_rows(source, options.rows)
    ideal = options.in_flight / (options.latency / 1000)
    load = " ".join(f"{load:.2f}" for load in os.getloadavg())
    print(f"{options.in_flight} in flight, {options.latency} ms: {ideal:,.0f}/s at best; {os.cpu_count()} cores, load {load}")
    versions(options)
    print(
        f"\n{'contender':<16} {'rows':>7} {'wall':>9} {'rows/s':>8} {'of ideal':>8} {'peak MB':>8} {'once':>6} {'CPU s':>8} {'server s':>8} "
        f"{'busy':>6} {'machine':>8} {'processes':>9}"
    )

    batch = options.batch
    if batch is None:
        few, walls = folder / "few.jsonl", {}
        with open(source, encoding="utf-8") as whole, open(few, "w", encoding="utf-8") as part:
            part.writelines(islice(whole, options.tried))
        for size in BATCHES:
            run = distilabel(options, folder, few, min(options.tried, options.rows), size)
            walls[size] = run["wall"]
            print(line(f"distilabel {size}", min(options.tried, options.rows), ideal, run), flush=True)
        batch = min(walls, key=walls.get)
        print(f"distilabel gets batches of {batch}")

    runs = {"stillroom": [], "distilabel": []}
    for _ in range(options.rounds):
        runs["stillroom"].append(stillroom(options, folder, source, options.rows))
        print(line("stillroom", options.rows, ideal, runs["stillroom"][-1]), flush=True)
        if all(run["wall"] <= options.long for run in runs["distilabel"]):
            runs["distilabel"].append(distilabel(options, folder, source, options.rows, batch))
            print(line("distilabel", options.rows, ideal, runs["distilabel"][-1]), flush=True)

    print("\nmedians")
    medians = {}
    for name, those in runs.items():
        if not those:
            continue
        medians[name] = {key: statistics.median(run[key] for run in those) for key in those[0]}
        medians[name]["processes"] = max(run["processes"] for run in those)
        print(line(name, options.rows, ideal, medians[name]))
    if len(medians) == 2:
        ours, theirs = medians["stillroom"], medians["distilabel"]
        by, cpu = (theirs[key] / ours[key] for key in ["wall", "cpu"])
        print(f"stillroom is {by:.1f} x as fast by the clock, {cpu:.1f} x by CPU seconds")


if __name__ == "__main__":
    main()
