import re
from pathlib import Path

from stillroom.testing import run

README = Path(__file__).parents[1] / "README.md"


def test_what_the_readme_shows_runs():
    told: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(compile(block, "README.md", "exec"), told)
    answer = run(told["lower"], {"text": ["AB", None, "Ä"]})
    assert (answer["text"], answer["length"]) == (["ab", None, "ä"], [2, 0, 2])
    assert run(told["Total"], {"x": [1, None, 2]}, column="x").rows == [{"total": 3}]
    told["llm"].answer_with(lambda model, request: f"{model}: {request.prompt}")
    assert run(told["Ask"], {"prompt": ["a"]})["answer"] == ["small: a"]
    told["llm"].answer_with(None)
