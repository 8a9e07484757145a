"""A model as a record of numbers and text, and back: the constructor's arguments, and what a fit has learned.

`MixtureModel.to_json` writes the record down (`distributions.records`). A fitted model comes back fitted, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from distributions import registry
from distributions.base import Distribution
from distributions.errors import InvalidParameterError, InvalidRecordError
from distributions.records import plain, shown

from . import em, priors
from .degeneracy import CAUSES, Degeneracy
from .entries import Entry, flag, number, read_entries, require_names, require_proportions, texts, vector, whole
from .structure import Structure

if TYPE_CHECKING:
    from .estimator import Estimator
    from .model import MixtureModel

Model = TypeVar("Model", bound="MixtureModel")
Record = dict[str, Any]

MOST_COPIES = 100_000  # of one prototype, in a file: its number must not fill the memory


def to_record(model: MixtureModel) -> Record:
    """Return a model as numbers, text, lists and dicts.

    Raises
    ------
    InvalidParameterError
        If an argument cannot be written down.
    """
    name = type(model).__name__
    if registry.look_up(name) is not type(model):
        raise InvalidParameterError(f"another family is named {name}: give this one a name of its own")
    record = {"family": name, "parameters": _arguments(model)}
    if hasattr(model, "weights_"):
        state = {key: kind.write(getattr(model, key)) for key, kind in _LEARNED.items() if hasattr(model, key)}
        fitted = list(_values(model.components_))
        record["fit"] = {"components_": [component.to_dict() for component in fitted], **state}
    return record


def from_record(family: type[Model], record: Record) -> Model:
    """Return the model that `to_record` wrote.

    Raises
    ------
    InvalidParameterError
        If the record is not one of a model: something is missing, strange, or does not fit the rest.
    """
    try:
        strange = set(record) - {"family", "parameters", "fit"}
        if strange:
            raise ValueError(f"it has the strange key {shown(min(strange))}")
        model = family(**_read_arguments(family, record["parameters"]))
        structure = model._structure  # which checks the arguments
        if "fit" in record:
            _restore(model, structure, record["fit"])
        return model
    except (KeyError, TypeError, ValueError) as error:
        missing = "it lacks " if isinstance(error, KeyError) else ""
        raise InvalidRecordError(f"not a {family.__name__}'s record: {missing}{shown(error)}") from None


# ------------------------------------------------------------------------------------------- the arguments


def _arguments(model: MixtureModel) -> Record:
    """Return the constructor's arguments, all of them: a later version may have other defaults."""
    written = plain_arguments(model)
    for name, (write, _) in _ARGUMENTS.items():
        if name in written:
            written[name] = write(getattr(model, name))
    names = list(model.components) if isinstance(model.components, Mapping) else None
    return {"names": names, **written}


def plain_arguments(estimator: Estimator) -> Record:
    """Return the constructor's arguments as plain values, where they are made of such.

    Raises
    ------
    InvalidParameterError
        If one is a function.
    """
    written = {name: plain(getattr(estimator, name)) for name in estimator._arguments()}
    for name, value in written.items():
        if callable(value):
            raise InvalidParameterError(
                f"{type(estimator).__name__}: {name}={shown(value)} is code, which is not written to a file: "
                f"set_params({name}=None) leaves it out"
            )
    return written


def _read_arguments(family: type[MixtureModel], given: Any) -> Record:
    if not isinstance(given, dict):
        raise TypeError(f"its parameters must have names; got {shown(given)}")
    arguments = {name: value for name, value in given.items() if name != "names"}
    strange = set(arguments) - set(family._arguments())
    if strange:
        raise ValueError(f"{family.__name__} has no argument {shown(min(strange))}: a newer release may")
    arguments |= {name: read(arguments[name]) for name, (_, read) in _ARGUMENTS.items() if name in arguments}
    components, copies = arguments["components"], arguments.get("n_components")
    if isinstance(components, Distribution) and isinstance(copies, int) and copies > MOST_COPIES:
        raise ValueError(f"n_components is {copies}; a file may ask for {MOST_COPIES} copies")
    names = given["names"]
    if names is not None:
        if not isinstance(names, list) or len(set(names)) < len(names):
            raise ValueError(f"names repeat, or are no list, in {shown(names)}")
        arguments["components"] = dict(zip(names, components, strict=True))
    return arguments


def _write_components(components: Any) -> Any:
    if isinstance(components, Distribution):
        return components.to_dict()
    return [component.to_dict() for component in _values(components)]


def _read_components(record: Any) -> Any:
    if isinstance(record, list):
        return [Distribution.from_dict(part) for part in record]
    return Distribution.from_dict(record)


def _values(components: Any) -> Any:
    return components.values() if isinstance(components, Mapping) else components


def _write_tied(tied: Any) -> Any:
    """Return ties as they were given; factors, whose keys may be numbers, as pairs."""
    return {name: _write_groups(given) for name, given in tied.items()} if isinstance(tied, Mapping) else plain(tied)


