"""The compiled contract: how a family's kernels are compiled, called and joined to the EM loop.

A family that wants speed and scale gives three functions on a flat parameter vector ``theta`` and
feature-major blocks ``X`` of shape ``(d, m)`` (one row per column of the data, so that the innermost
loop runs over contiguous observations):

``log_pdf(X, theta, out)``
    adds m log densities to ``out``.
``accumulate(X, r, theta, stats)``
    adds sum_i r_i t(x_i; theta) to ``stats``. Statistics add: two halves of the data give the whole.
``update(stats, theta, bounds)``
    turns total statistics into new parameters, in place. ``bounds`` has shape ``(2, len(theta))``: the
    maximum is taken inside this box. A frozen parameter has equal bounds, a scale has a floor.

A family whose ``theta`` repeats parameters in another form, such as the factor of a matrix, may give a fourth:

``complete(theta)``
    fills the entries that repeat others, in place.

Where reading a block is what costs, `log_pdf` and `accumulate` may take several components at once, see `Kernels`.

A constraint across distributions, such as a covariance that all share, is a fourth function:

``update_jointly(stats, theta, bounds, setting)``
    does the same for all members of a group at once. Each array has a first axis more, the members; ``setting`` is a
    vector of numbers that say which constraint it is.

Each is decorated with `kernel`; the names of the arguments are the signature. The decorator costs
nothing at import: a kernel is compiled (or loaded from the cache on disk) when it is first used.

All kernels of one role have one machine signature, so a compiled loop calls them by address (`call_log_pdf`,
`call_accumulate`, ...) and is compiled once for every combination of families.
"""

import types as python_types
from collections.abc import Callable
from functools import cache, partial
from inspect import signature
from threading import RLock
from typing import Any, NamedTuple

from llvmlite import ir
from numba import njit, typeof, types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

VECTOR = types.Array(types.float64, 1, "C")
MATRIX = types.Array(types.float64, 2, "C")
CUBE = types.Array(types.float64, 3, "C")
TICKET = types.Array(types.int64, 1, "C")
ROLES = {
    "log_pdf": {"X": MATRIX, "theta": VECTOR, "out": VECTOR},
    "accumulate": {"X": MATRIX, "r": VECTOR, "theta": VECTOR, "stats": VECTOR},
    "update": {"stats": VECTOR, "theta": VECTOR, "bounds": MATRIX},
    "complete": {"theta": VECTOR},
    "update_jointly": {"stats": MATRIX, "theta": MATRIX, "bounds": CUBE, "setting": VECTOR},
}

# Sums must vectorise, so reassociation is allowed; nnan and ninf never are: with them a row of -inf
# turns into NaN.
SUMS_VECTORISE = ("reassoc", "contract", "nsz")
ROUNDING_KEPT = ("contract",)


def _jit(function: Callable[..., Any], **options: Any) -> Any:
    options = {"nogil": True, "error_model": "numpy", **options}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for the cache can be written: a read-only installation
        return njit(**options)(function)


def scalar(function: Callable[..., Any]) -> Any:
    """Compile a scalar helper that is inlined into the loops that call it, with exact rounding rules.

    Only contraction is allowed: an argument reduction in two parts would not survive reassociation.
    """
    return _jit(function, forceinline=True, fastmath=set(ROUNDING_KEPT))


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function on arrays, on first use and for the types it is called with."""
    return _jit(function, fastmath=set(SUMS_VECTORISE), no_cfunc_wrapper=True)


def in_order(function: Callable[..., Any]) -> Any:
    """Compile a function on arrays whose every operation is rounded as it is written.

    Else what is reordered or contracted depends on the function that it becomes a part of: a loop in which all is
    compiled together, and one whose parts are called one by one, would differ in their last bits. That nothing may be
    reordered is said outright: an option that is not given is inherited from the function for which it is compiled.
    """
    return _jit(function, fastmath=False, no_cfunc_wrapper=True)


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function on arrays as a part of the compiled functions that call it.

    It has no entry from Python, and where that would unpack a plan this is most of its compilation. Called from
    Python it is what it is written as. Its operations are those of `in_order`.
    """
    function.py_func = function  # type: ignore[attr-defined]
    return register_jitable(error_model="numpy", fastmath=False, no_cfunc_wrapper=True)(function)


