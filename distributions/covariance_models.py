r"""Covariance structures across the components of a normal mixture: which of volume, shape and orientation they share.

A covariance is :math:`\Sigma_k = \lambda_k D_k A_k D_k'`: a volume (the d-th root of its determinant), orthogonal
axes, and a diagonal shape of determinant one. Each of the three is equal in all components (E), varies (V), or is the
identity (I); three letters in the order volume, shape, orientation name a model. The joint update maximises

.. math:: -\tfrac12 \sum_k n_k (\log\det\Sigma_k + \operatorname{tr} \Sigma_k^{-1} S_k),

S_k being the components' own covariances and n_k their weights. Celeux & Govaert, "Gaussian parsimonious clustering
models", Pattern Recognition 28 (1995); where only the orientation is shared, its axes are turned pair by pair (Flury &
Gautschi, SIAM Journal on Scientific and Statistical Computing 7, 1986; the models are those of Browne & McNicholas,
Advances in Data Analysis and Classification 8, 2014).

Where components collapse, S_k, shapes or volumes are kept above the floors of the members, whichever keeps every
covariance from becoming singular. Only there the update is not exactly the maximum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .base import Distribution
from .data import Array
from .errors import InvalidParameterError
from .kernels import compiled, in_order, kernel
from .multivariate_normal import MultivariateNormal, factorise_above, move_mean, set_diagonal
from .normal import LOG_SQRT_2PI

IDENTITY, EQUAL, VARYING = range(3)
LETTERS = {"I": IDENTITY, "E": EQUAL, "V": VARYING}
MODELS = ("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")
WORDS = {"full": "VVV", "tied": "EEE", "diag": "VVI", "diagonal": "VVI", "spherical": "VII"}

VANISHED = 1e-200  # share of all the weight below which a component has no covariance of its own
ROUNDS = 2000  # of alternation between volumes and a common shape
SETTLED = 1e-13  # relative change of the volumes that ends it
SWEEPS = 60  # over all pairs of axes
TURNED = 1e-22  # gain of a sweep that ends them, per weight: the angles are good to its square root
ANGLES = 8  # tried for each pair at first
WORTH_IT = 1e-3  # gain per weight for which an angle far away is taken
WORST = 1e-14  # smallest eigenvalue of a matrix of correlations
RAISED = 1.1  # factor on a floor, in deviations, that must not show in a covariance that is not held there

# ---------------------------------------------------------------------------------------------- volume and shape


@compiled
def rescale(volumes):
    """Make the largest volume 1: what all share is then that of the largest component."""
    largest = 0.0
    for k in range(volumes.size):
        largest = max(largest, volumes[k])
    for k in range(volumes.size):
        volumes[k] /= largest


@compiled
def average(share, matrices, divisors, mean):
    """Fill ``mean`` with sum share_k matrices_k / divisors_k."""
    n, d = share.size, mean.shape[0]
    for a in range(d):
        for b in range(d):
            total = 0.0
            for k in range(n):
                total += share[k] * matrices[k, a, b] / divisors[k]
            mean[a, b] = total


@compiled
def set_to_diagonal(variances, matrix):
    """Fill a matrix with zeros and, on its diagonal, the variances."""
    for a in range(variances.size):
        for b in range(variances.size):
            matrix[a, b] = variances[a] if a == b else 0.0


@compiled
def variances_along_axes(share, squares, floor, volumes, equal_volume, equal_shape):
    """Turn mean squares along the axes of each component, in place, into variances of the model.

    ``volumes`` is where iterations start.
    """
    n, d = squares.shape
    if equal_shape:
        shape, least = np.zeros(d), np.zeros(d)
        for k in range(n):
            for j in range(d):
                least[j] += share[k] * floor[k, j]
        if equal_volume:
            volumes[:] = 1.0
        for _ in range(ROUNDS):
            rescale(volumes)
            for j in range(d):
                total = 0.0
                for k in range(n):
                    total += share[k] * squares[k, j] / volumes[k]
                shape[j] = max(total, least[j])
            if equal_volume:
                break
            change = 0.0
            for k in range(n):
                own, lowest = 0.0, 0.0
                for j in range(d):
                    own += squares[k, j] / shape[j] / d
                    lowest = max(lowest, floor[k, j] / shape[j])
                change = max(change, abs(math.log(max(own, lowest) / volumes[k])))
                volumes[k] = max(own, lowest)
            if change <= SETTLED:
                break
        for k in range(n):
            for j in range(d):
                squares[k, j] = volumes[k] * shape[j]
        return
    common = 0.0
    for k in range(n):
        volumes[k] = 0.0
        for j in range(d):
            squares[k, j] = max(squares[k, j], floor[k, j])
            volumes[k] += math.log(squares[k, j]) / d
        volumes[k] = math.exp(volumes[k])
        common += share[k] * volumes[k]
    if equal_volume:
        for k in range(n):
            for j in range(d):
                squares[k, j] *= common / volumes[k]


@compiled
def multiples_of_identity(share, cov, floor, equal_volume):
    """Make each covariance, in place, a multiple of the identity."""
    n, d = floor.shape
    variance, common, least = np.empty(d), 0.0, np.inf
    for k in range(n):
        own, lowest = 0.0, 0.0
        for j in range(d):
            own += cov[k, j, j] / d
            lowest = max(lowest, floor[k, j])
        common, least = common + share[k] * own, min(least, lowest)
        variance[:] = max(own, lowest)
        set_to_diagonal(variance, cov[k])
    if equal_volume:
        variance[:] = max(common, least)
        for k in range(n):
            set_to_diagonal(variance, cov[k])


@compiled
def along_columns(share, cov, floor, volumes, equal_volume, equal_shape):
    """Make each covariance, in place, diagonal."""
    n, d = floor.shape
    squares = np.empty((n, d))
    for k in range(n):
        for j in range(d):
            squares[k, j] = cov[k, j, j]
    variances_along_axes(share, squares, floor, volumes, equal_volume, equal_shape)
    for k in range(n):
        set_to_diagonal(squares[k], cov[k])


@compiled
def one_matrix(share, cov, floor, volumes, equal_volume):
    """Make the covariances, in place, multiples of one matrix: shape and orientation are shared."""
    n, d = floor.shape
    matrix, root, least = np.empty((d, d)), np.empty((d, d)), np.zeros(d)
    for k in range(n):
        for j in range(d):
            least[j] += share[k] * floor[k, j]
    if equal_volume:
        volumes[:] = 1.0
    for _ in range(ROUNDS):
        rescale(volumes)
        average(share, cov, volumes, matrix)
        factorise_above(matrix, least, root)
        if equal_volume:
            break
        change = 0.0
        for k in range(n):
            own, lowest = 0.0, 0.0
            for a in range(d):
                for b in range(a + 1):
                    product = 0.0
                    for c in range(a + 1):
                        product += cov[k, b, c] * root[a, c]
                    own += root[a, b] * product / d
                    lowest += root[a, b] * root[a, b] * floor[k, b]
            change = max(change, abs(math.log(max(own, lowest) / volumes[k])))
            volumes[k] = max(own, lowest)
        if change <= SETTLED:
            break
    for k in range(n):
        for a in range(d):
            for b in range(d):
                cov[k, a, b] = matrix[a, b] * volumes[k]


@compiled
def own_matrices(share, cov, floor, equal_volume):
    """Raise the covariances, in place, to their floors, and give them one volume where it is shared."""
    n, d = floor.shape
    root, volumes, common = np.empty((d, d)), np.empty(n), 0.0
    for k in range(n):
        volumes[k] = math.exp(factorise_above(cov[k], floor[k], root) / d)
        common += share[k] * volumes[k]
    if equal_volume:
        for k in range(n):
            for a in range(d):
                for b in range(d):
                    cov[k, a, b] *= common / volumes[k]


# --------------------------------------------------------------------------------------------------- orientation


@compiled
def turn(matrix, axes, a, b, cosine, sine):
    """Turn axes a and b, and the matrix as it is seen along them."""
    d = matrix.shape[0]
    for i in range(d):
        x, y = matrix[i, a], matrix[i, b]
        matrix[i, a], matrix[i, b] = cosine * x + sine * y, cosine * y - sine * x
    for i in range(d):
        x, y = matrix[a, i], matrix[b, i]
        matrix[a, i], matrix[b, i] = cosine * x + sine * y, cosine * y - sine * x
    turn_axes(axes, a, b, cosine, sine)


@compiled
def turn_axes(axes, a, b, cosine, sine):
    """Turn columns a and b."""
    for i in range(axes.shape[0]):
        x, y = axes[i, a], axes[i, b]
        axes[i, a], axes[i, b] = cosine * x + sine * y, cosine * y - sine * x


@compiled
def principal_axes(matrix, axes):
    """Diagonalise a symmetric matrix, in place, by Jacobi's rotations; fill the columns of ``axes``.

    Unlike other methods it finds small eigenvalues of columns of very different scales (Demmel & Veselic 1992).
    """
    d = matrix.shape[0]
    set_to_diagonal(np.ones(d), axes)
    for _ in range(SWEEPS):
        done = True
        for a in range(d):
            for b in range(a + 1, d):
                off, size = matrix[a, b], matrix[a, a] * matrix[b, b]
                if off * off <= 1e-32 * size or off == 0.0:
                    continue
                done = False
                ratio = (matrix[b, b] - matrix[a, a]) / (2.0 * off)
                tangent = -math.copysign(1.0, ratio) / (abs(ratio) + math.hypot(1.0, ratio))
                cosine = 1.0 / math.hypot(1.0, tangent)
                turn(matrix, axes, a, b, cosine, cosine * tangent)
                matrix[a, b] = matrix[b, a] = 0.0
        if done:
            break


@compiled
def sort_axes(matrix, axes, variances):
    """Fill ``variances`` with the diagonal of a matrix in ascending order, and reorder the axes alike."""
    d = variances.size
    for j in range(d):
        variances[j] = matrix[j, j]
    for j in range(d):
        smallest = j
        for i in range(j + 1, d):
            smallest = i if variances[i] < variances[smallest] else smallest
        variances[j], variances[smallest] = variances[smallest], variances[j]
        for i in range(d):
            axes[i, j], axes[i, smallest] = axes[i, smallest], axes[i, j]


@compiled
def own_axes(share, cov, floor, volumes, equal_volume):
    """Give the covariances, in place, one shape along the principal axes of each."""
    n, d = floor.shape
    axes, squares, along = np.empty((n, d, d)), np.empty((n, d)), np.zeros((n, d))
    for k in range(n):
        principal_axes(cov[k], axes[k])
        sort_axes(cov[k], axes[k], squares[k])
        for j in range(d):
            squares[k, j] = max(squares[k, j], 0.0)
            for i in range(d):
                along[k, j] += d * axes[k, i, j] * axes[k, i, j] * floor[k, i]  # a bound of the matrix along them
    variances_along_axes(share, squares, along, volumes, equal_volume, True)
    for k in range(n):
        compose(axes[k], squares[k], cov[k])


@compiled
def compose(axes, variances, cov):
    """Fill cov with axes diag(variances) axes'."""
    d = variances.size
    for a in range(d):
        for b in range(a + 1):
            total = 0.0
            for j in range(d):
                total += axes[a, j] * axes[b, j] * variances[j]
            cov[a, b] = cov[b, a] = total


