"""What finding texts nearly the same costs, from 10,000 texts to 100,000."""

from __future__ import annotations

import random
import time

import polars as pl
import pytest

from expectations.likeness import pair_alike, sketch_texts

COUNTS = (10_000, 100_000)
CHARACTERS = 300
CHUNK = 2_000
LEAST_ALIKE = 0.95
LETTERS = [chr(code) for code in range(0x4E00, 0x5E00)]


def measure(count: int) -> tuple[float, float, int]:
    """Sketch and pair so many texts, one in ten a copy; give seconds of CPU and the pairs."""
    source = random.Random(count)
    texts = ["".join(source.choices(LETTERS, k=CHARACTERS)) for _ in range(count * 9 // 10)]
    column = pl.Series(texts + texts[: count - len(texts)])
    started = time.process_time()
    sketches = pl.concat(
        pl.Series(sketch_texts(column.slice(start, CHUNK))) for start in range(0, count, CHUNK)
    ).to_numpy()
    sketched = time.process_time()
    pairs = pair_alike(sketches, pl.repeat(2022, count, eager=True), LEAST_ALIKE)
    return sketched - started, time.process_time() - sketched, pairs.height


@pytest.mark.bench
def test_likeness_grows_linearly() -> None:
    """Ten times the texts take at most twelve times as long; every copy is found."""
    measure(CHUNK)
    small, large = (measure(count) for count in COUNTS)
    for count, (sketching, pairing, _) in zip(COUNTS, (small, large), strict=True):
        print(
            f"\nbench likeness: {count} texts, sketching {sketching / count * 1e6:.0f} us, "
            f"pairing {pairing / count * 1e6:.0f} us a text"
        )
    assert [pairs for _, _, pairs in (small, large)] == [count // 5 for count in COUNTS]
    assert sum(large[:2]) <= 12 * sum(small[:2])
