"""Words told in a picture, and which figures among them are certain.

Recognition is sure of itself even where it drops a digit or a point. A figure counts only
where it is told twice alike, the second time from another picture of it, and has as many
strokes of full height as it has digits.

Needs the extra `ocr`: imported by those alone that found it installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np

from expectations.form import load_forms
from storage.settings import silence_telemetry
from tasks.reading.glyphs import UNKNOWN_CHARACTER, is_figure_part
from tasks.reading.labels import index_labels
from tasks.reading.ocr_pictures import Picture
from tasks.reading.ruled import LONGEST_UNIT
from tasks.reading.words import fold_label, load_patterns

MIN_SCORE = 0.9  # below, a word that may be a figure is not trusted
MIN_LABEL_SCORE = 0.6
BAND = 2400  # dots: higher pictures are read in bands, for memory
OVERLAP = 240
THROUGH_SHARE = 0.8  # of the height of a word: a line through it
NARROWEST = 8  # dots: a narrower part holds no word
MARGIN = 3  # dots around a word in its second picture
STRETCH = 1.3
NARROW = 160  # dots: room for a word; wider ones take what they need
TALL_SHARE = 0.6  # of the highest stroke: a digit
SMALL_SHARE = 0.08  # a speck below this is dirt
DARKER = (0.0, 0.25, 0.5)  # of the way from the usual level to the darkest dot
LEAST_LEAN = 0.12  # breadth by height
FLAT_SHARE = 0.5  # height by breadth of a dash
DASH = "\u2014"
_QUOTES = frozenset("\"'\u2018\u2019\u201c\u201d")  # of a label, on a line of their own
_POINTS = frozenset(".,")
_DASHES = frozenset("-\u2013\u2014\u2015\u2500\u4e00\uff0d\uff3f_")
_SLASHES = frozenset("/\uff0f")
Box = tuple[float, float, float, float]
Found = tuple[str, float, Box]  # a text, how sure it is, and where it stands


class _Stroke(NamedTuple):
    """What is connected in the picture of a word; `ink` marks its dots."""

    left: int
    top: int
    width: int
    height: int
    ink: Picture


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word in its box: left, top, right, bottom in dots."""

    text: str
    box: Box


@lru_cache(maxsize=4096)
def may_be_figure(text: str) -> bool:
    """Tell what may be a figure, or a mark or word for none, from labels and their pieces."""
    letters = sum(character.isalpha() for character in text)
    if letters > LONGEST_UNIT or _QUOTES.issuperset(text) or _is_label(text):
        return False
    words = load_patterns().words
    return (
        letters == 0
        or any(map(str.isdigit, text))
        or text in (*words["blanks"], *words["zero_words"])
    )


def _is_label(text: str) -> bool:
    """Tell whether a text heads rows or columns in any edition of the form."""
    folded = fold_label(text)
    return any(
        folded in index.headers or index.find_line(folded) is not None
        for index in map(index_labels, load_forms())
    )


