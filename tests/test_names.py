"""Borrowers whose names nearly agree: against every pair compared, and the kinds of mistake that people make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loan_core.calculation import names as module
from loan_core.calculation.names import is_one_letter_apart, nearly_equal, plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amara Okafor", "amara okafor"),
        ("Amara Okafor", "Okafor, Amara"),
        ("João Almeida", "Joao Almeida"),
        ("Liam O'Connor", "Liam O\u2019Connor"),
        ("Liam O'Connor", "Liam OConnor"),
        ("Amara Okafor", "Amara Okafo"),
        ("Amara Okafor", "Amara Okaffor"),
        ("Amara Okafor", "Amara Okafar"),
        ("Amara Okafor", "Amara Oakfor"),
        ("Amara  Okafor", "Amara Okafor"),
        ("Client 1041", "client-1041"),
    ],
)
def test_one_name_in_two_spellings_is_found(one, other):
    assert nearly_equal([one, "Somebody Else", other, one]) == [tuple(sorted((one, other)))]


@pytest.mark.parametrize(
    "names",
    [
        ["Amara Okafor", "Amara Okafor"],
        ["Amara Okafor", "Amara Otieno"],
        ["Amara Okafor", "Amaru Okafar"],
        # Numbers name different people, and so do short names.
        ["Client 1041", "Client 1042"],
        ["Li", "Lu"],
        ["Chen", "Chan"],
        ["", " ", "-"],
        [],
    ],
)
def test_different_people_are_not_found(names):
    assert nearly_equal(names) == []


def distance(one: str, two: str) -> int:
    """Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbors."""
    rows = [list(range(len(two) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            best = min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


words = st.text("abc", min_size=1, max_size=7)


@given(words, words)
def test_one_letter_apart_is_a_distance_of_one(one, two):
    assert is_one_letter_apart(one, two) == (distance(one, two) == 1)


@given(st.lists(words, max_size=12))
def test_pairs_are_all_those_that_comparing_each_with_each_finds(written):
    distinct = sorted(set(written))
    expected = [
        (one, two)
        for at, one in enumerate(distinct)
        for two in distinct[at + 1 :]
        if min(len(one), len(two)) >= 5 and distance(one, two) == 1
    ]
    assert nearly_equal(written) == expected


def test_a_shortening_that_many_share_costs_no_more_than_some(monkeypatch):
    monkeypatch.setattr(module, "MOST_IN_A_FILE", 3)
    # 26 names that all lack their first letter alike.
    assert len(nearly_equal(f"{chr(97 + at)}wanjiru" for at in range(26))) <= 3


def test_a_name_is_its_words_in_any_order():
    assert plain("  Sofía-María  DE LA Cruz ") == "cruz de la maria sofia"
