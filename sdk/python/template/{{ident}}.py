"""The steps of this plugin."""

from stillroom import Row, step


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def shout(row: Row, mark: str = "!") -> Row:
    """Write a text in capitals, with a mark behind it.

    Args:
        mark: What stands behind the text.
    """
    if row["text"] is None:
        return row
    return {"text": row["text"].upper() + mark}