@compiled
def pair_loss(turned, pull, equal_volume, a, b, angle):
    """Return what the loss becomes, less what it is, where axes a and b are turned by an angle."""
    d, cosine, sine, loss = turned.shape[1], math.cos(angle), math.sin(angle), 0.0
    for k in range(pull.size):
        x, y, xy = turned[k, a, a], turned[k, b, b], 2.0 * turned[k, a, b] * sine * cosine
        one = x * cosine * cosine + xy + y * sine * sine
        other = x * sine * sine - xy + y * cosine * cosine
        rise = math.log(max(one, 1e-300) / x) + math.log(max(other, 1e-300) / y)
        loss += pull[k] * (d * math.expm1(rise / d) if equal_volume else rise)
    return loss


@compiled
def pair_angle(turned, pull, equal_volume, a, b, look_around):
    """Return an angle that lowers the loss, and how much it will about be lowered.

    Newton's step where it does, else that of a quadratic form which touches the loss from above; and before them the
    best of a few angles all around, as the loss can have several minima.
    """
    best, best_loss = 0.0, 0.0
    if look_around:
        for i in range(1, ANGLES):
            angle = math.pi / 2.0 * i / ANGLES
            loss = pair_loss(turned, pull, equal_volume, a, b, angle)
            if loss < best_loss - WORTH_IT:
                best, best_loss = angle, loss
        if best_loss < 0.0:
            return best, -best_loss
    d, slope, bend, above = turned.shape[1], 0.0, 0.0, 0.0
    for k in range(pull.size):
        x, y, xy = turned[k, a, a], turned[k, b, b], turned[k, a, b]
        first = 2.0 * xy * (1.0 / x - 1.0 / y)
        spread = (y - x) / x * ((y - x) / y)
        bend += pull[k] * (2.0 * spread - 4.0 * (xy / x * (xy / x) + xy / y * (xy / y)))
        bend += pull[k] * first * first / d if equal_volume else 0.0
        slope += pull[k] * first
        above += pull[k] * spread
    angle = -slope / bend if bend > 0.0 else 1.0
    gain = abs(slope * angle)
    if abs(angle) < math.pi / 4.0 and (gain < 1e-12 or pair_loss(turned, pull, equal_volume, a, b, angle) <= 0.0):
        return angle, gain
    angle = 0.5 * math.atan2(-slope, above)
    return angle, abs(slope * angle)


