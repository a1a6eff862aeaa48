import pytest
from stillroom import http


def test_answers():
    http.answer_with(lambda request: http.Response(200, request.url, [], b'{"a": 1}'))
    answer = http.get("https://api.example.com/", {"accept": "application/json"})
    assert (answer.status, answer.json(), answer.text()) == (200, {"a": 1}, '{"a": 1}')


def test_no_answer():
    def denies(request):
        raise http.HttpError("denied", "not granted")

    http.answer_with(denies)
    with pytest.raises(http.HttpError, match="denied: not granted") as told:
        http.post("https://api.example.com/", b"x")
    assert told.value.kind == "denied"
