"""A model comes back from its file as it was, fitted, every bit; and from nothing else.

Thousands of damaged and forged files are tried; the long profile (see `profiles`) tries tens of thousands, other ones
each time.
"""

import copy
import json
import pickle
import random
import sys
import time
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from profiles import LONG, either
from sklearn.base import clone

import mixtures
from distributions import records
from mixtures import (
    Categorical,
    DegeneracyWarning,
    Distribution,
    Exponential,
    InvalidParameterError,
    InvalidRecordError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Prior,
    Product,
    Truncated,
    ZeroInflated,
    datasets,
    from_scipy,
)

GEYSER = datasets.load("old_faithful")
WAITING = GEYSER["waiting"]
BOTH = np.column_stack([GEYSER["eruptions"], WAITING])


def table(n=150):
    """Return columns of numbers, counts and text."""
    rng = np.random.default_rng(5)
    group = rng.integers(0, 2, n)
    colour = np.array(["red", "blue", "green"])[np.minimum(group + (rng.random(n) < 0.3), 2)]
    return np.column_stack([(rng.normal(4.0 * group, 1.0)).astype(object), rng.poisson(2.0 + 5 * group), colour])


def kinds():
    """Yield models of many kinds, with the data that they are fitted to."""
    yield "plain", MixtureModel([Normal(), Normal()], n_init=3), WAITING
    yield "named", MixtureModel({"low": Normal(50.0, 5.0).freeze("mean"), "high": Normal(80.0, 5.0)}), WAITING
    yield "copies", MixtureModel(Normal(), n_components=2, tol=1e-9, max_iter=500, rng=7, n_init=2), WAITING
    yield "tied", MixtureModel([Normal(), Normal()], tied={"std": {0: 1, "Normal 2": 2}}, n_init=2), WAITING
    yield "groups", MixtureModel(Normal(), n_components=4, tied={"std": [[0, 1], [2, 3]]}, n_init=1), WAITING
    yield "covariance", MixtureModel(MultivariateNormal(), n_components=2, covariance="VEV", n_init=2), BOTH
    yield "weights", MixtureModel([Normal(), Normal()], weights=np.array([1, 3]), freeze_weights=[0], n_init=2), WAITING
    prior = {"a": Prior(Normal(60.0, 9.0), 2, mean_count=0.5), "b": None}
    yield "prior", MixtureModel({"a": Normal(), "b": Normal()}, prior=prior, weights_prior=[2.0, 3], n_init=2), WAITING
    inner = MixtureModel([Normal(50.0, 5.0), Normal(60.0, 5.0)], weights=[0.3, 0.7])
    yield "nested", MixtureModel({"short": inner, "long": Normal(80.0, 5.0)}, tol=1e-6), WAITING
    mixed = Product([Normal(), Poisson(), Categorical(smoothing=1.0)])
    yield "product", MixtureModel(mixed, n_components=2, n_init=2), table()
    wrapped = [Truncated(Normal(), low=0.0), from_scipy("gumbel_r", loc=None, scale=None)]
    yield (
        "frame",
        MixtureModel(Normal(), n_components=2, init=[k % 2 for k in range(40)]),
        pd.DataFrame({"minutes": WAITING[:40]}),
    )
    yield "wrapped", MixtureModel(wrapped, tol=1e-5, n_init=1), WAITING[:60]
    counts = np.random.default_rng(1).poisson(3.0, 80) * (np.arange(80) % 3 > 0)
    yield "inflated", MixtureModel([ZeroInflated(Poisson()), Poisson(9.0)], n_init=2), counts
    yield "lost", MixtureModel([Normal(60.0, 9.0), Normal(-1e6, 1.0)]), WAITING  # a component without data
    yield "unfitted", MixtureModel([Normal(), Exponential()], weights_prior=2.0, rng=None), None


@pytest.fixture(scope="module")
def models():
    made = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, model, data in kinds():
            made[name] = (model if data is None else model.fit(data), data)
    return made


