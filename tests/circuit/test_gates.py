"""One-qubit gate words: the shortest word of a unitary, the same for every word that means it."""

import cmath
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.circuit import gates
from hologram.circuit.gates import GATES, IDENTITY, TOKENS, Unitary, canonicalize, unitary_of
from hologram.errors import CircuitError

words = st.lists(st.sampled_from(sorted(TOKENS)), min_size=1, max_size=12).map(tuple)
OMEGA = cmath.exp(0.25j * cmath.pi)


def as_matrix(unitary: Unitary) -> np.ndarray:
    cells = [sum(c * OMEGA**k for k, c in enumerate(entry)) for entry in unitary.entries]
    return np.array(cells).reshape(2, 2) / np.sqrt(2) ** unitary.halvings


NUMERIC = {
    "mark@c00": np.eye(2),
    "mark@c21": np.array([[0, 1], [1, 0]]),
    "mark@c42": np.diag([1, -1]),
    "mark@c07": np.diag([1, 1j]),
    "copy@c05": np.array([[1, -1], [1, 1]]) / np.sqrt(2),
}


@given(words)
def test_exact_unitaries_are_those_of_floating_point(tokens: tuple[str, ...]) -> None:
    whole = np.eye(2)
    for token in tokens:
        whole = NUMERIC[token] @ whole
    assert np.allclose(as_matrix(unitary_of(tokens)), whole)


@given(words)
def test_the_canonical_word_means_the_same_is_never_longer_and_stays(tokens: tuple[str, ...]) -> None:
    (word,) = canonicalize(" . ".join(tokens))
    assert unitary_of(word.canonical) == word.unitary == unitary_of(tokens)
    assert len(word.canonical) <= len(tokens)
    assert canonicalize(str(word))[0].canonical == word.canonical


def test_words_of_one_unitary_have_one_form_and_there_are_192() -> None:
    forms: dict[Unitary, set[tuple[str, ...]]] = {}
    for length in range(1, 6):
        for tokens in product(TOKENS, repeat=length):
            forms.setdefault(unitary_of(tokens), set()).add(canonicalize(" . ".join(tokens))[0].canonical)
    assert all(len(found) == 1 for found in forms.values())
    assert len(gates._shortest()) == 192


@pytest.mark.parametrize(
    ("word", "gate"),
    [("HH", "I"), ("XX", "I"), ("ZZ", "I"), ("SS", "Z"), ("HXH", "Z"), ("II", "I"), ("HZH", "X"), ("SSSS", "I")],
)
def test_identities(word: str, gate: str) -> None:
    (found,) = canonicalize(" . ".join(GATES[g] for g in word))
    assert str(found) == GATES[gate]


@pytest.mark.parametrize(("word", "percent"), [("HH", 75.0), ("HHHH", 87.5), ("HXH", 80.0)])
def test_published_reductions(word: str, percent: float) -> None:
    assert canonicalize(" . ".join(GATES[g] for g in word))[0].reduction == pytest.approx(percent)


def test_a_phase_is_not_lost() -> None:
    assert unitary_of(("mark@c21", "mark@c42") * 2) != IDENTITY  # XZXZ = −I
    assert len(canonicalize("mark@c21 . mark@c42 . mark@c21 . mark@c42")[0].canonical) > 1


def test_branches_are_qubits_and_parentheses_do_nothing() -> None:
    found = canonicalize("mark@c21 . (mark@c21 . mark@c07) || copy@c05->c06 . mark@c21 . copy@c05 . mark@c21")
    assert [str(word) for word in found] == ["mark@c07", "mark@c00"]


@pytest.mark.parametrize(
    ("text", "column"),
    [("mark@c01", 1), ("mark@c21 . swap@c10", 12), ("mark@c21^+1", 1), ("mark@c21 . T+1@ mark@c00", 17)],
)
def test_what_is_no_gate_is_refused(text: str, column: int) -> None:
    with pytest.raises(CircuitError) as error:
        canonicalize(text)
    assert error.value.location.column == column
