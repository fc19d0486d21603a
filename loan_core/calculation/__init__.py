"""The arithmetic of loans: pure, NumPy only. It knows no Loan, no clock, no database, no settings.

The last axis counts installments, any axes before it are loans: one loan has none of those, a book has one. Money is
``int64`` minor units, a rate is parts per million a year, a date is ``datetime64[D]``.
"""