@compiled
def seen_along(axes, cov, floor, turned):
    """Fill ``turned`` with axes' cov axes for each component; return the mean logarithms of the diagonals."""
    n, d = floor.shape
    mean_log, half = np.zeros(n), np.empty((d, d))
    for k in range(n):
        for a in range(d):
            for b in range(d):
                total = 0.0
                for i in range(d):
                    total += cov[k, a, i] * axes[i, b]
                half[a, b] = total
        for a in range(d):
            for b in range(a + 1):
                total = 0.0
                for i in range(d):
                    total += axes[i, a] * half[i, b]
                turned[k, a, b] = turned[k, b, a] = total
        for j in range(d):
            least = 0.0
            for i in range(d):
                least += axes[i, j] * axes[i, j] * floor[k, i]
            turned[k, j, j] = max(turned[k, j, j], least)  # rounding, in columns of very different scales
            mean_log[k] += math.log(turned[k, j, j]) / d
    return mean_log


@compiled
def loss_of(mean_log, share, equal_volume):
    """Return the loss as a function of the axes alone: volumes and shapes are at their best for them."""
    total = 0.0
    for k in range(share.size):
        total += share[k] * (math.exp(mean_log[k]) if equal_volume else mean_log[k])
    return math.log(total) if equal_volume else total


