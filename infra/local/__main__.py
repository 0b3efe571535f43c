"""`python -m infra.local up|demo|down|status`: see cli.py."""

import signal
import sys


def main() -> int:
    # Until there is something to tidy up, Ctrl-C just ends us: the imports below take a while.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from infra.local import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
