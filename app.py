"""The dashboard: `streamlit run app.py`, or `make app`."""

import streamlit as st

if __name__ == "__main__":  # a visitor's page
    from pages.common import frame

    frame.draw()
else:  # the server itself, which imports this file once
    from pages.server import wall as served

    # First, since it is what tells Streamlit whose .streamlit folder to read.
    app = st.App(__file__, middleware=served.middleware(), lifespan=served.lifespan)
    served.check()