def same(a, b):
    """Whether two attributes are the same to the bit, and of one type."""
    if isinstance(a, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and a == b


def require_same(back, model, data):
    """Require a model that is the other in every respect."""
    for name, value in vars(model).items():
        expected = value.tolist() if isinstance(value, np.ndarray) and not name.endswith("_") else value
        assert same(vars(back)[name], expected) or same(vars(back)[name], value), name
    assert vars(back).keys() == vars(model).keys()
    assert repr(back.components) == repr(model.components)
    if data is None:
        return
    assert repr(back.components_) == repr(model.components_)
    assert back.summary() == model.summary()
    for ask in ("predict", "predict_proba", "score", "score_samples", "aic", "bic", "log_likelihood"):
        np.testing.assert_array_equal(getattr(back, ask)(data), getattr(model, ask)(data))
    np.testing.assert_array_equal(back.sample(20, rng=3), model.sample(20, rng=3))


NAMES = [name for name, *_ in kinds()]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_comes_back_from_its_text(name, models):
    model, data = models[name]
    for text in (model.to_json(), json.dumps(json.loads(model.to_json()))):
        back = MixtureModel.from_json(text)
        assert back == model
        require_same(back, model, data)
        assert back.to_json() == model.to_json()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_comes_back_from_pickle_joblib_and_copies(name, models, tmp_path):
    model, data = models[name]
    joblib.dump(model, tmp_path / "model")
    pickled = pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")
    for back in (*pickled, copy.copy(model), copy.deepcopy(model)):
        assert back is not model
        assert back == model
        require_same(back, model, data)


def test_everything_that_a_fit_learns_is_written(models):
    for name, (model, data) in models.items():
        learned = {key for key in vars(model) if key not in model.get_params()}
        assert bool(learned) == (data is not None), name
        assert set(model.to_dict().get("fit", {})) == learned, name


def test_a_model_that_was_read_can_be_fitted_again(models):
    for name in ("plain", "tied", "prior", "copies"):
        model, data = models[name]
        again = clone(MixtureModel.from_json(model.to_json())).fit(data)
        np.testing.assert_array_equal(again.history_, model.history_)
        assert again == model


def test_a_copy_is_another_model(models):
    model, data = models["plain"]
    before = model.to_json()
    for other in (copy.copy(model), copy.deepcopy(model), MixtureModel.from_json(before)):
        other.set_params(tol=1e-3).fit(data[:100])
    assert model.to_json() == before


def test_a_generator_comes_back_where_it_was():
    rng = np.random.default_rng(11)
    rng.integers(0, 5, 3, dtype=np.uint32)  # which keeps half a draw
    model = MixtureModel([Normal(0.0, 1.0)], rng=rng)
    text = model.to_json()
    back = MixtureModel.from_json(text).rng
    np.testing.assert_array_equal(back.integers(0, 9, 5, dtype=np.uint32), rng.integers(0, 9, 5, dtype=np.uint32))
    np.testing.assert_array_equal(back.random(5), rng.random(5))
    other = MixtureModel([Normal()], rng=np.random.Generator(np.random.MT19937(0)))
    with pytest.raises(InvalidParameterError, match="cannot be written to a file. Give rng a seed"):
        other.to_json()
    assert MixtureModel.from_json(MixtureModel([Normal()], rng=[1, 2]).to_json()).rng == [1, 2]


def test_code_is_not_written():
    model = MixtureModel([Normal()], init=lambda rows, rng: np.zeros(len(rows)))
    with pytest.raises(InvalidParameterError, match=r"is code, which is not written .* set_params\(init=None\)"):
        model.to_json()


def test_a_family_of_a_user_s_own_is_found_by_its_class():
    class Spike(Normal):
        """A class that exists when the file is read; nothing was imported for it."""

    model = MixtureModel([Spike(50.0, 5.0), Normal(80.0, 5.0)], tol=1e-6).fit(WAITING)
    back = MixtureModel.from_json(model.to_json())
    assert type(back.components_[0]) is Spike
    assert back == model


def test_a_subclass_keeps_its_class_and_arguments():
    class Background(MixtureModel):
        """A mixture with an argument of its own."""

        def __init__(self, components, *, level=0.5, rng=0):
            super().__init__(components, rng=rng)
            self.level = level

    model = Background([Normal(50.0, 5.0), Normal(80.0, 5.0)], level=[0.1]).fit(WAITING)
    back = Distribution.from_json(model.to_json())
    assert type(back) is Background
    assert back.level == [0.1]
    np.testing.assert_array_equal(back.history_, model.history_)
    with pytest.raises(InvalidRecordError, match="the record of a Normal, not of a MixtureModel"):
        MixtureModel.from_json(Normal(0.0, 1.0).to_json())


# -------------------------------------------------------------------------------------------- hostile records


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("fit", "weights_"), [0.5, 0.6], "weights_ are no proportions"),
        (("fit", "weights_"), [1.5, -0.5], "weights_ are no proportions"),
        (("fit", "weights_"), [float("nan"), 1.0], "weights_ are no proportions"),
        (("fit", "weights_"), [1.0], "its fit is not one of 2 components"),
        (("fit", "weights_"), [1, 0], "1 is no number"),
        (("fit", "components_"), [], "its fit is not one of 2 components"),
        (("fit", "components_", 0, "parameters", "std"), None, "components_ have unknown parameters"),
        (("fit", "components_", 0, "parameters", "std"), -1.0, "std must be a finite number > 0"),
        (("fit", "components_", 0), MultivariateNormal(np.zeros(2), np.eye(2)).to_dict(), "different numbers of col"),
        (("fit", "history_"), [1.0], "history_ has 1 entries, of"),
        (("fit", "n_iter_"), -1, "-1 is no whole number >= 0"),
        (("fit", "n_iter_"), True, "True is no whole number"),
        (("fit", "converged_"), 1, "1 is neither true nor false"),
        (("fit", "converged_reason_"), "fine", "'fine' is no reason to end"),
        (("fit", "part_counts_"), [1.0], "part_counts_ has 1 entries for 2 components"),
        (("fit", "effective_counts_"), [1.0], "its fit is not one of 2 components"),
        (("fit", "n_features_in_"), 3, "n_features_in_ is 3, the components have 1 columns"),
        (("fit", "log_likelihood_"), "x", "'x' is no number"),
        (("fit", "feature_names_in_"), ["a", "b"], "feature_names_in_ are not the names of 1 columns"),
        (("fit", "feature_names_in_"), [1], r"\[1\] are no names"),
        (("fit", "other"), 1, "its fit has the strange entry 'other'"),
        (("fit",), [], "not a MixtureModel's record"),
        (("other",), 1, "it has the strange key 'other'"),
        (("parameters", "colour"), 1, "has no argument 'colour'"),
        (("parameters", "components"), 5, "needs the keys 'family' and 'parameters'"),
        (("parameters", "components"), [], "at least one component"),
        (("parameters", "weights"), [1.0], "weights must be 2 finite numbers"),
        (("parameters", "prior"), {"x": 1}, "it lacks 'distribution'"),
        (("parameters", "tied"), {"std": {"factors": 3}}, "not a MixtureModel's record"),
        (("parameters", "names"), ["a", "a"], "names repeat"),
        (("parameters", "names"), "ab", "names repeat, or are no list"),
        (("parameters", "names"), ["a"], "not a MixtureModel's record"),
        (("parameters", "rng"), {"PCG64": [1]}, "not enough values to unpack"),
        (("parameters", "rng"), {"PCG64": [2**200, 1, 0, 0]}, "not a record of a MixtureModel: OverflowError"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(path, value, message, models):
    record = models["plain"][0].to_dict()
    place = record
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InvalidRecordError, match=message):
        MixtureModel.from_dict(record)