@compiled
def copy_to(target, source):
    """Copy a vector into one of the same size.

    A loop: the assignment of a slice brings numba's text functions for its error message along, seconds to compile.
    """
    for i in range(target.size):
        target[i] = source[i]


def kernel(function: Callable[..., Any]) -> Any:
    """Compile one of the functions of a family or a constraint; the argument names give its role and signature.

    Raises
    ------
    TypeError
        If it is no function, or its arguments are not those of `log_pdf`, `accumulate`, `update`, `complete` or
        `update_jointly`.
    """
    if not callable(function):
        raise TypeError(f"kernel decorates a function; got {function!r}")
    if list(signature(function).parameters) not in map(list, ROLES.values()):
        expected = ", ".join(f"{role}({', '.join(names)})" for role, names in ROLES.items())
        raise TypeError(
            f"kernel {function.__name__}{signature(function)} has none of the signatures {expected}: "
            "name the arguments exactly so"
        )
    return _jit(function, fastmath=set(SUMS_VECTORISE))


_compiling = RLock()


@cache
def address(function: Any, role: str) -> int:
    """Return the machine address of a kernel, compiled on first use.

    Raises
    ------
    TypeError
        If it is not decorated with `kernel`, or stands in the place of another.
    """
    source = getattr(function, "py_func", None)
    if source is None or list(signature(source).parameters) != list(ROLES[role]):
        raise TypeError(
            f"Kernels.{role} must be a function {role}({', '.join(ROLES[role])}) decorated with kernel; "
            f"got {function!r}"
        )
    with _compiling:  # another thread may be about to do the same
        result = function.get_compile_result(types.none(*ROLES[role].values()))
        # A call with other types is a mistake, not a second version. numba's own switch for that would refuse a thread
        # that has called the kernel meanwhile and waits for this version.
        function.compile = partial(_known_version, function)
    return result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name)


def _known_version(function: Any, types_given: Any) -> Any:
    """Return the entry of the version of a kernel for some types; it is an error if there is none."""
    known = function.overloads.get(tuple(types_given))
    if known is None:
        raise TypeError(f"No matching definition of {function.__name__} for {', '.join(map(str, types_given))}")
    return known.entry_point


_addresses: dict[Any, int] = {}


def address_for(function: Any, arguments: tuple[Any, ...]) -> int:
    """Return the machine address of a compiled function, for `call_at`.

    It is compiled for arguments of these types on first use; later ones must have the same.
    """
    if function not in _addresses:
        with _compiling:
            result = function.get_compile_result(types.none(*map(typeof, arguments)))
            _addresses[function] = result.library.get_pointer_to_function(result.fndesc.llvm_func_name)
    return _addresses[function]


class Kernels(NamedTuple):
    """The three kernels of a family, and `complete` where ``theta`` repeats parameters in another form.

    Kernels that take several have a `log_pdf` and an `accumulate` that serve n components at once, of the same columns:
    ``theta``, ``out`` (n m,), ``r`` and ``stats`` hold what belongs to each, one after the other.
    """

    log_pdf: Any
    accumulate: Any
    update: Any
    complete: Any = None
    takes_several: bool = False

    @property
    def addresses(self) -> tuple[int, int, int]:
        """Machine addresses of `log_pdf`, `accumulate` and `update`."""
        return (
            address(self.log_pdf, "log_pdf"),
            address(self.accumulate, "accumulate"),
            address(self.update, "update"),
        )


def _call(role: str) -> Any:
    """Type and code of a call by address: the C entry point takes its arrays as structures by value."""
    argument_types = list(ROLES[role].values())

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        result_type = context.get_value_type(types.none)
        entry = ir.FunctionType(result_type, [context.get_value_type(kind) for kind in argument_types])
        return builder.call(builder.inttoptr(values[0], entry.as_pointer()), values[1:])

    return types.none(types.int64, *argument_types), generate


def _intrinsic(function: Callable[..., Any]) -> Any:
    return intrinsic(function)  # typed as what compiled code sees: without the typing context


@_intrinsic
def call_log_pdf(typing_context: Any, address: Any, X: Any, theta: Any, out: Any) -> Any:
    """Call the `log_pdf` kernel at ``address``."""
    return _call("log_pdf")


@_intrinsic
def call_accumulate(typing_context: Any, address: Any, X: Any, r: Any, theta: Any, stats: Any) -> Any:
    """Call the `accumulate` kernel at ``address``."""
    return _call("accumulate")