@in_order  # else whether its sums are made in lanes, and so their bits, depends on where the arrays lie
def pulls(share, turned, equal_volume, pull):
    """Fill the weights, of sum 1, with which the components' logarithms of variances count to first order."""
    n, d = share.size, turned.shape[1]
    total = 0.0
    for k in range(n):
        pull[k] = share[k]
        if equal_volume:
            volume = 0.0
            for j in range(d):
                volume += math.log(turned[k, j, j]) / d
            pull[k] *= math.exp(volume)
        total += pull[k]
    for k in range(n):
        pull[k] /= total


@compiled
def common_axes(share, cov, floor, volumes, equal_volume, present):
    """Give the covariances, in place, one set of axes; ``present`` are those of the last update."""
    n, d = floor.shape
    root, turned, axes, trial = np.empty((d, d)), np.empty((n, d, d)), np.empty((d, d)), np.empty((d, d))
    matrix, ones, odd, untouched = np.empty((d, d)), np.ones(n), np.zeros(n), np.zeros((0, d))
    for k in range(n):
        factorise_above(cov[k], floor[k], root)
        for j in range(d):
            odd[k] += present[k, j, j] / math.sqrt(k + 1.0)
    set_to_diagonal(np.ones(d), axes)
    mean_log = seen_along(axes, cov, floor, turned)
    least = loss_of(mean_log, share, equal_volume)
    for candidate in range(n + 2):  # besides the columns themselves
        if candidate == n:
            average(share, cov, ones, matrix)
        elif candidate == n + 1:  # any sum has their axes, unless its eigenvalues happen to be equal
            average(ones, present, odd, matrix)
        else:
            for a in range(d):
                for b in range(d):
                    matrix[a, b] = cov[candidate, a, b]
        principal_axes(matrix, trial)
        loss = loss_of(seen_along(trial, cov, floor, turned), share, equal_volume)
        if loss < least:
            least, axes, trial = loss, trial, axes
    seen_along(axes, cov, floor, turned)
    pull, squares = np.empty(n), np.empty((n, d))
    for sweep in range(SWEEPS):
        gain = 0.0
        for a in range(d):
            for b in range(a + 1, d):
                pulls(share, turned, equal_volume, pull)
                angle, lowered = pair_angle(turned, pull, equal_volume, a, b, sweep == 0)
                gain += lowered
                for k in range(n):
                    turn(turned[k], untouched, a, b, math.cos(angle), math.sin(angle))
                turn_axes(axes, a, b, math.cos(angle), math.sin(angle))
        if gain <= TURNED:
            break
    for k in range(n):
        for j in range(d):
            squares[k, j] = turned[k, j, j]
    variances_along_axes(share, squares, np.zeros((n, d)), volumes, equal_volume, False)
    for k in range(n):
        compose(axes, squares[k], cov[k])


