"""run_distilabel.py IN OUT URL BATCH: Distilabel's TextGeneration over a server that speaks as OpenAI does, its cache off."""

import json
import sys
import tempfile

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

if __name__ == "__main__":
    source, out, url, batch = sys.argv[1:4] + [int(sys.argv[4])]
    with open(source, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with tempfile.TemporaryDirectory() as cache:
        with Pipeline("models", cache_dir=cache) as pipeline:
            load = LoadDataFromDicts(name="load", data=rows, batch_size=batch)
            load >> TextGeneration(
                name="answer",
                llm=OpenAILLM(
                    model="tiny",
                    base_url=url,
                    api_key="x",
                    generation_kwargs={"max_new_tokens": 128, "temperature": 1.0},
                ),
                input_batch_size=batch,
                add_raw_input=False,
                add_raw_output=False,
            )
        pipeline.run(use_cache=False)["default"]["train"].to_json(out, force_ascii=False)
