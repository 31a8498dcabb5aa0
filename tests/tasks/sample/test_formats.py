"""Reports in every format: the same figures in each, damage that really damages."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tasks.reading.media import tell_media_type
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.reading.zipped import list_members
from tasks.sample.corruption import FILE_DAMAGES, TEXT_DAMAGES, damage_tables, list_moved
from tasks.sample.formats import FORMATS, pack_named, render_page, render_report
from tasks.sample.grids import Slot
from tasks.sample.look import Look
from tasks.sample.markup import read_paragraphs, read_texts
from tasks.sample.render import print_look
from tasks.sample.spec import Spec

MakeSpec = Callable[..., Spec]


@pytest.mark.parametrize("edition", ["2021", "2019"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_prints_the_same_figures(make_spec: MakeSpec, name: str, edition: str) -> None:
    """A report in the form's own look gives all its cells back, whatever the format."""
    spec = make_spec(edition)
    document = read_document(render_report(name, [(spec, print_look(spec, Look()))], Look()))
    readings = read_cells(document, tell_edition(document))[0]
    assert {reading.cell: reading.value for reading in readings} == spec.figures


def test_formats_are_told_apart_by_content(make_spec: MakeSpec) -> None:
    """Each format is a kind of file of its own."""
    printed = [(make_spec("2021"), print_look(make_spec("2021"), Look()))]
    kinds = {tell_media_type(render_report(name, printed, Look())) for name in FORMATS}
    assert len(kinds) == len(FORMATS)


def test_an_archive_names_its_file_in_gbk() -> None:
    """A name of old Chinese systems carries no mark and is read all the same."""
    assert list_members(pack_named(b"text", "年报.txt".encode("gbk"))) == [("年报.txt", b"text")]


@pytest.mark.parametrize("damage", TEXT_DAMAGES)
def test_damage_to_a_text_changes_it(make_spec: MakeSpec, damage: str) -> None:
    """Each damage of flattened text changes its lines."""
    spec = make_spec("2021")
    text = render_page("text", [(spec, print_look(spec, Look()))], Look())
    assert any(TEXT_DAMAGES[damage](text, random.Random(seed)) != text for seed in range(3))


@pytest.mark.parametrize("damage", FILE_DAMAGES)
def test_damage_to_a_file_shortens_it(damage: str) -> None:
    """A file that was cut off is a beginning of the whole."""
    cut = FILE_DAMAGES[damage](bytes(range(200)), random.Random(1))
    assert 0 < len(cut) < 200
    assert bytes(range(200)).startswith(cut)


def test_shifted_figures_are_named_where_they_stand(make_spec: MakeSpec) -> None:
    """Behind a doubled cell of a row each figure stands in the place of its right neighbour."""
    tables = print_look(make_spec("2021"), Look())
    for seed in range(40):
        moved = list_moved(tables, damage_tables(tables, "cell doubled", random.Random(seed)))
        for cell, slots in moved.items():
            assert all(slot.cell != cell for slot in slots)
        if len(moved) > 2:
            return
    pytest.fail("expected a row with shifted figures among 40 damages, found none")


@pytest.mark.parametrize(
    ("markup", "lines", "paragraphs"),
    [
        ("1<br>2", ["1", "2"], 1),
        ("<p>1</p>\n<p>2</p>", ["1", "2"], 2),
        ("<span>1</span><span>2</span>", ["12"], 1),
        ("\n <p align=center>&lt;1<br></p>\n", ["<1"], 1),
        ("1\n2", ["1", "2"], 1),
    ],
)
def test_markup_is_taken_apart_for_other_formats(
    markup: str, lines: list[str], paragraphs: int
) -> None:
    """Line breaks, paragraphs and runs of a page's cell are the same in a file."""
    slot = Slot("", markup=markup)
    assert read_texts(slot) == lines
    assert len(read_paragraphs(slot)) == paragraphs