def _write_groups(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {"factors": [[plain(member), plain(factor)] for member, factor in given.items()]}
    return [_write_groups(part) for part in given] if isinstance(given, (list, tuple)) else plain(given)


def _read_tied(record: Any) -> Any:
    return {name: _read_groups(given) for name, given in record.items()} if isinstance(record, dict) else record


def _read_groups(record: Any) -> Any:
    if isinstance(record, dict):
        return dict(record["factors"])
    return [_read_groups(part) for part in record] if isinstance(record, list) else record


def write_rng(rng: Any, name: str = "rng") -> Any:
    """Return a seed as it is, and the state of a generator as `numpy.random.default_rng` makes them.

    Raises
    ------
    InvalidParameterError
        If it is a generator of another kind.
    """
    if not isinstance(rng, (np.random.Generator, np.random.RandomState)):
        return plain(rng)
    bits: Any = getattr(rng, "bit_generator", None)
    state = {} if bits is None else bits.state
    if state.get("bit_generator") != "PCG64":
        raise InvalidParameterError(
            f"the state of {rng!r} cannot be written to a file. Give {name} a seed, a whole number."
        )
    return {"PCG64": [*state["state"].values(), state["has_uint32"], state["uinteger"]]}


def read_rng(record: Any) -> Any:
    """Return what `write_rng` was given."""
    if not isinstance(record, dict):
        return record
    state, step, has_half, half = map(whole, record["PCG64"])
    generator = np.random.Generator(np.random.PCG64(0))
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": state, "inc": step},
        "has_uint32": has_half,
        "uinteger": half,
    }
    return generator


_ARGUMENTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {  # those that are more than plain values
    "components": (_write_components, _read_components),
    "tied": (_write_tied, _read_tied),
    "prior": (priors.to_record, priors.from_record),
    "rng": (write_rng, read_rng),
}


# ------------------------------------------------------------------------------------------ what was learned


def as_reason(value: Any) -> str:
    """Return why a climb ended, as a record has it."""
    if value not in em.REASONS.values():
        raise ValueError(f"{shown(value)} is no reason to end")
    return value


def _write_degeneracies(found: list[Degeneracy]) -> list[Any]:
    return [[each.component, each.cause, list(each.parameters), each.effective_count, each.message] for each in found]


def _read_degeneracies(value: Any) -> list[Degeneracy]:
    found = []
    for component, cause, parameters, count, message in value:
        words = [component, cause, message, *parameters]
        if cause not in CAUSES or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{shown([component, cause, parameters, count, message])} is no degeneracy")
        found.append(Degeneracy(component, cause, tuple(parameters), number(count), message))
    return found


_LEARNED = {
    "weights_": Entry(plain, vector),
    "history_": Entry(plain, vector),
    "n_iter_": Entry(int, whole),
    "log_likelihood_": Entry(float, number),
    "log_posterior_": Entry(float, number),
    "converged_": Entry(bool, flag),
    "converged_reason_": Entry(str, as_reason),
    "part_counts_": Entry(plain, vector),
    "effective_counts_": Entry(plain, vector),
    "n_rows_": Entry(int, whole),
    "n_features_in_": Entry(int, whole),
    "total_weight_": Entry(float, number),
    "n_starts_": Entry(int, whole),
    "n_agreed_": Entry(int, whole),
    "n_reseeds_": Entry(int, whole),
    "degeneracies_": Entry(_write_degeneracies, _read_degeneracies),
    "feature_names_in_": Entry(plain, texts),
}
_OPTIONAL = frozenset({"feature_names_in_"})


def _restore(model: MixtureModel, structure: Structure, fit: Record) -> None:
    """Give a model the learned attributes of a record, each checked against the others."""
    learned = read_entries(fit, _LEARNED, _OPTIONAL, {"components_"})
    fitted = [Distribution.from_dict(part) for part in fit["components_"]]
    n, weights = len(structure.named), learned["weights_"]
    if len(fitted) != n or weights.shape != (n,) or learned["effective_counts_"].shape != (n,):
        raise ValueError(f"its fit is not one of {n} components")
    require_proportions(weights)
    if any(component.unknown for component in fitted):
        raise ValueError("components_ have unknown parameters")
    met_before = learned["converged_reason_"] == em.REASONS[em.STREAMED]  # no block was looked at after an update
    if len(learned["history_"]) != learned["n_iter_"] + (0 if met_before else 1):
        raise ValueError(f"history_ has {len(learned['history_'])} entries, of {learned['n_iter_']} updates")
    same = Structure(structure.shaped(fitted), None, weights, structure.rules)
    if same.n_columns not in (None, learned["n_features_in_"]):
        raise ValueError(f"n_features_in_ is {learned['n_features_in_']}, the components have {same.n_columns} columns")
    require_names(learned.get("feature_names_in_"), learned["n_features_in_"])
    if learned["part_counts_"].shape != same.owner.shape:
        raise ValueError(f"part_counts_ has {len(learned['part_counts_'])} entries for {len(same.owner)} components")
    model.components_ = structure.shaped(fitted)
    for name, value in learned.items():
        setattr(model, name, value)
