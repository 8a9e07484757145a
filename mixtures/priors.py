"""Priors of the parameters: rows that are taken to have been seen before the data.

A prior of a component is a set of *pseudo-rows* x_j with counts c_j: its log density is, up to a constant,
sum_j c_j log f(x_j; theta). For an exponential family that is the conjugate prior (Diaconis & Ylvisaker, Annals of
Statistics 7, 1979), for any other a power prior (Ibrahim & Chen, Statistical Science 15, 2000). The family's own
kernels add the statistics and the log density of such rows to those of the data; so the fit is the mode of the
posterior.

Rows of a normal may be *relative* to its mean, whatever that is: then they tell of the spread only. With rows at a
fixed point besides, which tell of the mean, that is the normal-inverse-gamma or normal-inverse-Wishart prior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from distributions.base import Distribution
from distributions.data import Array, centre_and_scale
from distributions.errors import InvalidDataError, InvalidParameterError
from distributions.multivariate_normal import MultivariateNormal
from distributions.outline import Branch, Leaf
from distributions.records import plain

DEFAULT = "default"
SHRINKAGE = 0.01  # count of rows that tell of the mean, in the prior of Fraley & Raftery


class PseudoRows(NamedTuple):
    """Rows seen before, at fixed places and relative to the mean, and their counts; relative ones may be negative."""

    fixed: Array  # (m, d)
    fixed_count: Array  # (m,)
    relative: Array
    relative_count: Array

    @classmethod
    def none(cls, n_columns: int) -> PseudoRows:
        """Return no rows."""
        return cls(np.empty((0, n_columns)), np.empty(0), np.empty((0, n_columns)), np.empty(0))

    def with_fixed(self, added: tuple[Array, Array] | None) -> PseudoRows:
        """Return these and more rows, with counts, at fixed places."""
        if added is None:
            return self
        rows, count = added
        return self._replace(
            fixed=np.concatenate([self.fixed, rows]), fixed_count=np.concatenate([self.fixed_count, count])
        )

    def beside(self, rows: Array, weight: Array) -> tuple[Array, Array]:
        """Return rows of data and their weights together with these, relative ones about the centre of the data."""
        moved = self.relative + centre_and_scale(rows, weight)[0]
        count = np.concatenate([weight, self.fixed_count, self.relative_count])
        return np.concatenate([rows, self.fixed, moved])[count > 0.0], count[count > 0.0]


class LeafPrior(Protocol):
    """The prior of one leaf."""

    def pseudo_rows(self, leaf: Leaf, rows: Array, weight: Array | None) -> PseudoRows:
        """Return its rows, for a leaf whose columns of the data are these, shape (n, d)."""


@dataclass(frozen=True, repr=False)
class Prior:
    r"""Prior of a component's parameters: as if rows with some distribution had been seen before the data.

    Parameters
    ----------
    distribution : Distribution
        How these rows are distributed: of the component's own family, all parameters known. It is where the prior has
        its mode.
    count : float
        How many rows > 0, in rows of the data of weight one. It need not be whole.
    mean_count : float, optional
        For `Normal` and `MultivariateNormal`: how many rows >= 0 tell of the mean, while `count` of them tell of the
        spread. By default `count`.

    Notes
    -----
    The log density is, up to a constant, :math:`c \int f(x; \theta_0) \log f(x; \theta) dx`, with the count c and the
    parameters :math:`\theta_0` of the distribution; of a normal :math:`-\tfrac c2 (\log\det\Sigma +
    \operatorname{tr}\Sigma^{-1}\Sigma_0) - \tfrac\kappa2 (\mu-\mu_0)'\Sigma^{-1}(\mu-\mu_0)`, with mean_count
    :math:`\kappa`. It is a density of the parameters by which the family is written; the fit is its mode there. In
    other words:

    ==========================================  =================================================================
    prior                                       the same as
    ==========================================  =================================================================
    Bernoulli prob ~ Beta(a, b)                 ``Prior(Bernoulli((a-1) / (a+b-2)), a+b-2)``
    Binomial(trials=n) prob ~ Beta(a, b)        ``Prior(Binomial((a-1) / (a+b-2), trials=n), (a+b-2) / n)``
    Geometric prob ~ Beta(a, b)                 ``Prior(Geometric((a-1) / (a+b-2)), a-1)``
    Poisson rate ~ gamma(a, rate b)             ``Prior(Poisson((a-1) / b), b)``
    Exponential rate ~ gamma(a, rate b)         ``Prior(Exponential((a-1) / b), a-1)``
    Gamma(shape=k frozen) rate ~ gamma(a, b)    ``Prior(Gamma(k, (a-1) / b), (a-1) / k)``
    Rayleigh scale² ~ inverse gamma(a, b)       ``Prior(Rayleigh(sqrt(b / (a+1))), a+1)``
    HalfNormal scale² ~ inverse gamma(a, b)     ``Prior(HalfNormal(sqrt(b / (a+1))), 2 (a+1))``
    Categorical prob ~ Dirichlet(a_1, ...)      ``Prior(Categorical((a-1) / c), c)``, c = sum (a-1)
    Multinomial(trials=n) prob ~ Dirichlet      ``Prior(Multinomial((a-1) / c, trials=n), c / n)``
    Normal: std² ~ inverse gamma(v/2, s/2),     ``Prior(Normal(m, sqrt(s / (v+3))), v+3, mean_count=k)``
    mean ~ normal(m, std²/k)
    MultivariateNormal: cov ~ inverse           ``Prior(MultivariateNormal(m, L / (v+d+2)), v+d+2, mean_count=k)``
    Wishart(v, L), mean ~ normal(m, cov/k)
    ==========================================  =================================================================

    One-column families and normals have such rows, `Categorical`, `Multinomial` and `MultivariateBernoulli` too.
    Ibrahim & Chen, Power prior distributions for regression models, Statistical Science 15 (2000); Gelman et al.,
    Bayesian Data Analysis (2013), ch. 2 and 3.

    Examples
    --------
    >>> from mixtures import MixtureModel, Poisson, Prior
    >>> MixtureModel([Poisson()], prior=Prior(Poisson(3.0), count=2)).fit([0, 0, 1, 2]).components_
    [Poisson(rate=1.5)]
    """

    distribution: Distribution
    count: float
    mean_count: float | None = None

    def __post_init__(self) -> None:
        distribution = self.distribution
        if not isinstance(distribution, Distribution):
            raise InvalidParameterError(f"Prior: distribution must be a Distribution; got {distribution!r}")
        distribution.require_known("be a prior")
        leaves = self._branch.leaves
        _require_number("Prior: count must be a finite number > 0", self.count, self.count)
        if not self.count > 0.0:
            raise InvalidParameterError(f"Prior: count must be a finite number > 0; got {self.count!r}")
        if self.mean_count is None:
            return
        _require_number("Prior: mean_count must be a finite number >= 0", self.mean_count, self.mean_count)
        if not leaves[0].distribution.quadratic or len(leaves) > 1:
            raise InvalidParameterError(
                f"Prior: mean_count is for Normal and MultivariateNormal; got {distribution!r}. Leave it out."
            )

    @property
    def _branch(self) -> Branch:
        branches = self.distribution.outline().branches
        if len(branches) > 1:
            raise InvalidParameterError(
                f"Prior: {self.distribution!r} is a mixture; give each of its components a prior, in a model of its own"
            )
        return branches[0]

    def for_leaves(self, leaves: Sequence[Leaf], name: str) -> list[Prior]:
        """Return the priors of the leaves of a component.

        Raises
        ------
        InvalidParameterError
            If they are of other families.
        """
        own = [leaf.distribution for leaf in self._branch.leaves]
        if [type(part) for part in own] != [type(leaf.distribution) for leaf in leaves]:
            wanted = ", ".join(type(leaf.distribution).__name__ for leaf in leaves)
            raise InvalidParameterError(
                f"MixtureModel: component {name!r} is made of {wanted}, but its prior is {self!r}. Give rows of "
                "the same families."
            )
        return [Prior(part, self.count, self.mean_count) for part in own]

    def pseudo_rows(self, leaf: Leaf, rows: Array, weight: Array | None) -> PseudoRows:
        """Return its rows, for a leaf whose columns of the data are these, shape (n, d).

        Raises
        ------
        InvalidParameterError
            If they have another number of columns, or other categories, than the leaf.
        """
        seen, share = self.distribution.expected_rows()
        seen, share = seen[share > 0.0], share[share > 0.0]
        if seen.shape[1] != rows.shape[1]:
            raise InvalidParameterError(
                f"{self!r} is of {seen.shape[1]} columns; the component's data have {rows.shape[1]}"
            )
        if self.distribution.support != leaf.distribution.support:
            raise InvalidParameterError(
                f"{self!r} is of values that are {self.distribution.support.text}, but the component's are "
                f"{leaf.distribution.support.text}. Give both the same settings, such as categories or trials."
            )
        nothing = PseudoRows.none(rows.shape[1])
        if self.mean_count is None:
            return nothing.with_fixed((seen, self.count * share))
        mean = share @ seen
        at_mean = (mean[np.newaxis], np.array([float(self.mean_count)]))
        return nothing._replace(
            relative=np.concatenate([seen - mean, np.zeros((1, mean.size))]),
            # Those that tell of the mean lie at its prior value: they tell of the spread as if they were here.
            relative_count=np.append(self.count * share, -float(self.mean_count)),
        ).with_fixed(at_mean if self.mean_count > 0.0 else None)

    def __repr__(self) -> str:
        mean_count = "" if self.mean_count is None else f", mean_count={self.mean_count!r}"
        return f"Prior({self.distribution!r}, count={self.count!r}{mean_count})"


@dataclass(frozen=True)
class DefaultPrior:
    """The prior of Fraley & Raftery (2007) of one of several normal components; its scale is that of the data.

    Parameters
    ----------
    n_components : int
    n_sharing : int
        Components that share one covariance: its prior counts once for all of them.
    """

    n_components: int
    n_sharing: int = 1

    def pseudo_rows(self, leaf: Leaf, rows: Array, weight: Array | None) -> PseudoRows:
        """Return its rows, for a leaf whose columns of the data are these, shape (n, d).

        Raises
        ------
        InvalidDataError
            If the data tell no scale.
        """
        d, structure = rows.shape[1], getattr(leaf.distribution, "structure", "full")
        mean, cov = _moments(rows, weight)
        dof, shared = d + 2.0, float(self.n_sharing)
        scale = cov / self.n_components ** (2.0 / d)
        pooled = float(np.trace(scale)) / d
        # What the inverse Wishart, d inverse gammas or the single one is worth, in rows of data.
        exponent = {"full": dof + d + 1.0, "diagonal": dof + 2.0, "spherical": (dof + 2.0) / d}[structure]
        scatter = {"full": scale, "diagonal": pooled * np.eye(d), "spherical": pooled / d * np.eye(d)}[structure]
        count = exponent / shared + 1.0
        try:
            seen = MultivariateNormal(mean=mean, cov=scatter / (shared * count))
        except InvalidParameterError:
            raise InvalidDataError(
                "MixtureModel: prior='default' takes its scale from the data, and these vary in too few directions. "
                "Give a Prior(...) instead."
            ) from None
        at_home = leaf._replace(distribution=seen)
        return Prior(seen, count, SHRINKAGE).pseudo_rows(at_home, rows, weight)


def _moments(rows: Array, weight: Array | None) -> tuple[Array, Array]:
    """Return mean and covariance (divided by the weight less one) of the observed cells, shapes (d,) and (d, d)."""
    present = ~np.isnan(rows).all(axis=1)
    rows, weight = rows[present], np.ones(present.sum()) if weight is None else weight[present]
    total = weight.sum()
    if not total > 1.0:
        raise InvalidDataError(f"MixtureModel: prior='default' needs a total weight > 1 in all columns; got {total:g}")
    if np.isnan(rows).any():
        centre, spread = centre_and_scale(rows, weight)
        fitted = MultivariateNormal(mean=centre, cov=np.diag(spread**2)).fit(rows, weight)
        mean, cov = fitted.mean, fitted.cov
    else:
        mean = np.average(rows, axis=0, weights=weight)
        cov = (rows - mean).T @ (weight[:, np.newaxis] * (rows - mean)) / total
    return mean, cov * (total / (total - 1.0))


def _require_number(what: str, value: Any, shown: Any) -> None:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not 0.0 <= value < np.inf:
        raise InvalidParameterError(f"{what}; got {shown!r}")


# ------------------------------------------------------------------------------------------ as users give them


def by_component(prior: Any, names: Sequence[str], name_of: Callable[[Any, str], str]) -> list[Any]:
    """Return the prior of each component, None where it has none.

    Parameters
    ----------
    prior : None, "default", Prior, list or dict
        As given to `MixtureModel`.
    names : sequence of str
        Of all components.
    name_of : callable
        The name of a component that is given by name or number, see `Structure.name_of`.

    Raises
    ------
    InvalidParameterError
        If it is nothing of the sort.
    """
    if prior is None or isinstance(prior, Prior) or (isinstance(prior, str) and prior == DEFAULT):
        entries = [prior] * len(names)
    elif isinstance(prior, Mapping):
        named = [name_of(component, "prior") for component in prior]
        twice = [name for name in names if named.count(name) > 1]
        if twice:
            raise InvalidParameterError(f"MixtureModel: prior names {twice[0]!r} twice, by name and by number")
        own = dict(zip(named, prior.values(), strict=True))
        entries = [own.get(name) for name in names]
    elif isinstance(prior, Sequence) and not isinstance(prior, str) and len(prior) == len(names):
        entries = list(prior)
    else:
        raise InvalidParameterError(
            f"MixtureModel: prior must be 'default', a Prior, or a list or dict of these for the {len(names)} "
            f"components; got {prior!r}"
        )
    for name, entry in zip(names, entries, strict=True):
        parts = entry.values() if isinstance(entry, Mapping) else [entry]
        if not all(part is None or isinstance(part, Prior) or part == DEFAULT for part in parts):
            raise InvalidParameterError(
                f"MixtureModel: the prior of component {name!r} must be 'default', a Prior, None, or a dict of these "
                f"for the parts of a product; got {entry!r}"
            )
    return entries


def with_priors(branch: Branch, entry: Any, default: DefaultPrior, name: str) -> Branch:
    """Return the branch of a component with its prior at the leaves.

    Raises
    ------
    InvalidParameterError
        If the prior does not fit the component.
    """
    if isinstance(entry, Mapping):
        known = [leaf.name for leaf in branch.leaves]
        strange = [part for part in entry if part not in known]
        if strange:
            raise InvalidParameterError(
                f"MixtureModel: the prior of component {name!r} names the part {strange[0]!r}; it has "
                f"{', '.join(map(repr, known))}"
            )
        entries = [entry.get(leaf.name) for leaf in branch.leaves]
    elif isinstance(entry, Prior):
        entries = list(entry.for_leaves(branch.leaves, name))
    else:
        entries = [DEFAULT if leaf.distribution.quadratic else None for leaf in branch.leaves]
        if DEFAULT not in entries:
            raise InvalidParameterError(
                f"MixtureModel: prior='default' is for Normal and MultivariateNormal; component {name!r} has no such "
                "part. Give it a Prior, or None."
            )
    leaves = []
    for leaf, own in zip(branch.leaves, entries, strict=True):
        if own == DEFAULT and not leaf.distribution.quadratic:
            raise InvalidParameterError(
                f"MixtureModel: prior='default' is for Normal and MultivariateNormal, but part {leaf.name!r} of "
                f"component {name!r} is {leaf.distribution!r}. Give it a Prior, or None."
            )
        if isinstance(own, Prior):
            own.for_leaves([leaf], name)  # which checks the family
        leaves.append(leaf._replace(prior=default if own == DEFAULT else own))
    return branch._replace(leaves=tuple(leaves))


def pseudo_rows_of(leaf: Leaf, rows: Array, weight: Array | None) -> PseudoRows:
    """Return the rows that a leaf's prior takes to have been seen, beside its columns of the data, shape (n, d)."""
    if leaf.prior is None:
        return PseudoRows.none(rows.shape[1])
    return cast(LeafPrior, leaf.prior).pseudo_rows(leaf, rows, weight)


