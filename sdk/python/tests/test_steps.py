import pytest
from stillroom import Batch, Column, DataError, Output, ParamsError, PluginError, Reject, column, log, step
from stillroom.testing import Runner, run


@step(columns={"n": "int64"}, outputs={"half": "float64"})
def half(row):
    """Half of a number."""
    if row["n"] is None:
        raise Reject("no number")
    return {"half": 12 / row["n"]}


def test_a_rejected_row_leaves_and_the_others_stay():
    answer = run(half, {"n": [1, None, 4]})
    assert answer.rows == [{"half": 12.0}, {"half": 3.0}]
    assert answer["half"] == [12.0, None, 3.0]
    assert answer.rejected == [(1, "no number")]


def test_rejected_rows_are_counted_over_all_batches():
    assert run(half, {"n": [1, 2, None]}, batch=2).rejected == [(2, "no number")]


def test_an_exception_names_row_file_and_line():
    with pytest.raises(PluginError, match=r"row 1: ZeroDivisionError: .* \(test_steps.py:\d+, in half\)") as told:
        run(half, {"n": [1, 0]})
    line = half.__code__.co_firstlineno + 5
    assert f"test_steps.py:{line}" in str(told.value)
    assert isinstance(told.value.__cause__, ZeroDivisionError)


@step(columns={"n": "int64"}, outputs={"n": "int64"}, rows="any")
def many(row):
    """None, one or many."""
    if row["n"] is None:
        raise Reject("nothing")
    return [None, row, [{"n": 1}, {"n": 2}], []][row["n"]]


def test_none_one_and_many_rows_say_where_they_come_from():
    answer = run(many, {"n": [0, 1, 2, None, 3, 1]}, batch=4)
    assert answer["n"] == [1, 1, 2, 1]
    assert answer.origins == [1, 2, 2, 5]
    assert answer.rejected == [(3, "nothing")]
    assert run(many, {"n": [0]}).origins == []


@step(columns={"n": "int64"}, outputs={"n": "int64"}, rows="any")
def yields(row):
    """As many rows as it says."""
    if row["n"] is None:
        raise Reject("nothing")
    for n in range(row["n"]):
        yield {"n": n}
        if n == 4:
            raise Reject("too many")
    if row["n"] == 3:
        raise ValueError("three")


def test_a_row_function_that_yields_rejects_the_row():
    answer = run(yields, {"n": [2, None, 0, 5, 1]})
    assert answer["n"] == [0, 1, 0]
    assert answer.origins == [0, 0, 4]
    assert answer.rejected == [(1, "nothing"), (3, "too many")]


def test_a_row_function_that_yields_names_the_row():
    with pytest.raises(PluginError, match=r"row 1: ValueError: three \(test_steps.py:\d+, in yields\)"):
        run(yields, {"n": [1, 3]})


def test_what_is_not_rows_names_the_row():
    @step(columns={"n": "int64"}, outputs={"n": "int64"}, rows="any")
    def bad(row):
        return None if row["n"] else 7

    with pytest.raises(PluginError, match="row 1: TypeError"):
        run(bad, {"n": [1, 0]})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, 'rows="any"'),
        ([], 'rows="any"'),
        ("text", "the answer is a str; it must be a dict"),
        ({}, "it has no `made`"),
        ({"made": 1, "other": 2}, "it has `other`, which the step does not say it makes"),
        ({"made": "x"}, "column `made`, row 0: 'x' is no int64"),
    ],
)
def test_answers_that_are_none(answer, told):
    @step(columns={"n": "int64"}, outputs={"made": "int64"})
    def bad(row):
        return answer

    with pytest.raises(PluginError, match=told):
        run(bad, {"n": [1]})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"made": [1]}, "1 rows out for 2 rows in"),
        ({"made": [1, 2], "x": []}, "column `x` was made, and not declared"),
        ({}, "column `made` was declared, and not made"),
        (None, "answers a NoneType"),
        ({"made": Column.of("int32", [1, 2])}, "declared int64, and made int32"),
        (Output({"made": [1, 2]}, rows=[0, 1]), "has not declared"),
        (Output({"made": [1, 2]}).reject(2, "x"), "rejects a row that is not there"),
        (Output({"made": [1, 2]}).reject(0, "x").reject(0, "y"), "rejects a row twice"),
        ({"made": Column("int64", 2, (b"", bytes(8)))}, "too short"),
        ({"made": Column("int64", 2, (b"\1", bytes(16)), (), 2)}, "number of nulls"),
    ],
)
def test_batches_are_checked_as_the_host_does(answer, told):
    @step(columns={"n": "int64"}, outputs={"made": "int64"})
    def bad(batch: Batch):
        return answer

    with pytest.raises(PluginError, match=told):
        run(bad, {"n": [1, 2]})


