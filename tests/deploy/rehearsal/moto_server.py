"""moto's server, with what its CloudFormation lacks (5.2) for this project's stacks: see the modules that it imports.

A line on stdin, "<stack> <logical id>", makes the creation of this resource fail until the next line; an empty line ends it.
stdin is a pipe of the program that started this one: it closes when that program ends, and so does this one.
"""

import os
import sys
import threading

sys.dont_write_bytecode = True  # of the modules next to this one

import moto_rollback  # noqa: E402
import moto_stacks  # noqa: E402, F401: it changes moto
import moto_types  # noqa: E402, F401
from moto.server import main  # noqa: E402


def obey_stdin():
    for line in sys.stdin:
        moto_rollback.fail(line.strip())
    print("stdin was closed, so the emulator ends", file=sys.stderr, flush=True)
    os._exit(0)


threading.Thread(target=obey_stdin, daemon=True).start()
main(sys.argv[1:])
