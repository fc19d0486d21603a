"""The day by steps: a month's end back, a month's end on, or one after the other as a film.

Buttons and no slider: Streamlit writes a slider's value in the primary color, in dark 3.90:1 where text needs 4.5, and
no option of it changes that; left out, it would be left out for who hears the page as well.
"""

from datetime import date, timedelta

import streamlit as st

from pages._address import as_of
from pages._desk import book
from pages._look import day

SECONDS_A_MONTH = 1.0


def end_before(when: date) -> date:
    """The last day of the month before."""
    return when.replace(day=1) - timedelta(days=1)


def end_after(when: date, today: date) -> date:
    """The next last day of a month; today, where that comes first."""
    next_month = (when + timedelta(days=1)).replace(day=1) + timedelta(days=31)
    return min(next_month.replace(day=1) - timedelta(days=1), today)


def step_through_time() -> None:
    """The control, for a page whose figures are of ``as_of``. It moves the day in the URL."""
    today, is_playing = book().today(), _goes_on()
    is_over = as_of() >= today
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        back, on = end_before(as_of()), end_after(as_of(), today)
        st.button(
            "Back", icon=":material/skip_previous:", on_click=_turn_to, args=(back,), help=f"To {day(back)}", key="back"
        )
        if is_playing:
            st.button("Stop", icon=":material/stop:", on_click=_stop, key="stop")
        else:
            st.button(
                "Play",
                icon=":material/play_arrow:",
                on_click=_play,
                disabled=is_over,
                help="A month's end a second, up to today. Anything else that you do stops it.",
                key="play",
            )
        st.button(
            "Forward",
            icon=":material/skip_next:",
            icon_position="right",
            on_click=_turn_to,
            args=(on,),
            disabled=is_over,
            help="This is today." if is_over else f"To {day(on)}",
            key="forward",
        )
        st.markdown(f"**{day(as_of())}**", width="content")
    if is_playing:
        st.session_state.film["is drawn"] = True
        _turn_the_page()


def _turn_to(when: date) -> None:
    st.query_params["as_of"] = when.isoformat()


def _play() -> None:
    st.session_state.film = {"came by itself": True} | _seen()


def _stop() -> None:
    st.session_state.pop("film", None)


def _seen() -> dict[str, dict[str, str]]:
    return {"seen": st.query_params.to_dict()}


def _goes_on() -> bool:
    """Whether a film is on: only as long as every run of the page was asked for by the film, and until today."""
    film = st.session_state.get("film", {})
    came_by_itself = film.pop("came by itself", False) and film["seen"] == st.query_params.to_dict()
    if came_by_itself and as_of() < book().today():
        return True
    _stop()
    return False


@st.fragment(run_every=SECONDS_A_MONTH)
def _turn_the_page() -> None:
    film = st.session_state.get("film")
    # Its first run is that of the page it stands on; the others are the clock's. A late one may follow a stop.
    if film is None or film.pop("is drawn", False):
        return
    _turn_to(end_after(as_of(), book().today()))
    st.session_state.film = {"came by itself": True} | _seen()
    st.rerun(scope="app")