@_intrinsic
def call_update(typing_context: Any, address: Any, stats: Any, theta: Any, bounds: Any) -> Any:
    """Call the `update` kernel at ``address``."""
    return _call("update")


@_intrinsic
def call_complete(typing_context: Any, address: Any, theta: Any) -> Any:
    """Call the `complete` kernel at ``address``."""
    return _call("complete")


@_intrinsic
def call_update_jointly(typing_context: Any, address: Any, stats: Any, theta: Any, bounds: Any, setting: Any) -> Any:
    """Call the `update_jointly` kernel at ``address``."""
    return _call("update_jointly")


@_intrinsic
def call_at(typing_context: Any, address: Any, function: Any, arguments: Any) -> Any:
    """Call a compiled function that returns nothing at its address, see `address_for`, with a tuple of arguments.

    Its machine code is then one and the same for all callers, and so are the bits of its sums: a function that is
    called by name is compiled once more as a part of each. ``function`` is the same, for loops that are interpreted.
    """

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        convention, parts = context.call_conv, [builder.extract_value(values[2], i) for i in range(len(arguments))]
        entry = convention.get_function_type(types.none, arguments.types).as_pointer()
        status, _ = convention.call_function(
            builder, builder.inttoptr(values[0], entry), types.none, arguments.types, parts
        )
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.none(types.int64, function, arguments), generate


@_intrinsic
def _fetch_and_add(typing_context: Any, counter: Any) -> Any:
    """Add 1 to the first entry of a vector of integers and return what was there, in one step for all threads."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        counter = context.make_array(signature.args[0])(context, builder, values[0])
        return builder.atomic_rmw("add", counter.data, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(TICKET), generate


@compiled
def take_number(counter):
    """Return the next number of a counter, shape (1,), that several threads may draw from: each gets another."""
    return _fetch_and_add(counter)


@_intrinsic
def unowned(typing_context: Any, value: Any) -> Any:
    """Return an array, or a tuple with arrays in it, whose slices do not count as references to it.

    To count takes an atomic instruction, which waits for all that was stored before it: several for each call of a
    kernel cost as much as the work of a cheap family on a block. Whoever calls the function in which this stands must
    hold on to the arrays: so give it arguments of that function, and nothing else.
    """

    def freed(context: Any, builder: Any, kind: Any, owned: Any) -> Any:
        if isinstance(kind, types.BaseTuple):
            parts = [
                freed(context, builder, part, builder.extract_value(owned, i))
                for i, part in enumerate(kind.types)  # type: ignore[attr-defined]
            ]
            return context.make_tuple(builder, kind, parts)
        if not isinstance(kind, types.Array):
            return owned
        array = context.make_array(kind)(context, builder, owned)
        array.meminfo, array.parent = (cgutils.get_null_value(each.type) for each in (array.meminfo, array.parent))
        return array._getvalue()

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return freed(context, builder, signature.args[0], values[0])

    return value(value), generate


def _itself(value: Any) -> Any:
    return value


def _call_with(_address: int, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    function(*arguments)


def _call_object(function: Callable[..., None], *arguments: Any) -> None:
    function(*arguments)


BY_NAME = (call_at, _call_with)  # stands in where a loop is interpreted
_STAND_INS = (
    *(
        (call, _call_object)
        for call in (call_log_pdf, call_accumulate, call_update, call_complete, call_update_jointly)
    ),
    (unowned, _itself),
    BY_NAME,
)


def interpreted(dispatcher: Any) -> Any:
    """Return the same loop as Python, so that its kernels may be any Python callables."""
    return with_stand_ins(dispatcher, _STAND_INS)


@cache
def with_stand_ins(dispatcher: Any, stand_ins: tuple[tuple[Any, Any], ...]) -> Any:
    """Return the same loop as Python, in which other callables stand in for some functions: pairs of these.

    Only the functions that lead to them are interpreted; all that they call otherwise stays compiled.
    """
    function, found = dispatcher.py_func, {id(replaced): stand_in for replaced, stand_in in stand_ins}
    rebound: dict[str, Any] = {}
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if id(value) in found:
            rebound[name] = found[id(value)]
        elif hasattr(value, "py_func") and with_stand_ins(value, stand_ins) is not value:
            rebound[name] = with_stand_ins(value, stand_ins)
    if not rebound:
        return dispatcher
    return python_types.FunctionType(function.__code__, {**function.__globals__, **rebound})
