"""Apply the SAM transform to a template from the standard input, as CloudFormation does.

This runs in `.venv-local`, where aws-sam-translator is installed, so it imports nothing of this
project. The region is that of AWS_DEFAULT_REGION.
"""

from __future__ import annotations

import json
import sys

from samtranslator.translator.transform import transform


class NoManagedPolicies:
    """What the transform looks managed policies up with. Our functions bring their roles."""

    def load(self) -> dict[str, str]:
        """Return the managed policies by their names."""
        return {}


if __name__ == "__main__":
    json.dump(transform(json.load(sys.stdin), {}, NoManagedPolicies()), sys.stdout)
