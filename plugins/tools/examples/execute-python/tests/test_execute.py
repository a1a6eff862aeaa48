from execute import execute
from stillroom.testing import run


def test_calls_are_made():
    calls = '[{"name": "days_between", "arguments": {"start": "2026-03-01", "end": "2026-03-08"}}]'
    answer = run(execute, {"answers": [calls, None]})
    assert answer["execution_result"] == [["7"], None]
    assert answer["keep_row_after_execution_check"] == [True, None]
    assert answer.rejected == [(1, "`answers` is null")]


def test_wrong_arguments_are_told():
    answer = run(execute, {"answers": ['[{"name": "longest_word", "arguments": {"words": "a"}}]', "days_between()"]})
    assert answer["keep_row_after_execution_check"] == [False, False]
    first, second = answer["execution_result"]
    assert first[0].startswith("error: TypeError: longest_word() got an unexpected keyword argument 'words'")
    assert second[0].startswith("error: Expecting value")


def test_what_is_no_json_is_an_error():
    calls = '[{"name": "final_velocity", "arguments": {"initial_velocity": 1e308, "acceleration": 1e308, "time": 9}}]'
    answer = run(execute, {"answers": [calls]})
    assert answer["execution_result"][0][0].startswith("error: ValueError: Out of range float values")
