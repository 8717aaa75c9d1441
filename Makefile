.PHONY: help install test quick lint format coverage mutants slow xla keras-tests lowest benchmark gallery guide

help:  ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install:  ## install kerastrain with what its tests need
	pip install '.[test]'

test:  ## run all tests and doctests, but the slow ones
	pytest

quick:  ## run the tests that need neither TensorFlow nor another process, in seconds
	pytest tests -m 'not tensorflow and not process and not slow'

slow:  ## run the tests that are too long for every day
	pytest -m slow

xla:  ## run all tests with every model compiled with jit_compile=True, as on a GPU
	KERASTRAIN_JIT_COMPILE=1 pytest

keras-tests:  ## run the tests of a Keras checkout (KERAS=folder) with fit replaced by kerastrain's
	python tests/loop/keras_tests.py $(KERAS)

coverage:  ## say which lines and branches the tests leave out
	coverage run -m pytest
	coverage report --skip-covered --show-missing

mutants:  ## empty each rule, and each lesson's report and picture: does a test fail? (minutes)
	python -m tests.mutants

lint:  ## check form, style and types
	ruff format --check .
	ruff check .
	mypy

format:  ## put the code into form
	ruff format .
	ruff check --fix .

lowest:  ## test with the lowest versions that are supported
	python -m venv .venv/lowest
	.venv/lowest/bin/pip install uv
	.venv/lowest/bin/uv pip install --python .venv/lowest/bin/python --resolution lowest-direct '.[test]'
	.venv/lowest/bin/python -m pytest

benchmark:  ## measure the fast loop against model.fit
	python -m recipes.benchmarks.loop

gallery:  ## draw the pictures of all lessons
	python -m recipes.gallery

guide:  ## write the made pages of the guide
	python -m recipes.guide
