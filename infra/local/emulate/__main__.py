"""Run ministack with every mend: `.venv-local/bin/python -I infra/local/emulate/__main__.py`."""

import sys
from pathlib import Path


def main() -> None:
    """Mend ministack and serve until told to end."""
    # Last on the path, so that no module of this project hides an installed one.
    sys.path.append(str(Path(__file__).parents[3]))
    from ministack import app

    from infra.local.emulate import (
        apigateway,
        cloudformation,
        cloudwatch,
        code,
        dynamodb,
        functions,
        s3,
        secretsmanager,
        ses,
        sns,
    )

    for service in (
        apigateway,
        cloudformation,
        cloudwatch,
        code,
        dynamodb,
        functions,
        s3,
        secretsmanager,
        ses,
        sns,
    ):
        service.mend()
    app.main()


if __name__ == "__main__":
    main()