@pytest.mark.parametrize("gone", ["parameters", "weights_", "components_", "history_"])
def test_a_record_that_lacks_something_is_refused(gone, models):
    record = models["plain"][0].to_dict()
    (record if gone in record else record["fit"]).pop(gone)
    with pytest.raises(InvalidRecordError):
        MixtureModel.from_dict(record)


def test_a_number_of_copies_cannot_fill_the_memory():
    record = MixtureModel(Normal(), n_components=2).to_dict()
    record["parameters"]["n_components"] = 10**8
    with pytest.raises(InvalidRecordError, match="n_components is 100000000; a file may ask for 100000 copies"):
        MixtureModel.from_dict(record)
    assert len(MixtureModel(Normal(), n_components=50_000).names) == 50_000


# ----------------------------------------------------------------------------------------------------- fuzzing

FORBIDDEN = ("exec", "compile", "import", "open", "os.", "subprocess.", "socket.", "shutil.", "ctypes.", "pickle.")


class Watch:
    """Notes what Python does that a file must not make it do, while it is switched on."""

    def __init__(self):
        self.on, self.seen = False, []
        sys.addaudithook(self)

    def __call__(self, event, args):
        if self.on and event.startswith(FORBIDDEN):
            self.seen.append((event, str(args)[:200]))


WATCH = Watch()


def read(text):
    """Return what a text is read as, an `InvalidRecordError` if it is refused; nothing else may happen."""
    WATCH.seen.clear()
    began = time.process_time()
    WATCH.on = True
    try:
        return Distribution.from_json(text)
    except InvalidRecordError as error:
        return error
    finally:
        WATCH.on = False
        assert not WATCH.seen, (WATCH.seen, text)
        assert time.process_time() - began < 5.0, text


PIECES = ["0", "1", "-", ".", "e", "9" * 400, '"', "{", "}", "[", "]", ",", ":", "null", "true", "NaN", "Infinity"]
PIECES += ['"family"', '"__class__"', '"os.system"', '"Normal"', "\x00", "é", "[" * 2000, "\\", " ", "\n"]
PIECES += ['{"float": "nan"}']


