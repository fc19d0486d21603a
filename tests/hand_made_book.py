"""A book of twelve loans whose every figure can be worked out by hand. It is asked about 2026-06-30.

No interest but on the tenth loan; 100.00 a month but where it says otherwise.
"""

from datetime import date

from loan_core.calculation.dates import Frequency
from tests.by_definition import Loan
from tests.random_books import Came, Held

AS_OF = date(2026, 6, 30)

BORROWERS = ["Amara", "Amara", "Chen", "Diego", "Elif", "Farida", "Grace", "Hassan", "", "Ingrid", "João", ""]


def on(month: int, day: int, amount: int) -> Came:
    return Came(date(2026, month, day), amount)


def lent(principal: int, periods: int, month: int, day: int, *received: Came, **also: object) -> Held:
    return Held(Loan(principal, also.pop("ppm", 0), periods, start_on=date(2026, month, day), **also), received)


BOOK = [
    # 1 pays each on its day: 100.00 left.
    lent(600_00, 6, 1, 1, *(on(month, 1, 100_00) for month in range(2, 7))),
    # 2 paid all of it early.
    lent(300_00, 3, 1, 1, on(1, 20, 300_00)),
    # 3 paid the first of four and stopped: due 15 March, April and May.
    lent(400_00, 4, 1, 15, on(2, 15, 100_00)),
    # 4 paid April's ten days late, May's on its day, June's not.
    lent(1_200_00, 12, 3, 1, on(4, 11, 100_00), on(5, 1, 100_00)),
    # 5 paid the first of two; the second fell due on 10 May.
    lent(200_00, 2, 3, 10, on(4, 10, 100_00)),
    # 6 paid the first of five; the second fell due on 20 April, the last falls due on 20 July.
    lent(500_00, 5, 2, 20, on(3, 20, 100_00)),
    # 7 is weekly, 25.00 due on 8, 15, 22 and 29 May: early, ten days late, three days late, 32 days late.
    lent(100_00, 4, 5, 1, on(5, 6, 25_00), on(5, 25, 50_00), on(6, 30, 25_00), frequency=Frequency.WEEKLY),
    # 8 owes nothing before 5 July.
    lent(600_00, 6, 6, 5),
    # 9 has not begun.
    lent(300_00, 3, 7, 15),
    # 10 bears 2 % a month: 94.56 in May (20.00 interest) and in June (18.51), of which 50.00 came in.
    lent(1_000_00, 12, 4, 1, on(5, 1, 94_56), on(6, 1, 50_00), ppm=240_000),
    # 11 paid May's on its day; the money went back on 10 June.
    lent(200_00, 2, 4, 1, on(5, 1, 100_00), on(6, 10, -100_00)),
    # 12 paid 120.00 on the day that 100.00 fell due.
    lent(100_00, 1, 5, 20, on(6, 20, 120_00)),
]
