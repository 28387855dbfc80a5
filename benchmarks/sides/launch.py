"""Run a command and note what it took: ``launch.py NOTE COMMAND…``.

This process is small, since a child's peak memory counts what its parent held when it was started. Nothing but
the standard library may be imported here.
"""

import json
import os
import subprocess
import sys
import time


def main() -> int:
    """Run the command, write wall seconds, CPU seconds and peak memory to NOTE, and give its exit code."""
    note, *command = sys.argv[1:]
    started = time.monotonic()
    with subprocess.Popen(command) as process:
        _, status, usage = os.wait4(process.pid, 0)
        ended = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
    record = {
        "started": started,
        "ended": ended,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "system_s": usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
    }
    with open(note, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would double this process
        json.dump(record, file)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
