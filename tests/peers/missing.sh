#!/bin/sh
# No second opinion can be had on this machine.
echo "1..0 # SKIP libseccomp-dev is not installed"
