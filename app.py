"""The dashboard: `streamlit run app.py`, or `make app`."""

from pages.common import frame

frame.draw()
