"""Link: a report as the text of an address: compact JSON, compressed by zlib, in base64 for addresses without padding, and back."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from propagation.reports.read import MOST_BYTES, ReportError, read
from propagation.reports.report import FORMAT, VERSION, WATCHED, Module, Moments, Report, Spread

#: the parameter of an address that holds a report
PARAMETER = "report"
#: digits behind the point of the logarithms in a link; those of weights and biases say which rule they follow
_DIGITS, _DIGITS_OF_WEIGHTS = 2, 3
_BASE64 = re.compile(r"[A-Za-z0-9_-]+")


def decode(text: str) -> Report:
    """Return the report in the text of an address; no more is decompressed than is read. ReportError, a sentence, where there is none."""
    if not _BASE64.fullmatch(text) or len(text) > 2 * MOST_BYTES:
        raise ReportError("The link holds no report: it was cut, or has characters that no such link has.")
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        opened = zlib.decompressobj()
        found = opened.decompress(packed, MOST_BYTES + 1)
        if len(found) > MOST_BYTES:
            raise ReportError(f"The link holds more than {MOST_BYTES / 1e6:g} MB, and no more is read.")
        if not opened.eof:
            raise ReportError("The link holds a report that breaks off: it was cut on its way.")
        return read(found.decode())
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        raise ReportError("The link holds no report: it was cut or changed on its way.") from None


def taken(text: str) -> Report:
    """Return the report in what a visitor pastes: JSON, a link with a report, or the report of a link alone. ReportError as above."""
    text = text.strip()
    if "://" in text[:20] and not text.startswith("{"):
        reports = parse_qs(urlsplit(text).query).get(PARAMETER) if len(text) <= 2 * MOST_BYTES else None
        if not reports:
            raise ReportError("This link holds no report: it has no “?report=”.")
        return decode(reports[-1])
    return decode(text) if len(text) > 100 and _BASE64.fullmatch(text) else read(text)


def encode(report: Report) -> str:
    """Return the report as the text of an address: medians and bands, to three digits behind the point, without means and shapes of W."""
    packed = zlib.compress(json.dumps(_summary(report), separators=(",", ":"), ensure_ascii=False).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _summary(report: Report) -> dict[str, Any]:
    history = report.history
    first = report.first_not_finite
    return _given(
        format=FORMAT,
        version=VERSION,
        summary=True,
        model=report.model,
        framework=report.framework,
        mode=report.mode,
        dtype=report.dtype,
        loss=report.loss,
        batch=[list(shape) for shape in report.batch],
        inputs=report.inputs,
        draws=report.draws,
        parameters=report.parameters,
        notes=list(report.notes),
        modules=[_module(module, place) for place, module in enumerate(report.modules)],
        first_not_finite=first and _given(module=first.module, what=first.what, **{"pass": first.during}, after=first.after),
        history=history
        and {
            "steps": list(history.steps),
            **{key: _curves(getattr(history, key)) for key in WATCHED},
        },
    )


def _module(module: Module, place: int) -> dict[str, Any]:
    said = _given(
        name=module.name,
        type=module.type,
        kind=module.kind,
        call=module.call if module.call > 1 else None,
        frozen=module.frozen,
        never_called=module.never_called,
        functional=module.functional,
        fan_in=module.fan_in,
        fan_out=module.fan_out,
        out_shape=list(module.out_shape),
        activation=module.activation,
        heads=module.heads,
        causal=module.causal,
        same_weights_as=module.same_weights_as,
        tied_to=module.tied_to,
    )
    kept = {name: of for name, of in module.moments.items() if name != "in" or place == 0}  # what a module is given, another gives out
    shares = {name: float(f"{share:.2g}") for name, share in module.shares.items() if share}
    return said | {name: _moments(name, of) for name, of in kept.items()} | shares


def _moments(name: str, of: Moments) -> dict[str, Any]:
    """The second moment; of weights, which hardly differ from draw to draw, the median alone, and where they have a mean the variance."""
    if name not in ("weight", "bias"):
        return {"log10_second_moment": _list(of.log10_second_moment, _DIGITS)}
    size = _list(of.log10_second_moment, _DIGITS_OF_WEIGHTS)[:1]
    variance = None if of.log10_variance is None else _list(of.log10_variance, _DIGITS_OF_WEIGHTS)[:1]
    apart = variance is not None and variance != size
    return {"log10_second_moment": size} | ({"log10_variance": variance} if apart else {})


def _given(**said: Any) -> dict[str, Any]:
    """What there is to say: without what is empty."""
    return {name: value for name, value in said.items() if value not in (None, "", [], False, {}) or (name == "causal" and value is False)}


def _list(spread: Spread, digits: int) -> list[Any]:
    """Median and ends of the band, or one number where they are one."""
    values = ["zero" if value == -math.inf else round(value, digits) if math.isfinite(value) else None for value in spread]
    return values if len({*values}) > 1 else values[:1]


def _curves(curves: Mapping[str, tuple[float, ...]]) -> dict[str, list[float | None]]:
    return {name: [float(f"{value:.3g}") if math.isfinite(value) else None for value in values] for name, values in curves.items()}
