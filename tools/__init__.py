"""The product commands behind `make`: model, check-model, agreement, simulate, export, rebuild,
show and doctor.
"""
