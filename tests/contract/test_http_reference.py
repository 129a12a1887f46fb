"""The HTTP contract (`contract.md`): `/docs`, a page that draws the document and asks nobody else."""

import re
from urllib.parse import urljoin

import pytest

from tests.contract.running import Client

POLICY = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"}
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "json": "application/json"}


@pytest.fixture
def page(client: Client) -> str:
    return client.send("GET", "/docs").text


def parts(page: str) -> list[str]:
    return re.findall(r'(?:href|src)="([^"]+)"', page)


def test_docs_allow_no_other_host_and_nothing_inline(client: Client) -> None:
    policy = client.send("GET", "/docs").headers["Content-Security-Policy"]
    assert set(policy.split("; ")) >= POLICY
    assert "unsafe" not in policy


def test_docs_hold_no_script_and_no_style_of_their_own(page: str) -> None:
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == ["", ""]
    assert "<style" not in page
    assert "style=" not in page


def test_every_part_of_the_docs_is_served_whatever_path_is_before_them(client: Client, page: str) -> None:
    """The gateway serves `/docs` as `/<placement>/docs`, and only what is below that prefix."""
    assert len(parts(page)) > 4
    for part in parts(page):
        whole = urljoin("http://any/placement/docs", part)
        assert whole.startswith("http://any/placement/"), part
        answer = client.send("GET", whole.removeprefix("http://any/placement"))
        assert answer.status_code == 200, part
        assert answer.headers["Content-Type"].startswith(KINDS[part.rpartition(".")[2]]), part


def test_docs_draw_the_document_of_the_service_they_come_from(client: Client, page: str) -> None:
    script = next(part for part in parts(page) if part.endswith("docs.js"))
    assert 'url: "openapi.json"' in client.send("GET", f"/{script}").text
    assert client.send("GET", "/docs/swagger-ui-bundle.js").text.count("SwaggerUIBundle")


@pytest.mark.parametrize("name", ["nothing.js", "..%2f__init__.py", "%2e%2e/flask_swagger_ui.py"])
def test_no_other_file_is_part_of_the_docs(client: Client, name: str) -> None:
    assert client.send("GET", f"/docs/{name}").status_code == 404