# ---------------------------------------------------------------------------------------------------- the kernel


@compiled
def own_moments(stats, theta, bounds, share, cov, floor, volumes, present):
    """Move the means; fill each component's share of the weight, covariance, floors, present volume and covariance."""
    n, d = floor.shape
    total = 0.0
    for k in range(n):
        total += stats[k, 0]
    for k in range(n):
        share[k] = stats[k, 0] / total if total > 0.0 else 1.0 / n
        for a in range(d):
            for b in range(d):
                present[k, a, b] = cov[k, a, b] = theta[k, d + a * d + b]
        volumes[k] = math.exp(-2.0 * (theta[k, theta.shape[1] - 1] + d * LOG_SQRT_2PI) / d)
        for j in range(d):
            floor[k, j] = bounds[k, 0, d + j * (d + 1)]
        if not stats[k, 0] > VANISHED * total:  # it keeps what is its own, and follows what is shared
            continue
        shift, beyond = move_mean(stats[k], theta[k], bounds[k], d)
        diagonal = stats.shape[1] < 1 + d + d * d
        for a in range(d):
            for b in range(a if diagonal else 0, a + 1):
                second = stats[k, 1 + d + (a if diagonal else a * d + b)]
                cov[k, a, b] = second / stats[k, 0] - shift[a] * shift[b] + beyond[a] * beyond[b]
                cov[k, b, a] = cov[k, a, b]
            cov[k, a, a] = max(cov[k, a, a], 0.0)


@kernel
def update_jointly(stats, theta, bounds, setting):
    """Set the means to the weighted means, and the covariances to the maximum within the model."""
    n, p = theta.shape
    d = int(round((math.sqrt(8.0 * p - 7.0) - 1.0) / 4.0))
    equal_volume, shape, orientation = setting[0] == EQUAL, setting[1], setting[2]
    share, cov, floor, volumes = np.empty(n), np.empty((n, d, d)), np.empty((n, d)), np.empty(n)
    present = np.empty((n, d, d))
    own_moments(stats, theta, bounds, share, cov, floor, volumes, present)
    if shape == IDENTITY:
        multiples_of_identity(share, cov, floor, equal_volume)
    elif orientation == IDENTITY:
        along_columns(share, cov, floor, volumes, equal_volume, shape == EQUAL)
    elif shape == EQUAL and orientation == EQUAL:
        one_matrix(share, cov, floor, volumes, equal_volume)
    elif shape == EQUAL:
        own_axes(share, cov, floor, volumes, equal_volume)
    elif orientation == EQUAL:
        common_axes(share, cov, floor, volumes, equal_volume, present)
    else:
        own_matrices(share, cov, floor, equal_volume)
    variance = np.empty(d)
    for k in range(n):
        if stats.shape[1] < 1 + d + d * d:
            for j in range(d):
                variance[j] = cov[k, j, j]
            set_diagonal(theta[k], variance)
            continue
        root = theta[k, d + d * d : d + 2 * d * d].reshape(d, d)
        for j in range(d):
            floor[k, j] = max(floor[k, j], WORST * cov[k, j, j])
        log_det = factorise_above(cov[k], floor[k], root)  # raised only where rounding would make it singular
        for a in range(d):
            for b in range(d):
                theta[k, d + a * d + b] = cov[k, a, b]
        theta[k, p - 1] = -0.5 * log_det - d * LOG_SQRT_2PI


# ----------------------------------------------------------------------------------------------------- the models


