"""Steps that ask models: what a prompt is answered, how a text is rated, a text's vector."""

from stillroom import Batch, Output, embedding, llm, step


@step(columns={"prompt": "utf8"}, outputs={"answer": "utf8"})
class Ask:
    """Ask a model.

    Args:
        model: The model's name in the pipeline.
        system: What the system says.
        max_tokens: The most tokens of an answer.
    """

    def __init__(self, model: str, system: str = "", max_tokens: int = 64):
        self.model = llm.model(model)
        self.system, self.max_tokens = system, max_tokens

    def process(self, batch: Batch):
        before = [llm.system(self.system)] if self.system else []
        prompts = [[*before, llm.user(prompt or "")] for prompt in batch.values("prompt")]
        answers = self.model.generate([llm.Request(prompt, max_tokens=self.max_tokens) for prompt in prompts])
        output = Output({"answer": [one.text if isinstance(one, llm.Answer) else None for one in answers]})
        for row, one in enumerate(answers):
            if isinstance(one, llm.Failure):
                output.reject(row, str(one))
        return output


@step(columns={"prompt": "utf8"}, outputs={"score": "float64"})
class Score:
    """Have a model rate texts.

    Args:
        model: The model's name in the pipeline.
    """

    def __init__(self, model: str):
        self.model = llm.model(model)

    def process(self, batch: Batch):
        scored = self.model.score([text or "" for text in batch.values("prompt")])
        output = Output({"score": [None if isinstance(one, llm.Failure) else one[0].value for one in scored]})
        for row, one in enumerate(scored):
            if isinstance(one, llm.Failure):
                output.reject(row, str(one))
        return output


@step(columns={"prompt": "utf8"}, outputs={"vector": "list<float32>"})
class Embed:
    """Have a model make the vectors of texts.

    Args:
        model: The model's name in the pipeline.
    """

    def __init__(self, model: str):
        self.model = embedding.model(model)

    def process(self, batch: Batch):
        made = self.model.embed([text or "" for text in batch.values("prompt")])
        output = Output({"vector": [None if isinstance(one, embedding.Failure) else one for one in made]})
        for row, one in enumerate(made):
            if isinstance(one, embedding.Failure):
                output.reject(row, str(one))
        return output
