"""Draw the pictures of the README anew: ``python notebooks/pictures/make.py`` writes them beside this file."""

from __future__ import annotations

from pathlib import Path

import pandas
from matplotlib.figure import Figure

from mixtures import MixtureModel, MultivariateNormal, Normal, Poisson, ZeroInflated, datasets

FOLDER = Path(__file__).resolve().parent
DPI = 100


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


if __name__ == "__main__":
    for draw in (old_faithful, penguins, satellites):
        draw(FOLDER)
