"""Reading scans: figures that were recognised for certain, and none that were not."""

from __future__ import annotations

import importlib
import os
import random
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest

from storage.reference.gazetteer import load_gazetteer
from tasks.reading import ocr
from tasks.reading.document import Document
from tasks.reading.figures import read_figure
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.read import read_document, read_report
from tasks.reading.report import UnreadableError
from tasks.sample.pdf import render_pdf
from tasks.sample.spec import Spec, print_figures

MARKS = {"t3.granted.company": "/", "t3.closed.nonprofit": "—", "t3.new.company": "1"}
TEXTS = ["0", "0", "1", "7", "9", "6", "8", "11", "12", "111", "100", "345", "67890", "", "/", "—"]
AMOUNTS = ["0", "7730.28", "160.5964", "12.5", "1605964"]


@pytest.fixture
def cv2(make_spec: Callable[..., Spec]) -> Any:
    """Give the library of pictures, or skip where scans cannot be read or drawn."""
    if not ocr.is_installed():
        pytest.skip('the extra is not installed: pip install "gouji[ocr]"')
    if draw_pages(render_pdf(make_spec("2021"), page=(595, 90)), 1.0)[0][:70].min() > 128:
        pytest.skip("no font with Chinese characters is installed to draw scans with")
    return importlib.import_module("cv2")


def write_figure(text: str) -> Any:
    """Write a figure on white, as an array of rows, columns and three equal channels."""
    image, draw, font = (
        importlib.import_module(f"PIL.{name}") for name in ("Image", "ImageDraw", "ImageFont")
    )
    paper = image.new("RGB", (200, 80), "white")
    known = text.replace("—", "-")  # the font that comes with Pillow has the short one alone
    draw.Draw(paper).text((60, 25), known, "black", font.load_default(24))
    return importlib.import_module("numpy").array(paper)


def draw_pages(content: bytes, scale: float) -> list[Any]:
    """Draw the pages of a PDF as arrays of rows, columns and blue, green, red."""
    pages = pdfium.PdfDocument(content)
    return [page.render(scale=scale).to_numpy()[:, :, :3].copy() for page in pages]


def photograph(picture: Any, cv2: Any, rng: random.Random) -> bytes:
    """Make a bad copy of a page: slanted, blurred, faint, noisy, and much compressed."""
    numpy = importlib.import_module("numpy")
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), rng.choice([0, rng.uniform(-4, 4)]), 1
    )
    picture = cv2.warpAffine(picture, matrix, (width, height), borderValue=(255, 255, 255))
    if blur := rng.choice([0, 0.6, 1.0]):
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    noise = numpy.random.default_rng(rng.randrange(2**32)).normal(0, 1, picture.shape)
    faded = 255 - (255 - picture) * rng.choice([1.0, 0.6]) + noise * rng.choice([0, 6, 15])
    quality = [cv2.IMWRITE_JPEG_QUALITY, rng.choice([95, 75, 60, 40])]
    content = cv2.imencode(".jpg", faded.clip(0, 255).astype("uint8"), quality)[1].tobytes()
    return bytes(content)


def hold_against(spec: Spec, document: Document) -> Counter[str]:
    """Count the cells of a document as told, unread, absent or silently wrong."""
    cells = {cell.key: cell for cell in spec.form.cells}
    readings = match_grids(document.grids, index_labels(spec.edition)).readings
    counts: Counter[str] = Counter()
    for name, printed in print_figures(spec).items():
        figure, reading = read_figure(printed, cells[name]), readings.get(name)
        if reading is None:
            counts["absent"] += 1
        elif reading.status not in ("read", "blank"):
            counts["unread"] += 1
        elif (reading.status, reading.value) == (figure.status, figure.value):
            counts["told"] += 1
        else:
            counts[f"WRONG {name}: {reading.text!r}, printed {printed!r}"] += 1
    return counts


