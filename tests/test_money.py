"""Money in whole minor units: the one rounding against exact fractions, sums beyond int64, and currencies."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loan_core.calculation.dates import PERIODS_PER_YEAR
from loan_core.calculation.money import CURRENCIES, LARGEST, Currency, share, share_up, total
from tests.by_definition import HIGHEST_RATE_PPM, LONGEST, half_up

INT64 = np.iinfo(np.int64)

ROUNDINGS = pytest.mark.parametrize(("rounded", "exactly"), [(share, half_up), (share_up, ceil)], ids=["half_up", "up"])

amounts = st.one_of(st.integers(0, LARGEST), st.integers(0, 10**6), st.sampled_from([LARGEST - 1, LARGEST]))
rates = st.one_of(st.integers(0, HIGHEST_RATE_PPM), st.sampled_from([0, 1, HIGHEST_RATE_PPM]))
periods = st.integers(1, LONGEST)
years = st.sampled_from([int(each) * 10**6 for each in PERIODS_PER_YEAR])

# What a share is ever asked for: interest of a period, flat interest of them all, an equal part.
shares = st.one_of(
    st.tuples(rates, years),
    st.builds(lambda rate, n, year: (rate * n, year), rates, periods, years),
    periods.map(lambda n: (1, n)),
)


@ROUNDINGS
@given(amount=amounts, part=shares)
@example(amount=LARGEST, part=(HIGHEST_RATE_PPM * LONGEST, 4 * 10**6))
@example(amount=LARGEST - 1, part=(HIGHEST_RATE_PPM * LONGEST, 52 * 10**6))
def test_rounding_equals_the_exact_fraction_for_one_amount(rounded, exactly, amount, part):
    numerator, denominator = part
    expected = exactly(Fraction(amount * numerator, denominator))
    assert rounded(amount, numerator, denominator) == expected
    assert int(rounded(np.int64(amount), np.int64(numerator), np.int64(denominator))) == expected


@ROUNDINGS
@given(rows=st.lists(st.tuples(amounts, shares), min_size=1, max_size=20))
@example(rows=[(LARGEST, (HIGHEST_RATE_PPM * LONGEST, 4 * 10**6)), (0, (0, 1))])
def test_rounding_equals_the_exact_fraction_for_a_column(rounded, exactly, rows):
    columns = np.array([(amount, *part) for amount, part in rows], dtype=np.int64).T
    answer = rounded(*columns)
    assert answer.dtype == np.int64
    assert answer.tolist() == [exactly(Fraction(amount * up, down)) for amount, (up, down) in rows]


# An odd numerator over an even denominator: an exact half for many amounts, and next to one for the others.
@ROUNDINGS
@given(amount=st.integers(0, 2 * LARGEST // 3), odd=st.integers(0, 50), denominator=st.sampled_from([2, 4, 6, 200]))
def test_an_exact_half_is_rounded_like_the_exact_fraction(rounded, exactly, amount, odd, denominator):
    numerator = 2 * odd + 1
    assert rounded(amount, numerator, denominator) == exactly(Fraction(amount * numerator, denominator))


# 0.5 and 2.5 are 0 and 2 when halves go to the even neighbour, as Python's round and NumPy's do.
@pytest.mark.parametrize(("amount", "half_rounded_up"), [(1, 1), (3, 2), (5, 3), (7, 4)])
def test_a_half_goes_up_and_never_to_the_even_neighbour(amount, half_rounded_up):
    assert share(amount, 1, 2) == share_up(amount, 1, 2) == half_rounded_up


@given(column=st.lists(st.integers(INT64.min, INT64.max), max_size=50))
@example(column=[INT64.max] * 3)
@example(column=[INT64.min] * 3)
@example(column=[-1])
def test_a_total_is_exact_beyond_int64(column):
    assert total(np.array(column, dtype=np.int64)) == sum(column)


def test_a_total_is_a_plain_int_whatever_it_sums():
    assert type(total([LARGEST] * 3)) is int
    assert total(np.empty(0, dtype=np.int64)) == 0


# ISO 4217, list one: every currency whose minor unit is not the hundredth.
NOT_HUNDREDTHS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


def test_every_currency_has_the_decimals_of_iso_4217():
    exponents = {code: exponent for exponent, codes in NOT_HUNDREDTHS.items() for code in codes.split()}
    assert {code: each.exponent for code, each in CURRENCIES.items()} == dict.fromkeys(CURRENCIES, 2) | exponents
    assert {"USD", "EUR", "GBP", "INR", "KES", "NGN", "CNY", "MXN", "CZK"} < CURRENCIES.keys() - exponents.keys()


@given(amount=st.integers(-LARGEST, LARGEST), code=st.sampled_from(sorted(CURRENCIES)))
def test_minor_units_survive_the_way_to_major_units_and_back(amount, code):
    currency = CURRENCIES[code]
    major = currency.major(amount)
    assert currency.minor(major) == amount
    assert -major.as_tuple().exponent == currency.exponent
    assert Fraction(major) == Fraction(amount, 10**currency.exponent)


@pytest.mark.parametrize(("code", "written"), [("JPY", "9450"), ("USD", "94.50"), ("KWD", "9.450")])
def test_major_units_show_all_decimals_of_the_currency(code, written):
    assert str(CURRENCIES[code].major(9450)) == written


@pytest.mark.parametrize(("code", "finer"), [("JPY", "0.5"), ("USD", "0.001"), ("KWD", "1.0005")])
def test_an_amount_finer_than_its_currency_is_refused_and_not_rounded(code, finer):
    with pytest.raises(ValueError, match=f"{CURRENCIES[code].exponent} decimals"):
        CURRENCIES[code].minor(Decimal(finer))


def test_every_currency_says_its_code_and_its_name():
    assert all(code == currency.code and len(code) == 3 for code, currency in CURRENCIES.items())
    assert all(currency.name and isinstance(currency, Currency) for currency in CURRENCIES.values())
