"""Labels as a pattern: found wherever they are broken, the longest first, in one look."""

from __future__ import annotations

import re
from collections.abc import Iterable

# May stand between two characters of a label.
_WITHIN = r"[\s\"'“”‘’`«»〝〞\ufeff\u200b-\u200d]*+"
_NUMBER_ENDS = "[.．、]"  # as pages end the number before a label
_END = ""

Tree = dict[str, "Tree"]
"""Patterns of characters, and what may follow each; `_END` stands where a label ends."""


def spell_label(label: str) -> str:
    """Spell a folded label as a pattern: broken anywhere, its number ended as pages do."""
    return _WITHIN.join(_list_characters(label))


def spell_labels(labels: Iterable[str]) -> str:
    """Spell folded labels as one pattern that matches the longest of them at each place.

    What several begin with is looked at once: this takes a quarter of the time of trying one
    label after the other. Each way begins with a single character, for so the search passes
    over places where none of them stands: this takes half the time of classes.
    """
    tree: Tree = {}
    for label in labels:
        _, *others = _list_characters(label)
        for first in _add_twin(label[0]):
            node = tree.setdefault(re.escape(first), {})
            for character in others:
                node = node.setdefault(character, {})
            node[_END] = {}
    return _choose(tree)


def _list_characters(label: str) -> list[str]:
    """Spell each character of a label, with its full-width twin."""
    characters = [f"[{re.escape(_add_twin(character))}]" for character in label]
    if label[0].isdigit() and label[1] == ".":
        characters[1] = _NUMBER_ENDS
    return characters


def _add_twin(character: str) -> str:
    is_ascii = "!" <= character <= "~"
    return character + chr(ord(character) + 0xFEE0) if is_ascii else character


def _choose(tree: Tree) -> str:
    """Spell the ways on from one place of the tree."""
    return f"(?:{'|'.join(first + _go_on(rest) for first, rest in sorted(tree.items()) if first)})"


def _go_on(tree: Tree) -> str:
    """Spell what may follow a character: a longer label before the one that ends here."""
    if not tree.keys() - {_END}:
        return ""
    rest = _WITHIN + _choose(tree)
    return f"(?:{rest})?" if _END in tree else rest
