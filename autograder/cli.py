"""The command `autograder`: one subcommand for each thing an instructor does."""

import argparse
import importlib
import sys

COMMANDS = {
    "release": ("release", "make the students' notebooks in assignments/ from solutions/"),
    "bundle": ("bundle", "make the zip that students download"),
    "audit": ("audit", "test the tests: reference, empty notebook, mutants, alternatives"),
    "grade": ("grade", "grade a folder of submissions"),
    "project": ("project.command", "grade final projects: LaTeX reports with their sources"),
    "formgrader": ("formgrader", "open nbgrader's formgrader, to grade by hand"),
    "sample-class": ("sample_class", "make a class of sample submissions from the solutions"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; a mistake of the user's ends in one sentence and exit status 2."""
    argv = sys.argv[1:] if argv is None else argv
    args = _parser(argv).parse_args(argv)
    module = importlib.import_module(f"autograder.{COMMANDS[args.command][0]}")
    from autograder.source import SourceError, UnknownAssignment

    try:
        return module.run(args)
    except (SourceError, UnknownAssignment) as error:
        print(f"autograder {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"autograder {args.command}: interrupted.", file=sys.stderr)
        return 130


def _parser(argv: list[str]) -> argparse.ArgumentParser:
    """Build the parser; only the module of the command that is asked for is imported."""
    parser = argparse.ArgumentParser(
        prog="autograder", description="Release, audit and grade assignments."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((word for word in argv if not word.startswith("-")), None)
    for name, (module, summary) in COMMANDS.items():
        subparser = commands.add_parser(name, help=summary, description=summary + ".")
        if name == asked:
            importlib.import_module(f"autograder.{module}").add_arguments(subparser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
