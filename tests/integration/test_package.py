"""The package of each architecture: both are built on any machine, each with wheels of its own; by
day this machine's only.
"""

import zipfile

import pytest

from infra.package import PLATFORMS, architecture_of, own_architecture, package
from tests.sizes import SIZES

ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
"""What a shared library of Linux says at its 18th byte about the machine that it is for."""
MACHINE_AT = 18
BUILT = sorted(PLATFORMS) if SIZES.every_architecture else [own_architecture()]


@pytest.mark.parametrize("architecture", BUILT)
def test_a_zip_holds_the_wheels_of_its_architecture(architecture: str) -> None:
    made = package(architecture)
    functions = [
        one["Properties"]
        for one in made.template["Resources"].values()
        if one["Type"] == "AWS::Serverless::Function"
    ]
    assert {tuple(one["Architectures"]) for one in functions} == {(architecture,)}
    with zipfile.ZipFile(made.zip_path) as packed:
        names = packed.namelist()
        libraries = [name for name in names if name.endswith(".so")]
        machines = {packed.read(name)[MACHINE_AT] for name in libraries}
    assert {name.partition("/")[0] for name in libraries} >= {"pydantic_core", "markupsafe"}
    assert machines == {ELF_MACHINES[architecture]}
    assert any("/errors.cpython-" in name for name in names)  # its byte code


def test_the_packages_differ_in_name_and_architecture_only() -> None:
    made = [package(architecture) for architecture in BUILT]
    assert len({one.digest for one in made}) == len(BUILT)
    for one in made:
        for resource in one.template["Resources"].values():
            resource["Properties"].pop("Architectures", None)
        assert one.template == made[0].template


@pytest.mark.parametrize(
    ("machine", "architecture"),
    [("aarch64", "arm64"), ("arm64", "arm64"), ("x86_64", "x86_64"), ("AMD64", "x86_64")],
)
def test_the_local_stack_takes_its_machines_architecture(machine: str, architecture: str) -> None:
    assert architecture_of(machine) == architecture
