"""The step `words` of each language's conformance plugin, in the sandbox, beside the same work in that language outside it.

    python3 bench/languages.py --still target/release/still [--tools target/languages/tools/bin] [--rounds 3]

Lower-casing and counting words of texts of 200 bytes, 8192 a batch, one core. `cargo xtask conformance` has built the plugins and
installed the compilers. The two are measured in turns; of each the best round is shown, with the slowest beside it.
"""

import argparse
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def native(language: str, folder: Path) -> list[str]:
    """Builds the program outside the sandbox; the command that runs it."""
    source = ROOT / "sdk" / language / "bench"
    out = str(folder / f"words-{language}")
    build = {
        "rust": ["rustc", "-O", "-o", out, source / "words.rs"],
        "c": ["python3", "-m", "ziglang", "cc", "-std=c11", "-O3", "-o", out, source / "words.c"],
        "zig": ["python3", "-m", "ziglang", "build-exe", "-O", "ReleaseSafe", source / "words.zig", f"-femit-bin={out}"],
        "go": ["go", "build", "-o", out, source / "words.go"],
    }.get(language)
    if build is None:
        return {"python": ["python3", str(source / "words.py")], "js": ["node", str(source / "words.mjs")]}[language]
    subprocess.run([str(word) for word in build], check=True, cwd=folder)
    return [out]


def outside(command: list[str]) -> float:
    """Rows a second of the program, as it says in its last line."""
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.findall(r"([\d_,.]+)\s*rows/s", told)[-1].replace(",", "").replace("_", ""))


def inside(still: str, language: str) -> dict:
    """What `still bench` measures."""
    step = ROOT / "sdk" / language / "conformance" / "dist" / "conformance.wasm" / "words"
    told = subprocess.run([still, "bench", str(step), "--json"], check=True, capture_output=True, text=True).stdout
    return json.loads(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--still", default=str(ROOT / "target/release/still"))
    parser.add_argument("--tools", default=str(ROOT / "target/languages/tools/bin"))
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    os.environ["PATH"] = args.tools + os.pathsep + os.environ["PATH"]
    languages = {"rust": "Rust", "c": "C", "zig": "Zig", "go": "Go", "python": "Python", "js": "JavaScript"}
    with tempfile.TemporaryDirectory() as folder:
        commands = {language: native(language, Path(folder)) for language in languages}
        sandbox: dict[str, list[dict]] = {language: [] for language in languages}
        plain: dict[str, list[float]] = {language: [] for language in languages}
        for _ in range(args.rounds):
            for language in languages:
                sandbox[language].append(inside(args.still, language))
                plain[language].append(outside(commands[language]))
    print("| language | rows/s in the sandbox | slowest round | boundary | memory | rows/s outside | component |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for language, name in languages.items():
        best = max(sandbox[language], key=lambda one: one["rows_per_second"])
        least = min(one["rows_per_second"] for one in sandbox[language])
        size = (ROOT / "sdk" / language / "conformance/dist/conformance.wasm").stat().st_size
        print(
            f"| {name} | {best['rows_per_second']:,.0f} | {least:,.0f} | {best['boundary_share']:.1%} "
            f"| {best['memory_bytes'] / 2**20:.1f} MiB | {max(plain[language]):,.0f} | {size / 1e6:.2f} MB |"
        )


if __name__ == "__main__":
    main()
