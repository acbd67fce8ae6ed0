"""The rival of `drag.py`: a slider and the usual chart of three curves by a formula. Nothing is simulated, nothing else is here."""

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

DEPTH = 50

st.set_page_config(layout="wide")
weight_variance = st.sidebar.slider("Weight variance σ_w²", 0.0, 5.0, 1.5, 0.01)
layers = list(range(1, DEPTH + 1))
figure = make_subplots(3, 1, shared_xaxes=True)
for row in (1, 2, 3):
    figure.add_trace(go.Scatter(x=layers, y=[weight_variance ** (layer / row) for layer in layers], mode="lines+markers"), row=row, col=1)
figure.update_yaxes(type="log")
st.plotly_chart(figure, height=560)
