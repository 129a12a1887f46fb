"""`docs/security.md`: every requirement has a row, and every row tests that there are."""

import ast
import re
from functools import cache

import pytest

from chaos.engine import ROOT

ROWS = re.findall(r"^\| (\d+a?) \| .* \| (.*) \|$", (ROOT / "docs/security.md").read_text(), re.MULTILINE)


@cache
def names_of_tests() -> set[str]:
    trees = [ast.parse(file.read_text()) for file in (ROOT / "tests").rglob("test_*.py")]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_security_page_has_rows_for_what_is_not_among_them() -> None:
    assert {number for number, _ in ROWS if not number.isdecimal()} == {"3a", "16a"}


def test_security_page_has_a_row_for_each_of_25_requirements() -> None:
    assert [int(number) for number, _ in ROWS if number.isdecimal()] == list(range(1, 26))


@pytest.mark.parametrize(("number", "tests"), ROWS)
def test_security_page_names_tests_that_there_are(number: str, tests: str) -> None:
    named = re.findall(r"`([^`]+)`", tests)
    assert named
    assert set(named) <= names_of_tests()
