"""One safeguarded Newton step."""

import numpy as np
import pytest
from scipy.optimize import minimize

from distributions.newton import LONGEST, newton_move, newton_update

FREE = np.full(2, -np.inf), np.full(2, np.inf)


def lower(matrix):
    return np.array([matrix[a][b] for a in range(len(matrix)) for b in range(a + 1)], dtype=float)


def test_a_concave_quadratic_is_maximised_in_one_move():
    H = np.array([[-4.0, 1.0], [1.0, -2.0]])
    score = np.array([0.5, -0.3])
    np.testing.assert_allclose(newton_move(score, lower(H), *FREE), np.linalg.solve(-H, score), rtol=1e-14)


def test_no_score_no_move():
    np.testing.assert_array_equal(newton_move(np.zeros(2), lower(-np.eye(2)), *FREE), [0.0, 0.0])
    np.testing.assert_array_equal(newton_move(np.zeros(2), np.zeros(3), *FREE), [0.0, 0.0])


@pytest.mark.parametrize("H", [[[2.0, 0.0], [0.0, -1.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 3.0], [3.0, 1.0]]])
def test_where_the_curvature_is_not_negative_the_move_still_climbs_and_is_not_long(H):
    score = np.array([0.7, -0.2])
    move = newton_move(score, lower(H), *FREE)
    assert score @ move > 0.0
    assert 0.0 < np.abs(move).max() <= LONGEST


def test_a_move_is_never_long():
    move = newton_move(np.array([1e6, 0.0]), lower(-np.eye(2)), *FREE)
    assert 0.5 * LONGEST < move[0] <= LONGEST


@pytest.mark.parametrize("seed", range(20))
def test_inside_a_box_no_other_move_is_better(seed):
    rng = np.random.default_rng(seed)
    root, score = rng.normal(size=(3, 3)), rng.normal(size=3)
    H = -root @ root.T - np.eye(3)
    low, high = -rng.uniform(0.0, 0.2, 3), rng.uniform(0.0, 0.2, 3)
    move = newton_move(score, lower(H), low, high)

    def value(u):
        return score @ u + u @ H @ u / 2

    best = minimize(lambda u: -value(u), np.zeros(3), bounds=list(zip(low, high, strict=True)), tol=1e-14)
    assert np.all((move >= low) & (move <= high))
    assert value(move) >= 0.9 * -best.fun  # a wall once reached is kept: near the best, if not the best


def test_a_location_moves_by_units_and_a_positive_parameter_by_parts_of_itself():
    theta, bounds = np.array([10.0, 2.0]), np.array([[-np.inf, 0.0], [np.inf, np.inf]])
    stats = np.concatenate([[1.0], [0.5, -0.5], lower(-np.eye(2))])
    newton_update(stats, theta, bounds, np.array([3.0, 0.0]))
    np.testing.assert_allclose(theta, [10.0 + 3.0 * 0.5, 2.0 * (1.0 - 0.5)], rtol=1e-14)


def test_a_frozen_parameter_stays_and_the_other_takes_its_own_step():
    theta = np.array([10.0, 2.0])
    bounds = np.array([[10.0, 0.0], [10.0, np.inf]])
    stats = np.concatenate([[1.0], [0.5, -0.5], lower([[-1.0, 0.8], [0.8, -1.0]])])
    newton_update(stats, theta, bounds, np.array([3.0, 0.0]))
    assert theta[0] == 10.0
    assert theta[1] == pytest.approx(2.0 * (1.0 - 0.5), rel=1e-14)


def test_a_step_ends_at_its_bounds():
    theta, bounds = np.array([10.0, 2.0]), np.array([[9.9, 1.9], [10.1, 2.1]])
    stats = np.concatenate([[1.0], [5.0, -5.0], lower(-np.eye(2))])
    newton_update(stats, theta, bounds, np.array([1.0, 0.0]))
    np.testing.assert_allclose(theta, [10.1, 1.9], rtol=1e-15)
