"""Papers: one file for each says how it is repeated and drawn, one table of assets/papers.toml what it says."""

from __future__ import annotations

from propagation.papers import (
    bachlechner,
    brock,
    cowsik,
    de,
    dong,
    doshi,
    glorot,
    hanin,
    hayou,
    he,
    kumar,
    luther,
    micikevicius,
    noci,
    poole,
    pretorius,
    saxe,
    schoenholz,
    wang,
    xiao,
    xiong,
    yang2017,
    yang2019,
    zhang,
)

#: by their names in the data file, in the order of their years
PAPERS = {
    paper.name: paper
    for paper in (
        glorot.PAPER,
        saxe.PAPER,
        he.PAPER,
        poole.PAPER,
        schoenholz.PAPER,
        kumar.PAPER,
        yang2017.PAPER,
        hanin.PAPER,
        micikevicius.PAPER,
        pretorius.PAPER,
        xiao.PAPER,
        luther.PAPER,
        zhang.PAPER,
        yang2019.PAPER,
        de.PAPER,
        bachlechner.PAPER,
        xiong.PAPER,
        hayou.PAPER,
        brock.PAPER,
        dong.PAPER,
        noci.PAPER,
        wang.PAPER,
        doshi.PAPER,
        cowsik.PAPER,
    )
}