def test_offsets_are_checked():
    @step(columns={"n": "int64"}, outputs={"made": "utf8"})
    def bad(batch: Batch):
        return {"made": Column("utf8", 1, (b"", bytes([0, 0, 0, 0, 1, 0, 0, 0]), "ß".encode()))}

    with pytest.raises(PluginError, match="parts a character|unexpected end"):
        run(bad, {"n": [1]})


def test_reasons_are_text_that_can_cross():
    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    def rejects(batch: Batch):
        return Output({"n": batch["n"]}).reject(0, "a\ud800b").reject(1, 7)

    assert run(rejects, {"n": [1, 2, 3]}).rejected == [(0, "a?b"), (1, "7")]

    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    def row_rejects(row):
        raise Reject("\ud800")

    assert run(row_rejects, {"n": [1]}).rejected == [(0, "?")]


def test_reject_in_a_batch_function_is_no_silent_loss():
    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    def bad(batch: Batch):
        raise Reject("x")

    with pytest.raises(PluginError, match="for row functions"):
        run(bad, {"n": [1]})


def test_columns_are_taken_by_type_and_may_be_optional():
    @step(columns={"text": column("utf8", "large-utf8"), "lang": column(required=False)}, outputs={"seen": "utf8"})
    def sees(batch: Batch):
        return {"seen": [",".join(batch)] * len(batch)}

    assert run(sees, {"text": ["a"], "other": [1]})["seen"] == ["text"]
    assert run(sees, {"text": ["a"], "lang": [1]})["seen"] == ["text,lang"]
    with pytest.raises(ParamsError, match="there is no column `text`; the data has `other`"):
        run(sees, {"other": [1]})
    with pytest.raises(ParamsError, match="column `text` is int64; it must be utf8 or large-utf8"):
        run(sees, {"text": [1]})


def test_a_column_that_was_not_declared_is_not_there():
    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    def peeks(batch: Batch):
        return {"n": batch["secret"]}

    with pytest.raises(PluginError, match="the step has no column `secret`; it takes n"):
        run(peeks, {"n": [1], "secret": [2]})


@step(kind="ordered", columns={"n": "int64"}, outputs={"sum": "int64"})
class Running:
    """A running sum.

    Args:
        start: Where it begins.
    """

    def __init__(self, start: int = 0):
        self.sum = start

    def row(self, row):
        self.sum += row["n"]
        return {"sum": self.sum}


def test_a_class_has_a_state():
    assert run(Running, {"n": [1, 2, 3]}, batch=2, start=10)["sum"] == [11, 13, 16]
    assert Running(5).row({"n": 1}) == {"sum": 6}
    assert Running.__stillroom__.summary == "A running sum."


@step(kind="global", columns={"n": "int64"}, outputs={"n": "int64"}, key=["n"])
class Backwards:
    """All rows, the last one first."""

    def __init__(self):
        self.seen = []

    def row(self, row):
        self.seen.append(row["n"])

    def finish(self):
        for number in reversed(range(len(self.seen))):
            yield number, {"n": self.seen[number]}


def test_a_global_step_answers_in_the_end():
    answer = run(Backwards, {"n": list(range(10_000))}, batch=3000)
    assert answer["n"] == list(range(10_000))[::-1]
    assert answer.origins == list(range(10_000))[::-1]
    assert run(Backwards, {"n": []}, types={"n": "int64"}).rows == []


