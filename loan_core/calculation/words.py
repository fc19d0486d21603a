"""Numbers in words."""


def counted(number: int, one: str, many: str = "") -> str:
    """``"1 loan"``, ``"10,000 loans"``; ``many``: where it is not ``one`` with an s, ``"2 entries"``."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
