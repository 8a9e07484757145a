"""Independent columns, each with a distribution of its own: the density is the product of theirs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng
from .column import Column
from .conditioning import Places, others
from .data import Array, Mask, as_observations, as_observed, as_rows, is_frame, missing_as_nan, refuse_what_is_no_table
from .domains import Domain
from .errors import InvalidDataError, InvalidParameterError, UnknownParameterError
from .imputation import n_expected
from .outline import Branch, Outline, Path, all_cover, finite_rows, product_domain, spans, split_name, sum_of_log_pdfs

Key = str | tuple[str, ...]


def _as_floats(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return objects as numbers, if that is what they are; else as they are, to be refused where rows are checked."""
    if values.dtype.kind != "O":
        return values
    try:
        return values.astype(float) if not any(isinstance(cell, str) for cell in values.ravel().tolist()) else values
    except (TypeError, ValueError, OverflowError):
        return values


def _settled(part: Distribution) -> Distribution:
    """Return a part that was fitted as one to which its parameters are given: a mixture changes itself instead."""
    outline = part.outline()
    leaves = {path: leaf.distribution for path, leaf in outline.leaves.items()}
    known = {path: choice.proportions for path, choice in outline.choices.items()}
    return part.rebuild((), leaves, {path: shares for path, shares in known.items() if shares is not None})


def _block_diagonal(blocks: Sequence[Array]) -> Array:
    """Return the matrix with these along its diagonal, and zeros elsewhere."""
    whole = np.zeros((sum(map(len, blocks)),) * 2)
    for block, span in zip(blocks, spans([len(block) for block in blocks], len(whole)), strict=True):
        whole[span, span] = block
    return whole


def _named(branch: Branch, name: str, width: int | None) -> Branch:
    """Return a branch of a part with the name of the part; one leaf alone takes all its columns."""
    if len(branch.leaves) == 1:
        return branch._replace(leaves=(branch.leaves[0]._replace(width=width, name=name),))
    return branch._replace(
        leaves=tuple(leaf._replace(name=f"{name}, {leaf.name}" if leaf.name else name) for leaf in branch.leaves)
    )


