"""`python -m sample_flows`: the sample systems, reporting to a platform."""

import sys

from sample_flows.cli import main

if __name__ == "__main__":
    sys.exit(main())
