"""Draw the pictures of the README anew: ``python notebooks/pictures/make.py`` writes them beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas
from matplotlib.figure import Figure

from mixtures import (
    Categorical,
    Exponential,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    ZeroInflated,
    datasets,
)

FOLDER = Path(__file__).resolve().parent
DPI = 100
SMALL = {"figsize": (3.6, 3.2), "layout": "constrained"}  # of the gallery: five pictures beside each other
LARGE_LETTERS = {"font.size": 13.0}


def old_faithful(folder: Path) -> None:
    """EM on the waiting times of a geyser, from a bad start."""
    start = MixtureModel({"short": Normal(70, 15), "long": Normal(75, 15)})
    waiting = pandas.Series(datasets.load("old_faithful")["waiting"], name="waiting time (min)")
    start.plot.animate(waiting, fps=3).save(folder / "old_faithful.gif")


def penguins(folder: Path) -> None:
    """Four measures of three species, found without their names."""
    table = datasets.load("penguins")
    labels = ["bill length (mm)", "bill depth (mm)", "flipper length (mm)", "body mass (g)"]
    names = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    measured = table["bill_length_mm"] == table["bill_length_mm"]
    rows = [[table[name][i] for name in names] for i in range(len(table)) if measured[i]]
    model = MixtureModel(MultivariateNormal(), n_components=3, covariance="EEE").fit(rows)
    axes = Figure(figsize=(8, 8), layout="constrained").subplots(4, 4)
    model.plot(rows, ax=axes)
    for label, ax, left in zip(labels, axes[-1], axes[:, 0], strict=True):
        ax.set_xlabel(label)
        if left is not axes[0, 0]:
            left.set_ylabel(label)
    axes[0, 0].figure.savefig(folder / "penguins.png", dpi=DPI)


def satellites(folder: Path) -> None:
    """Male crabs around a female: too many have none for a Poisson distribution."""
    crabs = datasets.load("horseshoe_crabs")
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for ax, components in zip(
        figure.subplots(1, 2, sharey=True), ([Poisson()], [ZeroInflated(Poisson()), Poisson()]), strict=True
    ):
        model = MixtureModel(components).fit(crabs["satellites"], sample_weight=crabs["females"])
        model.plot.rootogram(crabs["satellites"], sample_weight=crabs["females"], ax=ax)
        bic = model.bic(crabs["satellites"], crabs["females"])
        ax.set(title=f"{' + '.join(model.names)}, BIC {bic:.0f}", xlabel="satellites")
    figure.savefig(folder / "satellites.png", dpi=DPI)


# -------------------------------------------------------------------------------- one picture for each notebook


def what_a_mixture_is() -> Any:
    """Two bells and their sum over the heights of people."""
    heights = datasets.load("galton_heights")["height_cm"]
    ax = Figure(**SMALL).subplots()
    MixtureModel([Normal(), Normal()]).fit(heights).plot(heights, ax=ax)
    ax.set(xlabel="height (cm)", ylabel="", yticks=[])
    return ax


def em_by_hand() -> Any:
    """Two steps of EM, each to the top of a bound that touches the log-likelihood."""
    heights = datasets.load("galton_heights")["height_cm"]
    start = MixtureModel({"shorter": Normal(163, 6), "taller": Normal(165, 6)}, weights=[0.54, 0.46])
    ax = start.plot.bound(heights, "taller.mean", values=(160, 186), ax=Figure(**SMALL).subplots())
    ax.set(xlabel="mean of a bell (cm)", ylabel="log-likelihood", yticks=[])
    return ax


def k_means_is_hard_em() -> Any:
    """Equal spheres on a geyser's eruptions: colours fade where the nearest one is not certain."""
    geyser = datasets.load("old_faithful")
    eruptions = np.asarray(geyser)
    scaled = (eruptions - eruptions.mean(axis=0)) / eruptions.std(axis=0)
    spheres = [MultivariateNormal(mean, 0.25 * np.eye(2)) for mean in ([-1.3, -1.2], [0.7, 0.7])]
    ax = MixtureModel(spheres, weights=[0.5, 0.5]).plot.decision_regions(scaled, ax=Figure(**SMALL).subplots())
    ax.set(xlabel="eruption (scaled)", ylabel="waiting time (scaled)", xticks=[], yticks=[])
    return ax


def different_curves() -> Any:
    """Waits between disasters: two exponentials are straight lines on this axis, their sum is bent."""
    waits = datasets.load("coal_disasters")["days"][1:]
    model = MixtureModel({"often": Exponential(), "seldom": Exponential()}).fit(waits)
    ax = model.plot.survival(waits, ax=Figure(**SMALL).subplots())
    ax.set(xlabel="days between disasters", ylabel="share that is longer")
    return ax


def mixed_tables() -> Any:
    """Cards of six kinds of penguins: two measures and a word."""
    table = pandas.DataFrame(dict(datasets.load("penguins"))).drop(columns="species")
    measures = {name: Normal() for name in table.columns[1:5]}
    kind = Product({"island": Categorical(smoothing=1), **measures, "sex": Categorical(smoothing=1)})
    model = MixtureModel(kind, n_components=6, n_init=20).fit(table)
    shown = {"bill_length_mm": "bill (mm)", "body_mass_g": "mass (g)", "sex": ""}
    axes = model.plot.profiles(table, columns=list(shown), ax=Figure(**SMALL).subplots(6, 3))
    for ax in axes.flat:
        ax.set(title="", ylabel="")
    for ax, name in zip(axes[-1], shown.values(), strict=True):
        ax.set(xlabel=name, xticks=[])
    axes[-1, 2].set(xticks=[0, 1], xticklabels=["f", "m"])
    return axes[0, 0]


GALLERY = {
    "01_what_a_mixture_is": what_a_mixture_is,
    "02_em_by_hand": em_by_hand,
    "03_k_means_is_hard_em": k_means_is_hard_em,
    "04_different_curves": different_curves,
    "05_mixed_tables": mixed_tables,
}


def gallery(folder: Path) -> None:
    """One picture for each notebook, under its name, with letters that can be read when it is small."""
    with mpl.rc_context(LARGE_LETTERS):
        for name, draw in GALLERY.items():
            ax = draw()
            if ax.get_legend() is not None:
                ax.get_legend().remove()
            ax.figure.savefig(folder / f"{name}.png", dpi=DPI)


if __name__ == "__main__":
    for draw in (old_faithful, penguins, satellites, gallery):
        draw(FOLDER)