def find_wrong(counts: Counter[str]) -> list[str]:
    """List the cells told otherwise than printed."""
    return [name for name in counts if name.startswith("WRONG")]


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse every connection and every name."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError(f"reading asked the network for {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"], ids=["png", "jpeg"]
)
def test_a_picture_without_the_extra_says_what_to_install(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the reason names it, and how to install it."""
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    with pytest.raises(UnreadableError) as caught:
        read_document(content)
    assert caught.value.code == "ocr_not_installed"
    assert 'pip install "gouji[ocr]"' in caught.value.message


def bind_pages(scans: list[bytes], kind: str, resolution: int = 150) -> bytes:
    """Bind pictures into one PDF or TIFF, as scanners do."""
    image, io = importlib.import_module("PIL.Image"), importlib.import_module("io")
    first, *others = [image.open(io.BytesIO(scan)) for scan in scans]
    bound = io.BytesIO()
    first.save(bound, kind, save_all=True, append_images=others, resolution=resolution)
    return bytes(bound.getvalue())


def test_a_scanned_pdf_without_the_extra_says_what_to_install(
    cv2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does a PDF of pictures alone, with the numbers of its pages."""
    scan = cv2.imencode(".jpg", write_figure("345"))[1].tobytes()
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    with pytest.raises(UnreadableError) as caught:
        read_document(bind_pages([scan, scan], "PDF"))
    assert caught.value.code == "ocr_not_installed"
    assert "pages 1, 2" in caught.value.message
    assert 'pip install "gouji[ocr]"' in caught.value.message


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\nnothing", b"BM" + bytes(12) + b"\x28" + bytes(3), b"RIFF____WEBPVP8 "],
    ids=["png", "bmp", "webp"],
)
def test_a_broken_picture_is_a_damaged_file(content: bytes, cv2: Any) -> None:
    """Bytes that are no picture give a reason."""
    with pytest.raises(UnreadableError) as caught:
        read_document(content)
    assert caught.value.code == "damaged_file"


def test_a_huge_picture_is_refused_before_it_is_opened(cv2: Any) -> None:
    """A file of few bytes that would fill the memory costs nothing."""
    image = importlib.import_module("PIL.Image")
    buffer = importlib.import_module("io").BytesIO()
    image.new("1", (12_000, 12_000)).save(buffer, "PNG")
    with pytest.raises(UnreadableError) as caught:
        read_document(buffer.getvalue())
    assert caught.value.code == "too_large"
    assert "12000 by 12000" in caught.value.message


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp"])
def test_pictures_are_told_by_their_bytes(suffix: str, cv2: Any) -> None:
    """A picture of any kind that scanners write is opened; an empty one has no text."""
    numpy = importlib.import_module("numpy")
    blank = numpy.full((400, 300, 3), 255, numpy.uint8)
    with pytest.raises(UnreadableError) as caught:
        read_document(cv2.imencode(suffix, blank)[1].tobytes())
    assert caught.value.code == "scanned_no_text"


def test_a_bad_scan_gives_printed_figures_only(
    cv2: Any, make_spec: Callable[..., Spec], without_network: None
) -> None:
    """A slanted, noisy, compressed page is read through without a wrong cell or the network."""
    spec = replace(make_spec("2021"), overrides=MARKS)
    pages = draw_pages(render_pdf(spec, page=(595, 842)), 150 / 72)
    table2 = photograph(pages[0][900:], cv2, random.Random(2))
    document = read_document(table2)
    assert document.is_picture
    assert not read_document(render_pdf(spec)).is_picture
    counts = hold_against(spec, document)
    assert find_wrong(counts) == []
    assert counts["told"] >= 30