def damaged(text, rng, others):
    """Return a text after one to three accidents."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        i, j = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        j = min(j, i + rng.choice([1, 2, 10, 100, 10_000]))
        accident = rng.randrange(8)
        if accident == 0:
            text = text[:i] + chr(rng.choice([rng.randrange(128), rng.randrange(0x3000)])) + text[i + 1 :]
        elif accident == 1:
            text = text[:i] + text[j:]
        elif accident == 2:
            text = text[:j] + text[i:]
        elif accident == 3:
            text = text[:i] + rng.choice(PIECES) + text[i:]
        elif accident == 4:
            text = text[:i] + rng.choice(PIECES) + text[j:]
        elif accident == 5:
            digits = [k for k, c in enumerate(text) if c.isdigit()]
            k = rng.choice(digits or [0])
            text = text[:k] + rng.choice("0123456789") + text[k + 1 :]
        elif accident == 6:
            other = rng.choice(others)
            text = text[:i] + other[rng.randrange(len(other)) :]
        else:
            lines = text.split("\n")
            a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[a], lines[b] = lines[b], lines[a]
            text = "\n".join(lines)
    return text


def places(value, path=()):
    """Yield the path of everything in a record."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from places(part, (*path, key))


VALUES = [None, True, False, 0, 1, -1, 3, 2**63, 10**30, 10**400, 0.0, -0.0, 0.5, 1.0, -1.0, 1e-320, 1e300, -1e300]
VALUES += [float("inf"), float("nan"), "", "x", "os.system", "__import__('os')", "Normal", "mean", [], {}, [[]], [0.5]]
VALUES += [[1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]], {"family": "Normal", "parameters": {}}, {"": 0}, "a" * 10_000]


def forged(record, rng, others):
    """Return a record after one to three changes, of which the checksum tells nothing."""
    record = copy.deepcopy(record)
    for _ in range(rng.choice([1, 1, 2, 3])):
        path = rng.choice(list(places(record))[1:] or [()])
        if not path:
            return rng.choice(VALUES)
        place = record
        for step in path[:-1]:
            place = place[step]
        kind = rng.randrange(6)
        if kind <= 2:
            place[path[-1]] = copy.deepcopy(rng.choice(VALUES))
        elif kind == 3:
            del place[path[-1]]
        elif kind == 4:
            other = rng.choice(others)
            for step in rng.choice(list(places(other))):
                other = other[step]
            place[path[-1]] = copy.deepcopy(other)
        elif isinstance(place, dict):
            place[rng.choice(["x", "family", "frozen", "fit", "__class__", "self"])] = copy.deepcopy(rng.choice(VALUES))
        else:
            place.append(copy.deepcopy(rng.choice(VALUES)))
    return record


def fuzz_rng():
    return random.Random(None if LONG else 20260101)


def test_a_damaged_file_is_refused_or_is_the_same_model(models):
    """An accident never loads a model that is another one."""
    texts = [model.to_json() for model, _ in models.values()]
    rng, refused, count = fuzz_rng(), 0, either(600, 40_000)
    for _ in range(count):
        text = rng.choice(texts)
        found = read(damaged(text, rng, texts))
        if isinstance(found, InvalidRecordError):
            refused += 1
            assert len(str(found)) < 3000
        else:
            assert found.to_json() in texts
    assert refused > 0.8 * count


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_forged_file_is_refused_or_is_a_model_of_known_families(models):
    """What a checksum cannot see is checked value by value: what loads is a model, and is written as it was read."""
    originals = [json.loads(model.to_json())["record"] for model, _ in models.values()]
    rng, count, outcomes = fuzz_rng(), either(300, 40_000), {"refused": 0, "loaded": 0}
    for _ in range(count):
        record = forged(rng.choice(originals), rng, originals)
        try:
            text = records.to_text(record)
        except InvalidParameterError:  # no record at all
            continue
        found = read(text)
        if isinstance(found, InvalidRecordError):
            outcomes["refused"] += 1
            continue
        outcomes["loaded"] += 1
        assert type(found).__name__ in mixtures.__all__ or type(found).__module__.startswith("distributions.")
        again = Distribution.from_json(found.to_json())
        assert again.to_json() == found.to_json()
        assert again == found
    assert outcomes["refused"] > 0.3 * count
    assert outcomes["loaded"] > 0


def test_a_lost_component_is_written_like_any_other():
    x = np.array([0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.2, 5.3])
    with pytest.warns(DegeneracyWarning, match="has lost all its data"):
        model = MixtureModel([Normal(0.0, 1.0), Normal(5.0, 1.0), Normal(1e6, 1e-3)], max_iter=50).fit(x)
    require_same(MixtureModel.from_json(model.to_json()), model, x)
