"""Every public callable, called with every parameter wrong in turn, says which one it is."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import pytest
from calls import CALLS, CONTRACT, EXEMPT, WRONG, Call, case_of, family_calls, public_methods
from catalogue import FAMILIES

import distributions
import mixtures

# Texts may call a parameter by what it holds: rows are data wherever they come from, a name that is none of the
# columns', components' or parameters' own.
ALSO = {
    **dict.fromkeys(("x", "X", "row"), ("data", "row")),
    "given": ("column",),
    "names": ("component", "parameter"),
    "source": ("block", "blocks"),
}


@pytest.fixture(autouse=True)
def _anywhere(tmp_path, monkeypatch) -> Iterator[None]:
    """Some wrong values are names of files."""
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


def is_named(parameter: str, message: str) -> bool:
    """Whether a message has a parameter's name, or the singular of it, as a word."""
    names = [parameter, parameter.removesuffix("s"), *ALSO.get(parameter, ())]
    return any(re.search(rf"(?<!\w){name}(?!\w)", message, re.IGNORECASE) for name in names)


def complaints(name: str, call: Call) -> Iterator[str]:
    """Yield what is wrong with the answers to wrong arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call.function(**call.arguments)
        for parameter in call.arguments:
            for label, value in WRONG.items():
                try:
                    call.function(**call.arguments | {parameter: value})
                except (TypeError, ValueError) as error:
                    if not is_named(parameter, str(error)):
                        yield f"{name}, {parameter} wrong ({label}): {type(error).__name__}: {error}"
                except Exception as error:
                    yield f"{name}, {parameter} wrong ({label}): {type(error).__name__}: {error}"
                else:
                    if label not in call.accepted.get(parameter, ()):
                        yield f"{name}, {parameter} wrong ({label}): no error"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_a_family_names_the_parameter_that_is_wrong(family: type[distributions.Distribution]) -> None:
    found = [complaint for name, call in family_calls(family) for complaint in complaints(name, call)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", CALLS)
def test_the_parameter_that_is_wrong_is_named(name: str) -> None:
    found = list(complaints(name, CALLS[name]()))
    assert not found, "\n".join(found)


def public_callables() -> Iterator[tuple[str, Any]]:
    """Yield the functions, classes and methods that users may call, by name."""
    for name in mixtures.__all__:
        thing = getattr(mixtures, name)
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing) and not issubclass(thing, Exception):
            yield name, thing
            for method in public_methods(thing):
                yield f"{name}.{method}", getattr(thing, method)


def test_no_public_callable_is_left_out_and_no_parameter() -> None:
    assert set(distributions.__all__) <= set(mixtures.__all__)
    known: dict[str, Call] = {name: call for family in FAMILIES for name, call in family_calls(family)}
    known |= {name: make() for name, make in CALLS.items()}
    missing, used = [], set()
    for name, thing in public_callables():
        owner, _, method = name.partition(".")
        of_all = f"Distribution.{method}"  # what all families inherit is called once
        found = next((each for each in (name, of_all) if each in known), None)
        used |= {name, found, method}
        if found is None:
            if owner == "Distribution" or name in EXEMPT or method in CONTRACT:
                continue
            if method not in ("cdf", "ppf") or case_of(getattr(mixtures, owner)).one_column:  # others have none
                missing.append(name)
            continue
        parameters = inspect.signature(thing).parameters.values()
        wanted = {each.name for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)}
        missing += [f"{name}({parameter}=)" for parameter in wanted - {"self"} - set(known[found].arguments)]
    assert not missing
    assert {*EXEMPT, *CONTRACT} <= used, "there is no such callable any more"
