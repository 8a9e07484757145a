"""Vectors of doubles that stay in registers, for the few loops that a compiler does not block for registers itself.

A value of type `Lanes` holds a fixed number of doubles, in one vector register or in several. Nothing between two
operations goes through memory. Where an operand has fewer lanes than the result, or is a number, it is repeated.

Functions such as `add` allow sums to be reordered. The operators + - * / do not: with them a formula that relies on how
doubles are rounded means the same for lanes as for a number.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

from .kernels import ROUNDING_KEPT, SUMS_VECTORISE


def _doubles_in_a_register() -> int:
    features = llvmlite.binding.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx") else 2


REGISTER = _doubles_in_a_register()


class Lanes(types.Type):
    """The type of ``width`` doubles, a power of two."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.vector = ir.VectorType(ir.DoubleType(), width)
        super().__init__(name=f"Lanes({width})")


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, kind.vector)


def _shuffle(builder: Any, one: Any, other: Any, places: list[int]) -> Any:
    """Return the lanes at places of two vectors in a row."""
    return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places))


def _repeat(builder: Any, value: Any, width: int) -> Any:
    """Return a number, or the lanes of a vector, as often as fills ``width`` lanes."""
    if not isinstance(value.type, ir.VectorType):
        single = ir.VectorType(value.type, 1)
        value = builder.insert_element(ir.Constant(single, ir.Undefined), value, ir.IntType(32)(0))
    held = value.type.count
    return value if held == width else _shuffle(builder, value, value, [i % held for i in range(width)])


def _operand(kind: Any) -> Any:
    return kind if isinstance(kind, Lanes) else types.float64


def _address(context: Any, builder: Any, kind: Any, array: Any, at: Any, vector: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), vector.as_pointer())


def _operation(function: Callable[..., Any]) -> Any:
    return intrinsic(prefer_literal=True)(function)  # typed as what compiled code sees: without the typing context


@_operation
def spread(typing_context: Any, value: Any, width: Any) -> Any:
    """Return a number in each of ``width`` lanes."""
    kind = Lanes(width.literal_value)

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return _repeat(builder, values[0], kind.width)

    return kind(types.float64, width), generate


@_operation
def load(typing_context: Any, array: Any, at: Any, width: Any) -> Any:
    """Return ``width`` doubles of a contiguous array, from its flat place ``at`` on. No range is checked."""
    kind = Lanes(width.literal_value)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_address(context, builder, signature.args[0], values[0], values[1], kind.vector), align=8)

    return kind(array, types.intp, width), generate


