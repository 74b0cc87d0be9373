#!/bin/sh
# What stands in for the comparison with Zydis where that is not installed.
echo "ok 1 - the decoder and Zydis # SKIP libzydis-dev is not installed"
echo "1..1"
