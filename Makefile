# For fingers that type make; everything is done by .ci/dev.py, which needs no make. Words for it: make test ARGS="-k plex"
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fmt image dashboard queries bench mutate lock

help setup demo test check fmt image dashboard queries bench mutate lock:
	$(PYTHON) .ci/dev.py $@ $(ARGS)
