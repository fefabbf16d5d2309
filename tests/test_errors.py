"""How errors in source texts are shown."""

import pytest

from hologram.errors import LONGEST_LINE, KernelSyntaxError, Location


def shown(line: str, column: int, end: int) -> list[str]:
    return str(KernelSyntaxError("odd", Location("f.py", 1, column, end), line)).split("\n")[1:]


def test_the_caret_is_below_what_is_meant() -> None:
    assert shown("a = b + c", 5, 6) == ["    a = b + c", "        ^"]
    assert shown("\ta = bcd\n", 6, 9) == ["    \ta = bcd", "    \t    ^^^"]


@pytest.mark.parametrize("column", [1, 2, 100, 500, 9_990, 10_000])
def test_long_lines_are_cut_around_the_place(column: int) -> None:
    line = "".join(chr(97 + k % 26) for k in range(10_000))
    text, carets = shown(line, column, column + 3)
    assert len(text) <= LONGEST_LINE + 10
    at = carets.index("^")
    meant = line[column - 1 : column + 2]
    assert text[at : at + carets.count("^")] == meant[: carets.count("^")]
    assert carets.count("^") == min(3, 10_001 - column)


def test_a_long_piece_is_marked_as_far_as_it_is_shown() -> None:
    text, carets = shown("x" * 5_000, 10, 4_000)
    assert len(carets) == len(text)
