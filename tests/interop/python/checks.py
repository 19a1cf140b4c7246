"""Runs checks by name and prints the result of each as a line of JSON, which the node test reads."""

import json
import time
import traceback

_checks = []


def check(name):
    """Adds a check, to run in the order of the file."""

    def add(function):
        _checks.append((name, function))
        return function

    return add


def raises(kind, function, *arguments, **named):
    """The exception of this kind that the call raises."""
    try:
        function(*arguments, **named)
    except kind as thrown:
        return thrown
    raise AssertionError(f"{kind.__name__} was expected and did not come")


def run(world):
    for name, function in _checks:
        started = time.monotonic()
        try:
            function(world)
            problem = None
        except Exception:  # whatever it is, it is this check's result
            problem = traceback.format_exc()
        took = round((time.monotonic() - started) * 1000)
        print(json.dumps({"name": name, "problem": problem, "ms": took}), flush=True)
    print(json.dumps({"checks": len(_checks)}), flush=True)
