"""The functions that models learn to call: put your own here. They run in the sandbox, without files, network or clock."""

from datetime import date


def days_between(start: str, end: str) -> int:
    """Count the days from one date to another, both as `2026-03-01`."""
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


def final_velocity(initial_velocity: float, acceleration: float, time: float) -> float:
    """Tell how fast a body is after some time of constant acceleration."""
    return initial_velocity + acceleration * time


def longest_word(text: str) -> dict:
    """Find the longest word of a text, and its length."""
    words = text.split()
    if not words:
        raise ValueError("there is no word")
    word = max(words, key=len)
    return {"word": word, "length": len(word)}
