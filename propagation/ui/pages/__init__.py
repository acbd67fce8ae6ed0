"""The pages: each is declared here once and has a module in this folder. Nothing here needs Streamlit before a page is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from propagation.config import Config

#: the parameter that names a page on hosts of files, which know no paths: `?page=phase`
PARAMETER = "page"
#: the page that opens an address with an experiment and no path
EXPERIMENTS = "explore"


@dataclass(frozen=True)
class PageSpec:
    """A page: where it is found, how the menu shows it, and what it needs.

    slug: its path, one lower-case word, and the name of its module unless `module` says another.
    parameters: what it reads and writes in the address, beside the fields of Config.
    shows_controls: whether the app draws the controls beside it. Explore draws them itself, as soon as its answer stands.
    own_networks: whether it runs networks of its own, whatever the visitor's experiment is, so that no question is asked first.
    kept_here: those of its parameters that stand in its own address alone, and come back to it: they are too long for any other.
    shows_experiment: whether its address says the experiment.
    """

    slug: str
    title: str
    icon: str
    section: str
    parameters: tuple[str, ...] = ()
    shows_controls: bool = True
    own_networks: bool = False
    shows_experiment: bool = True
    module: str = ""
    kept_here: tuple[str, ...] = ()

    @property
    def charts_experiment(self) -> bool:
        """Return whether its charts are of the visitor's experiment, not of networks of its own or of several that are compared."""
        return not self.own_networks and not {"columns", "paper"} & {*self.parameters}

    def render(self, config: Config) -> None:
        """Draw the page; its module is imported when it is first asked for."""
        import_module(f"{__name__}.{self.module or self.slug}").render(config)


_FIRST, _EXPERIMENT, _INSIDE, _LEARN = "", "Experiment", "Look inside", "Learn"
#: which number format is looked at, on pages of sizes
_FORMAT = ("format", "loss_scale")
#: what is compared, or raced: initializations or architectures, and which
_COMPARED = ("columns", "compared", "networks")
#: in the order of the menu, where pages without a section stand by themselves; the first is the one that the app opens with
PAGES = (
    PageSpec("start", "Start", ":material/home:", _FIRST, shows_controls=False, own_networks=True, shows_experiment=False),
    PageSpec("gains", "Choose an init", ":material/tune:", _FIRST, ("framework", "one_layer")),
    PageSpec("explore", "Explore", ":material/show_chart:", _EXPERIMENT, ("view", "over", "weights", *_FORMAT), shows_controls=False),
    PageSpec("phase", "Order and chaos", ":material/map:", _EXPERIMENT, ("plane",)),
    PageSpec("trainability", "Trainability map", ":material/grid_on:", _EXPERIMENT, ("map",)),
    PageSpec(
        "compare",
        "Compare",
        ":material/compare_arrows:",
        _EXPERIMENT,
        (*_COMPARED, "measured", *_FORMAT),
        kept_here=("measured",),
    ),
    PageSpec("race", "Training race", ":material/sports_score:", _EXPERIMENT, (*_COMPARED, "rate", "momentum", "steps", "lane")),
    PageSpec("whose", "Variance of what?", ":material/stacked_bar_chart:", _INSIDE, ("signal", "whose"), module="variance_decomposition"),
    PageSpec("angles", "Angles", ":material/hub:", _INSIDE, ("layer",)),
    PageSpec("distributions", "Distributions", ":material/area_chart:", _INSIDE, ("signal", "scale", "place")),
    PageSpec("spectrum", "Spectrum", ":material/equalizer:", _INSIDE, ("at",)),
    PageSpec("width", "Width", ":material/width:", _INSIDE),
    PageSpec(
        "network",
        "Your network",
        ":material/monitor_heart:",
        _INSIDE,
        ("report", "example", "blocks", *_FORMAT),
        shows_controls=False,
        own_networks=True,
        kept_here=("report",),
    ),
    PageSpec("lesson", "Lesson", ":material/school:", _LEARN, ("step", "language"), shows_controls=False, own_networks=True),
    PageSpec("myths", "Myths", ":material/gavel:", _LEARN, shows_controls=False, own_networks=True),
    PageSpec("papers", "Papers", ":material/article:", _LEARN, ("paper", "signal"), shows_controls=False, own_networks=True),
)
#: the parameter that says "1" where the app is presented in a hall
PRESENT = "present"
#: all that pages read and write in the address, each name once
PARAMETERS = (PRESENT, *dict.fromkeys(name for page in PAGES for name in page.parameters))
#: parameter → the page in whose address alone it stands
KEPT_BY = {name: page.slug for page in PAGES for name in page.kept_here}