class Product(Distribution):
    r"""Product of distributions of independent columns: density :math:`\prod_j f_j(x_j)`.

    Parameters
    ----------
    parts : list or dict of Distribution
        One distribution for each column, or for a few neighbouring ones (`MultivariateNormal`). The keys of a dict
        name columns of data frames: a name, or a tuple of names for a part of several columns.

    Notes
    -----
    Within a component of a mixture, independence of the columns is called local independence (latent class and latent
    profile models). `fit` fits each part to its columns. McLachlan & Peel, Finite Mixture Models (2000), ch. 5.

    Examples
    --------
    >>> from distributions import Normal, Poisson
    >>> Product([Normal(), Poisson()]).fit([[1.0, 2], [3.0, 4]])
    Product([Normal(mean=2.0, std=1.0), Poisson(rate=3.0)])
    >>> Product({"height": Normal(170, 8), "children": Poisson(1.5)}).log_pdf([[170.0, 0]]).round(3)
    array([-4.498])
    """

    def __init__(self, parts: Sequence[Distribution] | Mapping[Key, Distribution]) -> None:
        if not isinstance(parts, (Sequence, Mapping)) or isinstance(parts, str) or not parts:
            raise InvalidParameterError(f"Product: parts must be a list or dict of distributions; got {parts!r}")
        named = isinstance(parts, Mapping)
        self.names: tuple[Key, ...] | None = tuple(parts) if isinstance(parts, Mapping) else None
        self._parts: tuple[Distribution, ...] = tuple(parts.values() if isinstance(parts, Mapping) else parts)
        for key, part in zip(self.keys(), self._parts, strict=True):
            if not isinstance(part, Distribution):
                hint = ", an instance: write Normal(), not Normal" if isinstance(part, type) else ""
                raise InvalidParameterError(f"Product: part {key!r} must be a Distribution{hint}; got {part!r}")
            width = 1 if isinstance(key, str) else len(key) if isinstance(key, tuple) else None
            if named and (width is None or (part.n_columns not in (None, width))):
                raise InvalidParameterError(
                    f"Product: part {key!r} describes {part.n_columns} columns: its key must be "
                    "that many names of columns, a tuple for several"
                )

        columns = self.column_names or ()
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            raise InvalidParameterError(
                f"Product: two parts describe the column {twice!r}: the parts of a product have columns of their own"
            )

    # ------------------------------------------------------------------------------------------------- its parts

    @property
    def parts(self) -> list[Distribution] | dict[Key, Distribution]:
        """The parts as they were given: a list, or a dict by name."""
        return list(self._parts) if self.names is None else dict(zip(self.names, self._parts, strict=True))

    def keys(self) -> list[Any]:
        """Return the names of the parts, their places where there are none."""
        return list(range(len(self._parts))) if self.names is None else list(self.names)

    def _with(self, parts: Sequence[Distribution]) -> Self:
        return type(self)(list(parts) if self.names is None else dict(zip(self.names, parts, strict=True)))

    @property
    def _widths(self) -> list[int | None]:
        if self.names is not None:
            return [1 if isinstance(key, str) else len(key) for key in self.names]
        return [part.n_columns for part in self._parts]

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while a part's is unknown."""
        total = 0
        for width in self._widths:
            if width is None:
                return None
            total += width
        return total

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the parts' parameters that have no value yet, such as "height.mean"."""
        return tuple(f"{key}.{name}" for key, part in self.parts_by_name.items() for name in part.unknown)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters of all parts."""
        return sum(part.n_parameters for part in self._parts)

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """Rows whose columns lie in the parts' supports."""
        return product_domain([part.support for part in self._parts], self._widths, self.keys())

    @property
    def marginalises(self) -> bool:
        """Whether rows may have missing (NaN) cells: one of several parts is left out where it has none."""
        return len(self._parts) > 1 or (self.n_columns != 1 and self._parts[0].marginalises)

    def finite_rows(self, rows: Array) -> Array:
        """Return the finite rows that stand for these, shape (n, d)."""
        return finite_rows(self.outline().branches, rows)

    def covers(self, rows: Array) -> Mask:
        """Which rows, shape (n, d), lie in the support, missing cells left out."""
        return all_cover(self._parts, spans(self._widths, rows.shape[1]), rows)

    @property
    def column_names(self) -> tuple[str, ...] | None:
        """The names in the keys, in order; None where the parts have none."""
        if self.names is None:
            return None
        return tuple(name for key in self.names for name in ([key] if isinstance(key, str) else key))

    @property
    def parts_by_name(self) -> dict[str, Distribution]:
        """The parts by their names; by the numbers of their columns, from 1, where they have none."""
        if self.names is not None:
            names = [key if isinstance(key, str) else ", ".join(key) for key in self.names]
        else:
            names = [f"column {place + 1}" for place in range(len(self._parts))]
        return dict(zip(names, self._parts, strict=True))

    def outline(self, path: Path = ()) -> Outline:
        """Return the leaves of the parts; where a part is a mixture, a branch for each combination of components."""
        parts, named = [], []
        for place, (part, width, name) in enumerate(zip(self._parts, self._widths, self.parts_by_name, strict=True)):
            outline = part.outline((*path, str(place)))
            parts.append(outline)
            named.append([_named(branch, name, width) for branch in outline.branches])
        return Outline(
            [Branch.joined(combination) for combination in itertools.product(*named)],
            {path: choice for part in parts for path, choice in part.choices.items()},
            [group for part in parts for group in part.groups],
        )

    def rebuild(self, path: Path, leaves: Mapping[Path, Distribution], proportions: Mapping[Path, Array]) -> Self:
        """Return the product made of other leaves and proportions, by the paths that `outline` gave them."""
        return self._with(
            [part.rebuild((*path, str(place)), leaves, proportions) for place, part in enumerate(self._parts)]
        )

    def freeze(self, *names: str) -> Self:
        """Return a copy in which `fit` leaves parts ("height"), parameters ("height.mean") or all as they are.

        Raises
        ------
        InvalidParameterError
            If there is no such part or parameter.
        UnknownParameterError
            If a parameter to be frozen has no value.
        """
        parts = self.parts_by_name
        for name in names or tuple(parts):
            part, parameter = split_name(name, parts)
            if part is None:
                raise InvalidParameterError(f"Product has no part {name!r}; it has {', '.join(parts)}")
            parts[part] = parts[part].freeze(*[parameter] if parameter else [])
        return self._with(list(parts.values()))

    def require_known(self, purpose: str, names: tuple[str, ...] | None = None) -> None:
        """Raise `UnknownParameterError` if some parameter has no value."""
        if self.unknown:
            raise UnknownParameterError(
                f"{self!r} cannot {purpose}: {', '.join(self.unknown)} unknown. Give values, or fit it to data first."
            )

    # --------------------------------------------------------------------------------- density, estimator, draws

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row's observed cells, shape (n,); NaN for a row without any."""
        self.require_known("give a density")
        rows = self._as_rows(x)
        return sum_of_log_pdfs(self._parts, spans(self._widths, rows.shape[1]), rows)

    def fit(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Return the product of the parts, each fitted to the observed (not NaN) cells of its columns.

        Raises
        ------
        InvalidDataError, DegenerateDataError
            If a part cannot be fitted to its columns; names the part.
        """
        prepared = self.prepare(x)
        encoded = prepared.encode(x)
        data = as_observations(
            encoded,
            sample_weight,
            self.n_columns,
            "Product",
            missing=self.marginalises,
            finite_rows=self.finite_rows,
        )
        weight = np.ones(len(data.rows)) if data.weight is None else data.weight
        fitted = []
        columns = spans(self._widths, data.rows.shape[1])
        for (name, part), span in zip(prepared.parts_by_name.items(), columns, strict=True):
            try:
                cells = data.rows[:, span]
                present = np.where(np.isnan(cells).all(axis=1), 0.0, weight)
                fitted.append(_settled(copy(part).fit(as_observed(cells), sample_weight=present)))
            except InvalidDataError as error:
                raise type(error)(f"Product, {name}: {error}") from error
        return self._with(fitted)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows, shape (size, d)."""
        self.require_known("be sampled")
        generator = np.random.default_rng(rng)
        return np.column_stack([part.sample(size, generator) for part in self._parts])

    @property
    def mean(self) -> Array:
        """Expectations of the columns, shape (d,)."""
        self.require_known("give a mean")
        return np.concatenate([np.full(part.n_columns or 0, part.mean) for part in self._parts])

    @property
    def var(self) -> Array:
        """Variances of the columns, shape (d,)."""
        self.require_known("give a variance")
        return np.concatenate([np.full(part.n_columns or 0, part.var) for part in self._parts])

    @property
    def cov(self) -> Array:
        """Covariance of the columns, shape (d, d): that of each part, and zero between parts."""
        self.require_known("give a covariance")
        return _block_diagonal([part.cov for part in self._parts])

    def as_normal(self) -> tuple[Array, Array] | None:
        """Return mean and covariance, if every part is a normal."""
        found = [part.as_normal() for part in self._parts]
        normals = [normal for normal in found if normal is not None]
        if len(normals) < len(found):
            return None
        return np.concatenate([mean for mean, _ in normals]), _block_diagonal([cov for _, cov in normals])

    def marginal_at(self, places: Places) -> Distribution:
        """Return the product of what the parts say of these of their columns."""
        return self._of_columns(places, {})

    def conditional_at(self, places: Places, values: Array) -> Distribution:
        """Return the product of what the parts say of the other columns, each given those of its own."""
        given = dict(zip(places, values.tolist(), strict=True))
        return self._of_columns(others(places, self.n_columns or 0), given)

    def _of_columns(self, kept: Places, given: Mapping[int, float]) -> Distribution:
        """Return the distribution of the columns at some places, given the values at others."""
        named: dict[Any, Distribution] = {}
        for key, part, span in zip(self.keys(), self._parts, spans(self._widths, self.n_columns or 0), strict=True):
            own = [place - span.start for place in kept if span.start <= place < span.stop]
            if not own:
                continue
            beside = [place - span.start for place in given if span.start <= place < span.stop]
            if beside:
                part = part.conditional_at(beside, np.array([given[span.start + place] for place in beside]))
            elif len(own) < span.stop - span.start:
                part = part.marginal_at(own)
            names = tuple(key[place] for place in own) if isinstance(key, tuple) else (key,)
            named[names[0] if len(names) == 1 else names] = part
        if len(kept) == 1 or (self.names is None and len(named) == 1):
            return next(iter(named.values()))
        return type(self)(list(named.values()) if self.names is None else named)

    def columns_read(self, names: Sequence[Any]) -> list[Column]:
        """Return what the parts read of data with these columns, by name or by place; see `Imputation`."""
        groups = [[key] if isinstance(key, str) else list(key) for key in self.names or ()]
        if not groups or not {name for group in groups for name in group} <= set(names):
            groups = [list(names[span]) for span in spans(self._widths, len(names))]
        return [column for part, group in zip(self._parts, groups, strict=True) for column in part.columns_read(group)]

    def expected_cells(self, rows: Array, codes: Sequence[Array | None]) -> Array:
        """Return the expectations of missing cells, each part's given its own columns; see `Imputation`."""
        expected, first = np.zeros((len(rows), n_expected(codes))), 0
        for part, span in zip(self._parts, spans(self._widths, rows.shape[1]), strict=True):
            last = first + n_expected(codes[span])
            some = np.isnan(rows[:, span]).any(axis=1)
            if some.any():
                expected[some, first:last] = part.expected_cells(rows[some, span], codes[span])
            first = last
        return expected

    # ----------------------------------------------------------------------------------- data frames and text

    def prepare(self, x: Any) -> Self:
        """Return a copy whose parts know what only data as they are given tell; or self."""
        columns = self._columns(x, numbers=True)
        if columns is None:
            return self
        parts = [part.prepare(column) for part, column in zip(self._parts, columns, strict=True)]
        return self if all(a is b for a, b in zip(parts, self._parts, strict=True)) else self._with(parts)

    def encode(self, x: Any) -> Any:
        """Return a data frame, or rows with text, as numbers of shape (n, d)."""
        columns = self._columns(x)
        if columns is None:
            return x
        coded = [missing_as_nan(part.encode(column)) for part, column in zip(self._parts, columns, strict=True)]
        for name, column in zip(self.parts_by_name, coded, strict=True):
            if np.asarray(column).dtype.kind in "cMmOSU":  # which do not stack with other columns, or are no numbers
                as_rows(column, None, f"Product, {name}", finite=False)
        return _as_floats(np.column_stack(coded))

    @property
    def coding(self) -> Any:
        """The columns and the codings of the parts."""
        return self.names, tuple(self._widths), tuple(part.coding for part in self._parts)

    def _columns(self, x: Any, numbers: bool = False) -> list[Any] | None:
        """Return the parts' columns of a frame or of rows; None for rows of numbers, unless these are asked for."""
        refuse_what_is_no_table(x, "Product")
        if is_frame(x):
            present = list(x.columns)
            if self.names is None:
                if len(present) != sum(width or 0 for width in self._widths) and None not in self._widths:
                    return None  # the number of columns is refused where it is checked
                groups = [present[span] for span in spans(self._widths, len(present))]
            else:
                groups = [[key] if isinstance(key, str) else list(key) for key in self.names]
                missing = [name for group in groups for name in group if name not in present]
                if missing:
                    raise InvalidDataError(
                        f"Product needs the columns {', '.join(map(repr, missing))}; the data have "
                        f"{', '.join(map(repr, present))}"
                    )
            return [
                x[group[0]] if len(group) == 1 else np.column_stack([x[name] for name in group]) for group in groups
            ]
        values = _as_floats(missing_as_nan(x if isinstance(x, np.ndarray) else np.array(x, dtype=object)))
        if values.ndim != 2:
            return None
        if values.dtype.kind in "fiub" and not (numbers and self.n_columns in (None, values.shape[1])):
            return None
        return [
            values[:, span.start] if span.stop == span.start + 1 else values[:, span]
            for span in spans(self._widths, values.shape[1])
        ]

    # ------------------------------------------------------------------------------------------------- as a value

    def __repr__(self) -> str:
        return f"Product({self.parts!r})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.names == other.names and self._parts == other._parts

    def __hash__(self) -> int:
        return hash((type(self), self.names, self._parts))

    def to_dict(self) -> dict[str, Any]:
        """Return the product as plain numbers, text and lists; `from_dict` is the inverse."""
        names = None if self.names is None else [key if isinstance(key, str) else list(key) for key in self.names]
        return {
            "family": "Product",
            "parameters": {"names": names, "parts": [part.to_dict() for part in self._parts]},
        }

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        try:
            names, parts = record["parameters"]["names"], record["parameters"]["parts"]
            made = [Distribution.from_dict(part) for part in parts]
            if names is None:
                return cls(made)
            keys = [name if isinstance(name, str) else tuple(name) for name in names]
            if len(set(keys)) < len(keys):
                raise ValueError(f"names repeat in {names!r}")
            return cls(dict(zip(keys, made, strict=True)))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidParameterError(f"not a Product's record: {error}") from None