@_operation
def store(typing_context: Any, array: Any, at: Any, lanes: Any) -> Any:
    """Write lanes to a contiguous array, from its flat place ``at`` on. No range is checked."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(
            values[2], _address(context, builder, signature.args[0], values[0], values[1], lanes.vector), align=8
        )
        return context.get_dummy_value()

    return types.none(array, types.intp, lanes), generate


@_operation
def prefetch(typing_context: Any, array: Any, at: Any) -> Any:
    """Ask for the line of a cache that holds the number at flat place ``at`` of a contiguous array, and do not wait."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        place = builder.gep(context.make_array(signature.args[0])(context, builder, values[0]).data, [values[1]])
        builder.call(function, [builder.bitcast(place, byte), number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.none(array, types.intp), generate


def _elementwise(operation: str, a: Any, b: Any, flags: tuple[str, ...] = SUMS_VECTORISE) -> Any:
    """Type and code of an operation on two operands."""
    kind = max((operand for operand in (a, b) if isinstance(operand, Lanes)), key=lambda operand: operand.width)

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        one, other = (_repeat(builder, value, kind.width) for value in values)
        return getattr(builder, operation)(one, other, flags=flags)

    return kind(_operand(a), _operand(b)), generate


@_operation
def add(typing_context: Any, a: Any, b: Any) -> Any:
    """Return a + b."""
    return _elementwise("fadd", a, b)


@_operation
def subtract(typing_context: Any, a: Any, b: Any) -> Any:
    """Return a - b."""
    return _elementwise("fsub", a, b)


@_operation
def multiply(typing_context: Any, a: Any, b: Any) -> Any:
    """Return a b."""
    return _elementwise("fmul", a, b)


@_operation
def multiply_add(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a b + c, the one instruction that all the work is made of."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        a_lanes, b_lanes, c_lanes = (_repeat(builder, value, c.width) for value in values)
        return builder.fadd(builder.fmul(a_lanes, b_lanes, SUMS_VECTORISE), c_lanes, SUMS_VECTORISE)

    return c(_operand(a), _operand(b), c), generate


@_operation
def join(typing_context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return the lanes of four vectors in a row."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        one, other = (_shuffle(builder, values[i], values[i + 1], list(range(2 * a.width))) for i in (0, 2))
        return _shuffle(builder, one, other, list(range(4 * a.width)))

    return Lanes(4 * a.width)(a, b, c, d), generate


@_operation
def alternate(typing_context: Any, a: Any, b: Any, step: Any, k: Any) -> Any:
    """Return every other group of ``step`` lanes of a, from group k = 0 or 1 on, each with the same group of b behind.

    Three rounds of it, with steps 1, 2 and 4, turn eight rows of eight numbers into columns.
    """
    groups = range(k.literal_value * step.literal_value, a.width, 2 * step.literal_value)
    places = [first + i for group in groups for first in (group, a.width + group) for i in range(step.literal_value)]

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return _shuffle(builder, values[0], values[1], places)

    return a(a, b, step, k), generate


@_operation
def quarter(typing_context: Any, lanes: Any, k: Any) -> Any:
    """Return the k-th quarter of the lanes, k = 0, 1, 2 or 3."""
    kind = Lanes(lanes.width // 4)

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        first = k.literal_value * kind.width
        return _shuffle(builder, values[0], values[0], list(range(first, first + kind.width)))

    return kind(lanes, k), generate


@_operation
def totals(typing_context: Any, lanes: Any) -> Any:
    """Return the sums of the four quarters, in four lanes."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        (rest,), width = values, lanes.width
        while width > 4:  # add the second half of each quarter to its first
            low = [i for i in range(width) if i % (width // 4) < width // 8]
            halves = (_shuffle(builder, rest, rest, [i + k for i in low]) for k in (0, width // 8))
            rest = builder.fadd(*halves, flags=SUMS_VECTORISE)
            width //= 2
        return rest

    return Lanes(4)(lanes), generate


@_operation
def total(typing_context: Any, lanes: Any) -> Any:
    """Return the sum over lanes, by halves."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        (rest,), width = values, lanes.width
        while width > 1:
            width //= 2
            low, high = (_shuffle(builder, rest, rest, list(range(k, k + width))) for k in (0, width))
            rest = builder.fadd(low, high, SUMS_VECTORISE)
        return builder.extract_element(rest, ir.IntType(32)(0))

    return types.float64(lanes), generate


# ------------------------------------------------------------------------------------------- rounding kept


@_operation
def _plus(typing_context: Any, a: Any, b: Any) -> Any:
    return _elementwise("fadd", a, b, ROUNDING_KEPT)


@_operation
def _minus(typing_context: Any, a: Any, b: Any) -> Any:
    return _elementwise("fsub", a, b, ROUNDING_KEPT)


@_operation
def _times(typing_context: Any, a: Any, b: Any) -> Any:
    return _elementwise("fmul", a, b, ROUNDING_KEPT)


@_operation
def _over(typing_context: Any, a: Any, b: Any) -> Any:
    return _elementwise("fdiv", a, b, ROUNDING_KEPT)


def _write_as(sign: Any, function: Any) -> None:
    # A lambda: numba compares the arguments with those of the implementation, annotations among them.
    has_lanes = lambda a, b: isinstance(a, Lanes) or isinstance(b, Lanes)  # noqa: E731
    overload(sign)(lambda a, b: (lambda a, b: function(a, b)) if has_lanes(a, b) else None)


for _sign, _function in (
    (operator.add, _plus),
    (operator.sub, _minus),
    (operator.mul, _times),
    (operator.truediv, _over),
):
    _write_as(_sign, _function)


@_operation
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """Return a where a > b, else b: also where one of them is NaN."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *values), *values)

    return a(a, b), generate


@_operation
def where_less(typing_context: Any, a: Any, b: Any, value: Any, otherwise: Any) -> Any:
    """Return a number where a is less than the number b, else the lanes of ``otherwise``."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        b_lanes, value_lanes = (_repeat(builder, number, a.width) for number in (values[1], values[2]))
        return builder.select(builder.fcmp_ordered("<", values[0], b_lanes), value_lanes, values[3])

    return a(a, types.float64, types.float64, a), generate


@_operation
def power_of_two(typing_context: Any, lanes: Any) -> Any:
    """Return 2^k for the whole numbers k that lie in the lowest bits of the lanes."""
    bits = ir.VectorType(ir.IntType(64), lanes.width)

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        exponent = builder.shl(builder.bitcast(values[0], bits), ir.Constant(bits, [52] * lanes.width))
        one = ir.Constant(bits, [1023 << 52] * lanes.width)
        return builder.bitcast(builder.add(exponent, one), lanes.vector)

    return lanes(lanes), generate
