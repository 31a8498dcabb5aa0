"""What reading sources promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.fetching.source import Source, load_sources, parse_source_argument

GOOD = """
sources:
  - name: 上犹县
    url: https://www.shangyou.gov.cn/
    region: CN-JX
  - name: 样例
    url: http://127.0.0.1:8000/
    local: true
    notes: on this machine
"""


def test_sources_are_loaded_in_order(tmp_path: Path) -> None:
    """A file gives its sources in order, none of them local unless it says so."""
    (tmp_path / "sources.yaml").write_text(GOOD, encoding="utf-8")
    assert load_sources(tmp_path / "sources.yaml") == (
        Source("上犹县", "https://www.shangyou.gov.cn/", "url", region="CN-JX"),
        Source("样例", "http://127.0.0.1:8000/", "url", is_local=True),
    )


def test_a_folder_of_files_is_one_list(tmp_path: Path) -> None:
    """Every YAML file of a folder counts."""
    for name in ("b", "a"):
        text = f"sources: [{{name: {name}, url: 'https://{name}.gov.cn/'}}]"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    assert [source.name for source in load_sources(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("sources: [", "readable YAML", id="syntax"),
        pytest.param("", "list of name, url", id="empty"),
        pytest.param("sources: []", "sources: .*at least 1", id="none"),
        pytest.param("sources: [{name: a}]", "sources.0.url: Field required", id="no-url"),
        pytest.param("sources: [{name: a, url: 'ftp://b'}]", r"0\.url: .*https://www", id="scheme"),
        pytest.param(
            "sources: [{name: a, url: 'http://b', region: JX}]", r"0\.region: ", id="region"
        ),
        pytest.param("sources: [{name: a, url: 'http://b', x: 1}]", r"0\.x: Extra", id="unknown"),
        pytest.param(
            "sources: [{name: a, url: 'http://b'}, {name: a, url: 'http://c'}]",
            "unique names, found 'a' a second time",
            id="twice",
        ),
    ],
)
def test_a_bad_file_is_told(tmp_path: Path, text: str, message: str) -> None:
    """A bad file is told with its name, the entry and the field."""
    file = tmp_path / "sources.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        load_sources(file)
    assert str(file) in str(caught.value)


def test_no_source_file_is_told(tmp_path: Path) -> None:
    """A folder without a YAML file is an error, not an empty list."""
    with pytest.raises(ValueError, match="found none at"):
        load_sources(tmp_path)


def test_an_argument_is_a_file_a_folder_or_an_address(tmp_path: Path) -> None:
    """The command line may name all three; an address given there may be local."""
    file = tmp_path / "报告.txt"
    file.write_text("x", encoding="utf-8")
    assert parse_source_argument(str(file)).kind == "file"
    assert parse_source_argument(str(tmp_path)).kind == "folder"
    url = "http://127.0.0.1:8000/"
    assert parse_source_argument(url) == Source(url, url, "url", is_local=True)


@pytest.mark.parametrize("argument", ["no-such-file", "ftp://x/", "http://", "http://a b/", ""])
def test_any_other_argument_is_refused(argument: str) -> None:
    """What is none of the three is named in the message."""
    with pytest.raises(ValueError, match="expected a file, a folder or an http"):
        parse_source_argument(argument)
