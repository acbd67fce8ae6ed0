"""Charts: results in, plotly figures out. No Streamlit, no arithmetic beyond what drawing needs."""
