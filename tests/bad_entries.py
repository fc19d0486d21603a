"""What somebody types who types it wrong; what is wrong with it, in words, and what would be right."""

PLAIN = "Write plain digits, such as 1000.00."
POSITIVE = "Write the amount as a positive number: 1000.00."
MOST = "Write at most 100000000000.00."
ISO_DAY = "Write year-month-day, such as 2024-01-31."

# What was typed as an amount of US dollars; what is wrong with it; what would be right.
AMOUNTS = [
    ("0", "0 is not more than zero.", POSITIVE),
    ("0.00", "0.00 is not more than zero.", POSITIVE),
    ("-0", "-0 is not more than zero.", POSITIVE),
    ("-5", "-5 is not more than zero.", POSITIVE),
    ("-1.005", "-1.005 is not more than zero.", POSITIVE),
    ("1.005", "US dollars have 2 decimals: 1.005 has 3.", "Write 1.01 or 1.00."),
    ("0.001", "US dollars have 2 decimals: 0.001 has 3.", "Write 0.01."),
    ("1000.000", "US dollars have 2 decimals: 1000.000 has 3.", "Write 1000.00."),
    ("1." + "0" * 50, f"US dollars have 2 decimals: 1.{'0' * 50} has 50.", "Write 1.00."),
    ("100000000000.01", "100000000000.01 is more than a loan book holds.", MOST),
    ("9" * 30 + ".123", "9" * 30 + ".123 is more than a loan book holds.", MOST),
    ("8" * 10_000, "8" * 59 + "… is more than a loan book holds.", MOST),
    ("1,000.00", "1,000.00 is not a plain number.", "Write it without separators: 1000.00."),
    ("1 000", "1 000 is not a plain number.", "Write it without separators: 1000."),
    ("1\u202f000\u202f000.5", "1 000 000.5 is not a plain number.", "Write it without separators: 1000000.5."),
    ("1'000", "1'000 is not a plain number.", "Write it without separators: 1000."),
    ("1,00,000.00", "1,00,000.00 is not a plain number.", "Write it without separators: 100000.00."),
    ("1,50", "1,50 is not a plain number.", "Write a point before the decimals: 1.50."),
    ("1.000,00", "1.000,00 is not a plain number.", "Write a point before the decimals: 1000.00."),
    ("NaN", "NaN is not an amount.", PLAIN),
    ("Infinity", "Infinity is not an amount.", PLAIN),
    ("-inf", "-inf is not an amount.", PLAIN),
    ("1e5", "1e5 is not an amount.", PLAIN),
    ("+5", "+5 is not an amount.", PLAIN),
    ("--5", "--5 is not an amount.", PLAIN),
    ("0x10", "0x10 is not an amount.", PLAIN),
    ("1_000", "1_000 is not an amount.", PLAIN),
    ("\uff15", "\uff15 is not an amount.", PLAIN),
    ("٣", "٣ is not an amount.", PLAIN),
    ("½", "½ is not an amount.", PLAIN),
    ("1/2", "1/2 is not an amount.", PLAIN),
    ("1.2.3", "1.2.3 is not an amount.", PLAIN),
    (".", ". is not an amount.", PLAIN),
    ("-", "- is not an amount.", PLAIN),
    ("$5", "$5 is not an amount.", PLAIN),
    ("5 USD", "5 USD is not an amount.", PLAIN),
    ("💰", "💰 is not an amount.", PLAIN),
    ("=1+1", "=1+1 is not an amount.", PLAIN),
    ("x" * 10_000, "x" * 59 + "… is not an amount.", PLAIN),
    # What cannot be seen is shown, and what would break the sentence, or the reader's terminal, does not reach it.
    ("5\u200f", r"5\u200f is not an amount.", PLAIN),
    ("\ufeff5", r"\ufeff5 is not an amount.", PLAIN),
    ("1\n2", "1 2 is not an amount.", PLAIN),
    ("\x1b[31m5", r"\x1b[31m5 is not an amount.", PLAIN),
]

DAYS = [
    ("31/01/2024", "31/01/2024 is not a date.", ISO_DAY),
    ("2024-1-31", "2024-1-31 is not a date.", ISO_DAY),
    ("20240131", "20240131 is not a date.", ISO_DAY),
    ("2024-W05-3", "2024-W05-3 is not a date.", ISO_DAY),
    ("2024-01-31T00:00:00", "2024-01-31T00:00:00 is not a date.", ISO_DAY),
    ("45322", "45322 is not a date.", ISO_DAY),
    ("\uff12024-01-31", "\uff12024-01-31 is not a date.", ISO_DAY),
    ("yesterday", "yesterday is not a date.", ISO_DAY),
    ("2023-02-29", "There is no day 2023-02-29.", "Write a day of the calendar, such as 2024-01-31."),
    ("2024-13-01", "There is no day 2024-13-01.", "Write a day of the calendar, such as 2024-01-31."),
    ("0000-01-01", "There is no day 0000-01-01.", "Write a day of the calendar, such as 2024-01-31."),
    ("1899-12-31", "1899-12-31 is too far away.", "Write a day from 1900-01-01 to 2199-12-31."),
    ("2200-01-01", "2200-01-01 is too far away.", "Write a day from 1900-01-01 to 2199-12-31."),
]

NO_PERIODS = ["0", "601", "1.5", "-1", "12.0", "1e1", "+5", "0x10", "1_0", "٣", "\uff11", "NaN", "9999999", "a year"]

TEXTS = [
    ("reference", "x" * 101, "The text has 101 characters.", "Write at most 100."),
    ("note", "x" * 10_000, "The text has 10,000 characters.", "Write at most 2,000."),
    ("reference", "A\nB", "The text has a line break.", "Write it on one line."),
    ("reference", "A\rB", "The text has a line break.", "Write it on one line."),
]
