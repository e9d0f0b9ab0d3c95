"""Arithmetic as it is written on paper, worked out without `eval`."""

import ast
import math
import operator
import re
import statistics
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from scipy.special import hyp2f1

SIGNS = str.maketrans({"×": "*", "÷": "/", "−": "-", "^": "**", "√": " sqrt", "≥": ">=", "≤": "<="})
DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def _squares(*values: float) -> float:
    mean = statistics.fmean(values)
    return sum((value - mean) ** 2 for value in values)


def _plus(one: Any, other: Any) -> Any:
    return one + timedelta(other) if isinstance(one, date) else one + other


def _minus(one: Any, other: Any) -> Any:
    return (one - other).days if isinstance(one, date) else one - other


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "day": date,
    "down": math.floor,
    "exp": math.exp,
    "hyp2f1": lambda *values: float(hyp2f1(*values)),
    "ln": math.log,
    "max": max,
    "mean": lambda *values: statistics.fmean(values),
    "min": min,
    "round": lambda value: math.floor(value + 0.5),
    "sqrt": math.sqrt,
    "squares": _squares,
    "up": lambda value: math.ceil(value - 1e-9),
}
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: _plus,
    ast.Sub: _minus,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.GtE: operator.ge,
}


def worked_out(written: str) -> Any:
    """Return what a written calculation comes to: a number, a day, or whether it is so."""
    plain = DAY.sub(lambda found: "day({}, {}, {})".format(*map(int, found.groups())), written)
    return _value(ast.parse(plain.translate(SIGNS).strip(), mode="eval").body)


def _value(node: ast.AST) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left), _value(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left), _value(right))
        case ast.BoolOp(op=op, values=values):
            every = [_value(value) for value in values]
            return all(every) if isinstance(op, ast.And) else any(every)
        case ast.Call(func=ast.Name(id=name), args=values, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(value) for value in values))
    raise ValueError(f"no arithmetic: {ast.unparse(node)}")
