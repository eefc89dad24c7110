"""`python -m throughline` is the `throughline` command."""

from throughline.cli import main

main()
