"""The product commands behind `make`: check-model, agreement, simulate, export, rebuild, show and
doctor.
"""
