"""`python -m sample_flows`: the sample systems, reporting to a platform."""

import sys

from sample_flows.cli import main

sys.exit(main())