def test_an_ordered_step_is_not_asked_in_the_end():
    class Ends:
        def row(self, row):
            return row

        def finish(self):
            return {"n": 1}

    with pytest.raises(TypeError, match=r"step `Ends`: an ordered step has no `finish\(self\)`"):
        step(kind="ordered", outputs={"n": "int64"})(Ends)

    @step(kind="ordered", columns={"n": "int64"}, outputs={"n": "int64"})
    class Late:
        def open(self, schema):
            self.finish = lambda: {"n": 9}

        def row(self, row):
            return row

    assert run(Late, {"n": [1]})["n"] == [1]


def test_a_source_makes_as_many_rows_as_are_wanted():
    @step(kind="source", outputs={"n": "int64"})
    def count(to: int):
        for n in range(to):
            yield {"n": n}

    assert run(count, 10, to=3)["n"] == [0, 1, 2]
    assert run(count, 5, to=99, batch=2)["n"] == [0, 1, 2, 3, 4]


def test_a_source_of_batches():
    @step(kind="source", outputs={"n": "int64"})
    class Count:
        def __init__(self):
            self.left = 5

        def process(self, wanted: int):
            made = min(wanted, self.left)
            self.left -= made
            return {"n": [1] * made}

    assert run(Count, 10, batch=2)["n"] == [1] * 5


def test_open_takes_columns_that_parameters_name():
    @step
    class Echo:
        def __init__(self, name: str):
            self.name = name

        def open(self, schema):
            schema.output("out", schema.input(self.name))

        def process(self, batch):
            return {"out": batch[self.name]}

    assert run(Echo, {"x": [[1], None]}, name="x")["out"] == [[1], None]
    assert Runner(Echo, {"x": "list<int64>"}, name="x").inputs == ["x"]
    with pytest.raises(ParamsError, match="there is no column `y`"):
        run(Echo, {"x": [1]}, name="y")


def test_open_that_raises_is_a_fault_of_the_parameters():
    @step
    class Bad:
        def __init__(self, pattern: str):
            if pattern == "(":
                raise ValueError("no pattern")

        def process(self, batch):
            return {}

    with pytest.raises(ParamsError, match=r"ValueError: no pattern \(test_steps.py:\d+, in __init__\)"):
        run(Bad, {}, pattern="(")


def test_data_errors_stay_what_they_are():
    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    def bad(row):
        raise DataError("bad")

    with pytest.raises(DataError, match="bad"):
        run(bad, {"n": [1]})


def test_lines_of_the_log():
    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    def says(batch: Batch):
        log.info(f"{len(batch)} rows")
        log.warn("odd", row=1)
        return {"n": batch["n"]}

    assert run(says, {"n": [1, 2]}).log == ["info: 2 rows", "warn: row 1: odd"]


def test_names():
    assert [one.__stillroom__.name for one in (half, Running)] == ["half", "running"]

    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    def two_words(row):
        return row

    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    class TwoWords:
        def row(self, row):
            return row

    assert two_words.__stillroom__.name == TwoWords.__stillroom__.name == "two-words"


def test_a_global_step_rejects_rows_in_the_end():
    @step(kind="global", columns={"n": "int64"}, outputs={"total": "int64"})
    class Total:
        def __init__(self):
            self.total = 0

        def row(self, row):
            if row["n"] is None:
                raise Reject("no number")
            self.total += row["n"]

        def finish(self):
            return {"total": self.total}

    answer = run(Total, {"n": [1, 2, None, 4]}, batch=2)
    assert (answer["total"], answer.rejected) == ([7], [(2, "no number")])


def test_parameters_of_an_inherited_init():
    class Base:
        def __init__(self, add: int):
            self.add = add

    @step(columns={"n": "int64"}, outputs={"n": "int64"})
    class Adds(Base):
        def row(self, row):
            return {"n": row["n"] + self.add}

    assert run(Adds, {"n": [1]}, add=2)["n"] == [3]


def test_a_type_that_the_sdk_does_not_know():
    from stillroom import DataType
    from stillroom.step import Schema

    with pytest.raises(ParamsError, match="`x` is run-end-encoded<int8>, a type that this SDK does not know"):
        Schema({"x": DataType("unknown", (), ("run-end-encoded<int8>",))}, "same").input("x")
