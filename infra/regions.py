"""What of the template a region cannot take: CloudFormation refuses a type that it does not know,
even under a condition that does not hold.
"""

import copy
from typing import Any

RECEIVING = ("AWS::SES::ReceiptRule", "AWS::SES::ReceiptRuleSet")
RECEIVING_OUTPUT = "ReceiptRuleSet"
WITHOUT_RECEIVING = ("us-gov-", "cn-")
"""What the names of regions begin with in which SES receives nothing."""


def for_region(template: dict[str, Any], region: str) -> dict[str, Any]:
    """Return the template without what a region does not have."""
    if not region.startswith(WITHOUT_RECEIVING):
        return template
    left = copy.deepcopy(template)
    left["Resources"] = {
        name: resource
        for name, resource in left["Resources"].items()
        if resource["Type"] not in RECEIVING
    }
    del left["Outputs"][RECEIVING_OUTPUT]
    return left
