"""All that the README says of many visitors, long runs and the static site, measured in one go. It takes an hour and an idle machine.

    BROWSER_FOR_TESTS=/usr/bin/chromium python tests/benchmarks/claims.py [PIECES]

PIECES is a folder with a copy of the static site's runtime, see tests/browser/test_static.py; without it the site is not measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUNS = [
    "load.py",
    "load.py --drags",
    "load.py --own-seeds --visitors 20",
    "load.py --own-seeds",
    "load.py --replicas 2",
    "load.py --replicas 2 --own-seeds",
    "long_run.py experiments --number 4000",
    "long_run.py visitors --minutes 30",
    "long_run.py heavy",
    "long_run.py replicas",
]


def main() -> None:
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}{'' if load < 0.5 else ': not idle, waits will be longer than they should be'}")
    sites = [f"static_site.py {pieces}" for pieces in sys.argv[1:]]
    for command in [*RUNS, *sites]:
        print(f"\n== {command}", flush=True)
        name, *arguments = command.split()
        subprocess.run([sys.executable, str(HERE / name), *arguments], check=False)


if __name__ == "__main__":
    main()
