"""What CPython's own unpicklers ask `find_class` for: `python scan-oracle.py FOLDER COUNT`.

Reads FOLDER/0 … and prints a JSON line for each: the names asked for by the C and the Python
unpickler, from bytes and from a file, and how it ended.
"""

import _pickle
import io
import json
import pickle
import resource
import sys

FOLDER, COUNT = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))


def nothing(*args, **kwargs):
    return None


class Meta(type):
    __setitem__ = nothing


class Anything(metaclass=Meta):
    """Stands for every class and what it makes: it takes all that a pickle can do to it."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return Anything()

    __setstate__ = append = extend = add = __setitem__ = nothing


def watched(base):
    class Watched(base):
        def __init__(self, file, asked):
            super().__init__(file, encoding="latin1")
            self.asked = asked

        def find_class(self, module, name):
            self.asked.append([module, name])
            return Anything

        def persistent_load(self, pid):
            return Anything()

    return Watched


KINDS = {"c": watched(_pickle.Unpickler), "python": watched(pickle._Unpickler)}


def ask(kind, file):
    asked = []
    try:
        KINDS[kind](file, asked).load()
        end = "loaded"
    except RecursionError:
        end = "recursion"
    except Exception as error:
        end = f"{type(error).__name__}: {error}"[:200]
    return {"asked": asked, "end": end}


for number in range(COUNT):
    path = f"{FOLDER}/{number}"
    with open(path, "rb") as file:
        data = file.read()
    answers = {}
    for kind in KINDS:
        answers[f"{kind}-bytes"] = ask(kind, io.BytesIO(data))
        with open(path, "rb") as file:
            answers[f"{kind}-file"] = ask(kind, file)
    print(json.dumps(answers))