def paste_into_text(picture: bytes, dots: tuple[int, int], size: tuple[float, float]) -> bytes:
    """Put a JPEG of so many points below a line of text on a page of a PDF."""
    width, height = size
    drawn = (
        b"BT /F 12 Tf 40 760 Td "
        b"(The tables of the year follow as a picture, for nobody had them as text) Tj ET "
        b"%f 0 0 %f 0 %f cm /P Do" % (width, height, 700 - height)
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>/XObject<</P 6 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB"
        b"/BitsPerComponent 8/Filter/DCTDecode/Length %d>>stream\n%s\nendstream"
        % (*dots, len(picture), picture),
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % item for item in enumerate(objects, 1))
    return b"%PDF-1.5\n" + body + b"trailer<</Root 1 0 R>>\n%%EOF"


def test_a_picture_on_a_page_of_text_is_read_in_its_place(
    cv2: Any, make_spec: Callable[..., Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables pasted as a picture count, and the text around them stays; or a reason says why."""
    spec = make_spec("2021")
    table2 = draw_pages(render_pdf(spec, page=(595, 842)), 150 / 72)[0][900:]
    picture = cv2.imencode(".jpg", table2)[1].tobytes()
    height, width = table2.shape[:2]
    content = paste_into_text(picture, (width, height), (595, height * 72 / 150))
    document = read_document(content)
    counts = hold_against(spec, document)
    assert find_wrong(counts) == []
    assert counts["told"] >= 30
    assert "picture" in document.text
    assert document.stream == ""
    assert document.is_picture
    tops = [float(grid.rows[0][0].locator.split(",")[1]) for grid in document.grids]
    assert min(tops) >= 842 - 700
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    bare = read_document(content)
    assert not bare.grids
    assert "(pages 1)" in bare.unread[0]
    assert 'pip install "gouji[ocr]"' in bare.unread[0]


def draw_figure(text: str, cv2: Any) -> Any:
    """Draw a figure in the grey dots of a scan."""
    return cv2.cvtColor(write_figure(text), cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("1000", "100"), ("11", "1"), ("10", "100"), ("12.5", "125"), ("125", "12.5"),
        ("/", "1"), ("1", "/"), ("1", "—"), ("—", "1"),
    ],
)  # fmt: skip
def test_strokes_refute_a_figure_told_wrongly(printed: str, told: str, cv2: Any) -> None:
    """A digit or point too many or too few, and one mark for another, show in the strokes."""
    words = importlib.import_module("tasks.reading.ocr_words")
    grey = draw_figure(printed, cv2)
    ys, xs = (grey < 128).nonzero()
    box = (xs.min() - 4.0, ys.min() - 4.0, xs.max() + 4.0, ys.max() + 4.0)
    assert words._has_strokes(printed, grey, box)
    assert not words._has_strokes(told, grey, box)


def test_a_figure_told_otherwise_the_second_time_is_in_doubt(
    cv2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recognition that is sure of itself counts only where it says the same twice."""
    words = importlib.import_module("tasks.reading.ocr_words")
    picture = write_figure("345")
    nothing = picture[:, :, 0] * 0
    assert [word.text for word in words.read_words(picture, nothing, nothing)] == ["345"]
    monkeypatch.setattr(words, "_recognise_again", lambda _, boxes: ["346"] * len(boxes))
    assert [word.text for word in words.read_words(picture, nothing, nothing)] == ["\ufffd345"]


def test_recognition_reports_its_use_to_nobody(cv2: Any, tmp_path: Path) -> None:
    """Its runtime would write a device's name at home and send it; switched off it does not."""
    picture = tmp_path / "figure.png"
    cv2.imwrite(str(picture), write_figure("345"))
    script = (
        "import os, sys, cv2\n"
        "from tasks.reading.ocr_words import read_words\n"
        "picture = cv2.imread(sys.argv[1])\n"
        "print(*(word.text for word in read_words(picture, *[picture[:, :, 0] * 0] * 2)))\n"
        "print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    outside = {key: value for key, value in os.environ.items() if not key.startswith("ORT_")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(picture)],
        env={**outside, "HOME": str(home), "XDG_CACHE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["345", "1"]
    assert list(home.rglob("*")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", True), ("12件", True), ("160.5万元", True), ("/", True), ("—", True), ("无", True),
        ("年度办", False), ("3.其他", False), ("总计", False),
        ("”", False), ("1.属于国家秘密", False),
    ],
)  # fmt: skip
def test_figures_and_marks_are_told_from_pieces_of_labels(
    text: str, expected: bool, cv2: Any
) -> None:
    """What may be a value is held to be certain; a piece of a label need not be."""
    words = importlib.import_module("tasks.reading.ocr_words")
    assert words.may_be_figure(text) is expected


def test_words_that_a_ruled_line_parts_are_two(cv2: Any) -> None:
    """What was taken for one word across a line is recognised part by part."""
    words = importlib.import_module("tasks.reading.ocr_words")
    picture = write_figure("34 57")
    picture[:, 89:91] = 0
    down = picture[:, :, 0] * 0
    down[:, 89:91] = 255
    found = [("34157", 1.0, (55.0, 22.0, 125.0, 55.0)), ("x", 1.0, (5.0, 60.0, 25.0, 70.0))]
    parts = list(words._part_words(found, picture, down))
    assert [text for text, _, _ in parts] == ["x", "34", "57"]
    assert parts[1][2][2] < 89 < 90 < parts[2][2][0]


@pytest.mark.slow
def test_a_tall_picture_is_read_in_bands(cv2: Any, make_spec: Callable[..., Spec]) -> None:
    """A whole report as one picture gives its cells, those at the seams of bands too."""
    spec = replace(make_spec("2021"), overrides=MARKS)
    (page,) = draw_pages(render_pdf(spec, page=(595, 2600)), 150 / 72)
    assert len(page) > 2 * importlib.import_module("tasks.reading.ocr_words").BAND
    counts = hold_against(spec, read_document(cv2.imencode(".png", page)[1].tobytes()))
    assert find_wrong(counts) == []
    assert counts["told"] > 0.9 * len(spec.figures)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_cell_of_many_bad_scans_is_silently_wrong(
    cv2: Any, make_spec: Callable[..., Spec], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of thirty reports on some 75 scanned pages no cell is told otherwise than printed."""
    counts: Counter[str] = Counter()
    for seed in range(30):
        rng = random.Random(seed)
        spec = make_spec(rng.choice(["2021", "2019"]), seed)
        texts = {
            cell.key: rng.choice(AMOUNTS if cell.key.endswith("amount") else TEXTS)
            for cell in spec.form.cells
            if rng.random() < 0.7
        }
        spec = replace(spec, overrides=texts)
        scale = rng.choice([120, 150, 150, 200, 300]) / 72
        pages = draw_pages(render_pdf(spec), scale)
        scans = [photograph(page, cv2, rng) for page in pages]
        counts += hold_against(
            spec,
            read_document(
                bind_pages(scans, rng.choice(["PDF", "TIFF"]), rng.choice([72, 150, 300]))
            ),
        )
    with capsys.disabled():
        sys.stdout.write(f"\nscans: {dict(counts)}\n")
    assert find_wrong(counts) == []
    assert counts["told"] > 0.9 * counts.total()


def test_a_page_with_pictures_for_tables_says_so() -> None:
    """Where a page has no tables but pictures, the reason names them."""
    page = (
        "<html><title>固镇县2022年政府信息公开工作年度报告</title><body>"
        "<h1>固镇县2022年政府信息公开工作年度报告</h1><p>一、总体情况</p><p>好。</p>"
        "<p>二、主动公开政府信息情况</p>{}</body></html>"
    )
    gazetteer = load_gazetteer()
    with_pictures = read_report(page.format("<img src='1.png'>" * 3).encode(), gazetteer)
    without = read_report(page.format("").encode(), gazetteer)
    assert "pictures within it were not read (3)" in (with_pictures.problem or "")
    assert (with_pictures.is_picture, without.is_picture) == (True, False)
    assert without.problem is not None
    assert "pictures" not in without.problem
