"""Pictures of a plan and of the studies, for print: one file a picture, drawn with matplotlib (hashlease[pictures])."""

from ...errors import InputError, Problem, printable

try:
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure  # noqa: F401
except ImportError as error:
    wrong = f"matplotlib cannot be used: {printable(str(error))}"
    hint = "pip install --force-reinstall matplotlib; it comes with pip install 'hashlease[pictures]'"
    raise InputError([Problem("picture", "", wrong, "matplotlib 3.9 or later", hint)]) from error