@dataclass(frozen=True)
class CovarianceModel:
    """What the covariances of the components of a normal mixture share.

    Parameters
    ----------
    name : str
        Three letters for volume, shape and orientation: E equal in all components, V varying, I the identity. Or a
        word: "full" is VVV, "tied" EEE, "diag" VVI, "spherical" VII.

    Raises
    ------
    InvalidParameterError
        If there is no such model.
    """

    name: str

    by_derivatives = False
    leaves_means_alone = True
    is_symmetric = True

    def __post_init__(self) -> None:
        name = WORDS.get(self.name, self.name) if isinstance(self.name, str) else None
        if name not in MODELS:
            raise InvalidParameterError(
                f"covariance must be None, one of {', '.join(MODELS)} or one of {', '.join(WORDS)}; got {self.name!r}"
            )
        object.__setattr__(self, "name", name)

    @property
    def kernel(self) -> Any:
        """The joint update."""
        return update_jointly

    def holds_on_lines(self, components: Sequence[Any] = ()) -> bool:
        """Whether they do so where shape and orientation are both shared, both free, or orientation is the columns'."""
        return self.name[2] == "I" or self.name[1] == self.name[2]

    def setting(self, components: Sequence[Any] = (), units: Sequence[Array] = ()) -> Array:
        """Return the model in numbers, as the kernel reads it."""
        return np.array([LETTERS[letter] for letter in self.name], dtype=float)

    @property
    def is_joint(self) -> bool:
        """Whether anything is shared: else each component's own update will do."""
        return "E" in self.name

    @property
    def structure(self) -> str:
        """The structure of a single covariance."""
        return {"II": "spherical"}.get(self.name[1:], "diagonal" if self.name[2] == "I" else "full")

    @property
    def is_one(self) -> bool:
        """Whether there is one covariance for all."""
        return "V" not in self.name

    def __str__(self) -> str:
        words = {"E": "equal", "V": "varying", "I": "identity"}
        parts = zip(("volume", "shape", "orientation"), self.name, strict=True)
        return f"{self.name}: " + ", ".join(f"{part} {words[letter]}" for part, letter in parts)

    def n_parameters(self, components: Sequence[MultivariateNormal]) -> int:
        """Return the number of free parameters of the means and covariances of these components."""
        n, d = len(components), components[0]._dimension("count its parameters")
        times = {"I": 0, "E": 1, "V": n}
        volume, shape, orientation = (times[letter] for letter in self.name)
        means = d * sum("mean" not in component.frozen for component in components)
        return means + volume + shape * (d - 1) + orientation * d * (d - 1) // 2

    def member(self, component: Distribution, name: str) -> MultivariateNormal:
        """Return a component in the structure of the model.

        Raises
        ------
        InvalidParameterError
            If it is no multivariate normal, has another structure, or a frozen covariance.
        """
        problem = remedy = ""
        if type(component) is not MultivariateNormal:
            problem, remedy = f"is {component!r}", "Give MultivariateNormal() only, or leave covariance out"
        elif component.structure not in ("full", self.structure):
            problem = f"has structure={component.structure!r}"
            remedy = "Leave one of the two out"
        elif "cov" in component.frozen:
            problem, remedy = "has a frozen covariance", "Freeze means only, or leave covariance out"
        if problem:
            raise InvalidParameterError(
                f"covariance={self.name!r} is a structure across normal components, but {name!r} {problem}. {remedy}."
            )
        assert isinstance(component, MultivariateNormal)
        if component.structure == self.structure:
            return component
        cov = component.cov
        if cov is not None:
            cov = np.diag(np.diag(cov)) if self.structure == "diagonal" else np.eye(len(cov)) * np.diag(cov).mean()
        changed = replace(component, cov=cov, structure=self.structure)
        return changed.freeze(*component.frozen) if component.frozen else changed

    def started(self, components: Sequence[Any], shares: Sequence[float], bounds: Sequence[Array]) -> list[Any]:
        """Return the members with the covariances that data with exactly their moments would give."""
        stats = []
        for component, share in zip(components, shares, strict=True):
            second = np.diag(component.cov) if component.structure != "full" else component.cov.ravel()
            stats.append(share * np.concatenate([[1.0], np.zeros(len(component.mean)), second]))
        theta = np.array([component.to_theta() for component in components])
        self.kernel(np.array(stats), theta, np.array(bounds), self.setting())
        return [component.from_theta(values) for component, values in zip(components, theta, strict=True)]

    def held(self, components: Sequence[Any], stats: Array, theta: Array, bounds: Array) -> list[tuple[str, ...]]:
        """Return ("cov",) for each member whose covariance a floor keeps from collapsing: it follows the floor."""
        d = int(round((math.sqrt(8.0 * theta.shape[1] - 7.0) - 1.0) / 4.0))
        covs, variances = [], slice(d, d + d * d, d + 1)
        for factor in (1.0, RAISED**2):
            box, moved = bounds.copy(), theta.copy()
            box[:, 0, variances] *= factor
            self.kernel(stats, moved, box, self.setting())
            covs.append(moved[:, d : d + d * d].reshape(-1, d, d))
        names: list[tuple[str, ...]] = []
        for one, other in zip(*covs, strict=True):
            root = np.linalg.inv(np.linalg.cholesky(one))
            change = np.log(np.linalg.eigvalsh(root @ other @ root.T))
            names.append(("cov",) if np.abs(change).max() > 1e-3 else ())
        return names