def pseudo_counts(weights_prior: Any, n: int) -> Array:
    """Return the rows that a Dirichlet prior takes to have been seen of each of n components, shape (n,).

    Raises
    ------
    InvalidParameterError
        If it is not a number >= 1, or n of them.
    """
    if weights_prior is None:
        return np.zeros(n)
    try:
        concentration = np.broadcast_to(np.asarray(weights_prior, dtype=float), (n,))
    except (TypeError, ValueError):
        concentration = np.empty(0)
    if (
        isinstance(weights_prior, bool)
        or not np.all((concentration >= 1.0) & (concentration < np.inf))
        or not len(concentration)
    ):
        raise InvalidParameterError(
            f"MixtureModel: weights_prior must be a finite number >= 1, or {n} of them; got {weights_prior!r}"
        )
    return concentration - 1.0


def to_record(prior: Any) -> Any:
    """Return what a user gave as a prior in plain numbers, text, lists and dicts."""
    if isinstance(prior, Prior):
        return {"distribution": prior.distribution.to_dict(), "count": prior.count, "mean_count": prior.mean_count}
    if isinstance(prior, Mapping) and all(isinstance(name, str) for name in prior):
        return {"by_name": {name: to_record(part) for name, part in prior.items()}}
    if isinstance(prior, Mapping):  # components by number: the keys of a record are text
        return {"by_component": [[plain(key), to_record(part)] for key, part in prior.items()]}
    if isinstance(prior, Sequence) and not isinstance(prior, str):
        return [to_record(part) for part in prior]
    return prior


def from_record(record: Any) -> Any:
    """Return what `to_record` wrote."""
    if isinstance(record, list):
        return [from_record(part) for part in record]
    if isinstance(record, dict) and "by_name" in record:
        return {name: from_record(part) for name, part in record["by_name"].items()}
    if isinstance(record, dict) and "by_component" in record:
        return {key: from_record(part) for key, part in record["by_component"]}
    if isinstance(record, dict):
        return Prior(Distribution.from_dict(record["distribution"]), record["count"], record["mean_count"])
    return record
