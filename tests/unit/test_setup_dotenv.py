"""The set-up's reading and rewriting of .env."""

from pathlib import Path

import pytest

from setup import dotenv


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("NAME=value", ("NAME", "value")),
        ("export NAME = value", ("NAME", "value")),
        ("NAME='a # b'  # why", ("NAME", "a # b")),
        ('NAME="value"', ("NAME", "value")),
        ("NAME=value # why", ("NAME", "value")),
        ("NAME=a#b", ("NAME", "a#b")),
        ("NAME=", ("NAME", "")),
        ("# NAME=value", None),
        ("", None),
        ("not an assignment", None),
    ],
)
def test_dotenv_reads_a_line_as_compose_does(line: str, pair: tuple[str, str] | None) -> None:
    assert dotenv.assignment(line) == pair


def test_dotenv_reads_nothing_when_there_is_no_file(tmp_path: Path) -> None:
    assert dotenv.read(tmp_path / ".env") == {}


def test_dotenv_takes_the_last_value_when_a_name_is_there_twice(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("NAME=old\nNAME=new\n", "utf-8")
    assert dotenv.read(file) == {"NAME": "new"}


def test_dotenv_keeps_every_other_line(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\n\nSECRET='x y'\nNAME=old\nLAST=1", "utf-8")
    dotenv.write(file, {"NAME": "new"})
    assert file.read_text("utf-8") == "# mine\n\nSECRET='x y'\nNAME=new\nLAST=1\n"


def test_dotenv_appends_a_name_that_was_not_there(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OTHER=1\n", "utf-8")
    dotenv.write(file, {"NAME": "new"})
    assert file.read_text("utf-8") == "OTHER=1\nNAME=new\n"


def test_dotenv_leaves_one_line_when_a_name_was_there_twice(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("NAME=a\nOTHER=1\nNAME=b\n", "utf-8")
    dotenv.write(file, {"NAME": "new"})
    assert file.read_text("utf-8") == "NAME=new\nOTHER=1\n"


def test_dotenv_keeps_the_file_private_when_it_was(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SECRET=1\n", "utf-8")
    file.chmod(0o600)
    dotenv.write(file, {"NAME": "new"})
    assert file.stat().st_mode & 0o777 == 0o600


def test_dotenv_leaves_no_temporary_file(tmp_path: Path) -> None:
    dotenv.write(tmp_path / ".env", {"NAME": "new"})
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
