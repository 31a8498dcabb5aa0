"""Texts that are nearly the same, found by sketches in time that grows with their length alone.

MinHash, as rensa calculates it: for each of `BINS` orders of all shingles a text keeps the
first; the share of orders in which two texts agree estimates the Jaccard similarity of their
shingles (A. Broder, 1997). Sketches are stored: `SEED`, the hash of a shingle and the minor
version of rensa stay, or all are made anew.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from rensa import RMinHash

from expectations.context import SKETCHES
from expectations.words import load_words

BINS = 128
SHINGLE_CHARACTERS = 4
CHUNK = 2_000
SEED = 20190515
EMPTY = np.uint32(0xFFFFFFFF)
Sketches = npt.NDArray[np.uint32]
# Multipliers of a rolling hash and of the mixer of MurmurHash3.
_ROLL = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_SHIFT = np.uint64(33)
# Sketches that agree in every bin of one of these bands are compared.
BANDS, ROWS = 16, 8


def sketch_parts(parts: pl.DataFrame, numbers: tuple[int, ...] = (1, 5)) -> pl.DataFrame:
    """Sketch some parts of all reports, names of places and bodies, numbers and blanks aside.

    Args:
        parts: As the lake's table.
        numbers: The parts to sketch.

    Returns:
        As `SKETCHES`, one row a report and part; `length` counts the characters sketched.
    """
    ignored = load_words().patterns["ignored_in_likeness"]
    texts = (
        parts.lazy()
        .filter(pl.col("part").is_in(numbers))
        .group_by("report_id", "part", maintain_order=True)
        .agg(pl.col("text").str.join(""))
        .with_columns(pl.col("text").str.replace_all(ignored, ""))
        .collect()
    )
    sketched = [sketch_texts(chunk["text"]) for chunk in texts.iter_slices(CHUNK)]
    values = np.concatenate(sketched) if sketched else np.empty((0, BINS), np.uint32)
    return texts.select(
        "report_id",
        "part",
        pl.col("text").str.len_chars().cast(pl.Int32).alias("length"),
        pl.Series("sketch", values, dtype=pl.Array(pl.UInt32, BINS)).arr.to_list(),
    ).match_to_schema(SKETCHES)


def sketch_texts(texts: pl.Series) -> Sketches:
    """Sketch texts, a row each; a text shorter than a shingle has empty bins only."""
    if texts.is_empty():
        return np.empty((0, BINS), np.uint32)
    lengths = texts.str.len_chars().to_numpy().astype(np.int64)
    counts = np.maximum(lengths - SHINGLE_CHARACTERS + 1, 0)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        _hash_shingles(texts, lengths), offsets, BINS, SEED
    )
    return np.array(matrix.to_rows(), np.uint32).reshape(len(texts), BINS)


def _hash_shingles(texts: pl.Series, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Hash every shingle of all texts, one text after the other."""
    points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)
    last = max(len(points) - SHINGLE_CHARACTERS + 1, 0)
    hashes = np.zeros(last, np.uint64)
    for place in range(SHINGLE_CHARACTERS):
        hashes = hashes * _ROLL + points[place : place + last]
    for factor in _MIX:
        hashes = (hashes ^ (hashes >> _SHIFT)) * factor
    owners = np.repeat(np.arange(len(lengths)), lengths)
    is_whole = owners[:last] == owners[len(owners) - last :]
    whole: npt.NDArray[np.uint64] = hashes[is_whole]
    return whole


def to_rows(sketches: pl.Series) -> Sketches:
    """Turn a column of sketches into rows of an array."""
    values = sketches.explode().to_numpy() if len(sketches) else np.empty(0, np.uint32)
    return values.astype(np.uint32, copy=False).reshape(-1, BINS)


def estimate_likeness(left: Sketches, right: Sketches) -> npt.NDArray[np.float64]:
    """Estimate the similarity of texts row by row, 0 to 1; of two empty texts it is 0."""
    is_empty = (left == EMPTY) & (right == EMPTY)
    agree = ((left == right) & ~is_empty).sum(axis=1)
    shares: npt.NDArray[np.float64] = agree / np.maximum(BINS - is_empty.sum(axis=1), 1)
    return shares


def pair_alike(sketches: Sketches, groups: pl.Series, least: float) -> pl.DataFrame:
    """Pair each text with one that is like it, in its group.

    A text is compared with the first one in each of its bands, so that the work grows with
    the number of texts and not with that of their pairs.

    Returns:
        `index`, `other` (rows of `sketches`) and `likeness` of at least `least`, the best a
        text has; both texts of a pair are listed.
    """
    width = BANDS * ROWS
    bands = np.ascontiguousarray(sketches[:, :width]).reshape(-1, BANDS, ROWS)
    weights = np.random.default_rng(0).integers(1, 2**63, ROWS, dtype=np.uint64) | np.uint64(1)
    keys = (bands.astype(np.uint64) * weights).sum(axis=2, dtype=np.uint64)
    is_empty = (bands == EMPTY).any(axis=2)
    index = pl.int_range(len(sketches), eager=True, dtype=pl.UInt32).alias("index")
    candidates = pl.concat(
        [
            pl.DataFrame({"index": index, "group": groups, "key": keys[:, band]})
            .filter(~pl.Series(is_empty[:, band]))
            .with_columns(first=pl.col("index").min().over("group", "key"))
            .filter(pl.col("index") != pl.col("first"))
            .select("index", other="first")
            for band in range(BANDS)
        ]
    ).unique(maintain_order=True)
    rows = [candidates[name].to_numpy() for name in ("index", "other")]
    alike = candidates.with_columns(
        likeness=estimate_likeness(sketches[rows[0]], sketches[rows[1]])
    ).filter(pl.col("likeness") >= least)
    both = pl.concat([alike, alike.select(index="other", other="index", likeness="likeness")])
    best = both.sort("likeness", "other", descending=[True, False])
    return best.unique("index", keep="first", maintain_order=True).sort("index")
