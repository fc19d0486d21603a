"""What of each installment is principal and what is interest: a table in, a figure out."""

import pandas as pd

from loan_core import currency
from pages._charts import ROLES, Chart, money_ticks, template
from pages._look import counted, day, money

SCHEDULE_HEIGHT = 220


def schedule_chart(installments: pd.DataFrame, code: str, mode: str) -> Chart:
    """What of each installment is principal and what is interest, stacked."""
    role, count = ROLES[mode], len(installments)
    top = installments["due"].max() / 10 ** currency(code).exponent
    units = 10 ** currency(code).exponent
    bars = [
        {
            "type": "bar",
            "x": installments["number"].to_numpy(),
            "y": installments[part].to_numpy() / units,
            "name": part.capitalize(),
            "marker": {"color": color, "line": {"width": 0}},
            "text": [money(amount, code) for amount in installments[part]],
            "textposition": "none",
            "hovertemplate": f"{part.capitalize()} %{{text}}<extra></extra>",
        }
        for part, color in (("principal", role["actual"]), ("interest", role["interest"]))
    ]
    return {
        "data": bars,
        "layout": {
            "template": template(role),
            "height": SCHEDULE_HEIGHT,
            "barmode": "stack",
            # Hundreds of bars with gaps between them would flicker.
            "bargap": 0.3 if count <= 60 else 0,
            "showlegend": True,
            "legend": {
                "orientation": "h",
                "traceorder": "normal",
                "y": 1.02,
                "yanchor": "bottom",
                "itemclick": False,
                "itemdoubleclick": False,
            },
            "xaxis": {
                # A loan of one installment is a bar too, not a wall.
                "range": [0.4, max(count, 6) + 0.6],
                "tickvals": list(range(1, count + 1, -(-count // 12))),
                "unifiedhovertitle": {"text": "Installment %{x}"},
            },
            "yaxis": {"range": [0, max(top, 1e-9) * 1.02], **money_ticks(max(top, 1e-9), code)},
        },
    }


def schedule_sentence(installments: pd.DataFrame, code: str) -> str:
    """The same chart for who cannot see it."""
    first, last = installments.iloc[0], installments.iloc[-1]
    return (
        f"Stacked bars of {counted(len(installments), 'installment')}, principal and interest. "
        f"The first, on {day(first['due_on'])}, has {money(first['interest'], code)} interest; "
        f"the last, on {day(last['due_on'])}, {money(last['interest'], code)}."
    )