def read_words(picture: Picture, across: Picture, down: Picture) -> list[Word]:
    """Read the words of an upright picture; what is in doubt begins with `UNKNOWN_CHARACTER`.

    `across` and `down` have the dots of ruled lines: they are no strokes of words, and words
    that a line parts are two.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    thick = cv2.dilate(across | down, np.ones((3, 3), np.uint8))
    bare = np.where(thick > 0, np.uint8(np.median(grey)), grey)
    found = [one for one in _part_words(_recognise(picture), picture, down) if one[0]]
    short = [place for place, (text, _, _) in enumerate(found) if may_be_figure(text)]
    again = dict(zip(short, _recognise_again(bare, [found[n][2] for n in short]), strict=True))
    words: list[Word] = []
    for place, (text, score, box) in enumerate(found):
        if place in again:
            is_sure = score >= MIN_SCORE and again[place] == text and _has_strokes(text, bare, box)
        else:
            is_sure = score >= MIN_LABEL_SCORE
        words.append(Word(text if is_sure else UNKNOWN_CHARACTER + text, box))
    return words


def _clean(text: str) -> str:
    """Drop white space; give one flat stroke one name."""
    word = "".join(text.split())
    return DASH if word in _DASHES else word


@cache
def _load_engine() -> Any:
    """Load recognition once a process, with the models that it brings: nothing is fetched."""
    silence_telemetry()  # of the runtime, which reports its use from the first model on
    from rapidocr import RapidOCR

    models = files("rapidocr") / "models"
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.text_score": 0.0,
            "Global.use_cls": False,  # the direction classifier turns 9 into 6
            "Global.max_side_len": 2 * BAND,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # others work beside us
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "Rec.rec_img_shape": [3, 48, NARROW],
        }
    )


def _recognise(picture: Picture) -> Iterator[Found]:
    """Find words with their scores and boxes, a high picture in bands that overlap."""
    height = len(picture)
    tops = range(0, max(height - OVERLAP, 1), BAND - OVERLAP)
    for top in tops:
        band = picture[top : top + BAND]
        result = _load_engine()(np.ascontiguousarray(band), use_det=True, use_rec=True)
        if result.boxes is None:
            continue
        first = top + OVERLAP / 2 if top else 0.0
        last = top + BAND - OVERLAP / 2 if top + BAND < height else float(height)
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            xs, ys = corners[:, 0].tolist(), (corners[:, 1] + top).tolist()
            box = (max(min(xs), 0.0), max(min(ys), 0.0), max(xs), max(ys))
            if first <= (box[1] + box[3]) / 2 < last:
                yield _clean(text), float(score), box


def _part_words(words: Iterable[Found], picture: Picture, down: Picture) -> Iterator[Found]:
    """Part what was taken for one word across a ruled line, and recognise its parts."""
    boxes: list[Box] = []
    for word in words:
        parts = _cut_at_lines(word[2], down)
        if len(parts) < 2:
            yield word
        boxes.extend(parts if len(parts) > 1 else ())
    if not boxes:
        return
    told = _load_engine().recognize_txt(
        [picture[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1] for x0, y0, x1, y1 in boxes]
    )
    for text, score, box in zip(told.txts, told.scores, boxes, strict=True):
        yield _clean(text), float(score), box


def _cut_at_lines(box: Box, down: Picture) -> list[Box]:
    """Cut a box where lines run through it from top to bottom."""
    left, top, right, bottom = map(int, box)
    is_line = (down[top : bottom + 1, left : right + 1] > 0).mean(axis=0) > THROUGH_SHARE
    edges = [left - 1, *(left + np.flatnonzero(is_line)).tolist(), right + 1]
    return [
        (float(a + 1), box[1], float(b - 1), box[3])
        for a, b in pairwise(edges)
        if b - a > NARROWEST
    ]


def _recognise_again(grey: Picture, boxes: list[Box]) -> list[str]:
    """Tell words once more, from wider pictures of them without ruled lines."""
    if not boxes:
        return []
    pictures = []
    for left, top, right, bottom in boxes:
        part = grey[
            max(int(top) - MARGIN, 0) : int(bottom) + MARGIN + 1,
            max(int(left) - MARGIN, 0) : int(right) + MARGIN + 1,
        ]
        size = (max(8, round(part.shape[1] * STRETCH)), max(8, part.shape[0]))
        wide = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)
        pictures.append(cv2.cvtColor(wide, cv2.COLOR_GRAY2BGR))
    return [_clean(text) for text in _load_engine().recognize_txt(pictures).txts]


def _has_strokes(word: str, grey: Picture, box: Box) -> bool:
    """Tell whether a mark or figure has the strokes of its text: as many digits and points.

    A slash leans and a 1 does not; a dash lies flat. Digits that touch are looked at in
    darker ink, where they part.
    """
    left, top, right, bottom = map(int, box)
    part = 255 - grey[top : bottom + 1, left : right + 1]
    usual = cv2.threshold(part, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]
    strokes = _find_strokes(part, usual)
    if not strokes:
        return False
    if word == DASH:
        return len(strokes) == 1 and strokes[0].height < FLAT_SHARE * strokes[0].width
    if set(word) <= _SLASHES:
        tall = _take_tall(strokes)
        return len(tall) == len(word) and all(_leans(stroke.ink) for stroke in tall)
    if any(character.isalpha() for character in word):
        return True
    if not all(map(is_figure_part, word)):
        return False
    digits = [character for character in word if character.isdigit()]
    for share in DARKER:
        level = usual + share * (float(part.max()) - usual)
        tall = _take_tall(_find_strokes(part, level))
        if len(tall) >= len(digits):
            break
    return (
        len(tall) == len(digits)
        and all(stroke.height >= stroke.width for stroke in tall)
        and not any(d == "1" and _leans(s.ink) for d, s in zip(digits, tall, strict=True))
        and _count_points(strokes) == sum(character in _POINTS for character in word)
    )


def _find_strokes(part: Picture, level: float) -> list[_Stroke]:
    """Find what is connected in ink above a level, from left to right."""
    ink = cv2.threshold(part, level, 255, cv2.THRESH_BINARY)[1]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    least = (SMALL_SHARE * len(ink)) ** 2
    return sorted(
        (
            _Stroke(x, y, wide, high, labels == number)
            for number, (x, y, wide, high, area) in enumerate(stats.tolist())
            if number and area > least
        ),
        key=lambda stroke: stroke.left,
    )


def _take_tall(strokes: list[_Stroke]) -> list[_Stroke]:
    highest = max((stroke.height for stroke in strokes), default=0)
    return [stroke for stroke in strokes if stroke.height >= TALL_SHARE * highest]


def _count_points(strokes: list[_Stroke]) -> int:
    """Count the small strokes between digits in their lower half."""
    tall = _take_tall(strokes)
    middle = tall[0].top + tall[0].height / 2
    low = [
        stroke
        for stroke in strokes
        if all(stroke is not one for one in tall) and stroke.top > middle
    ]
    return sum(tall[0].left < stroke.left < tall[-1].left for stroke in low)


def _leans(ink: Picture) -> bool:
    """Tell whether a stroke leans like a slash."""
    ys, xs = ink.nonzero()
    spread = float(((ys - ys.mean()) ** 2).sum())
    slope = float(((ys - ys.mean()) * (xs - xs.mean())).sum()) / max(spread, 1.0)
    return slope < -LEAST_LEAN
