"""The quantities that `measure` publishes: their titles and dimensions."""

from __future__ import annotations

from napari_insitu_tem import units
from napari_insitu_tem.units import Quantity

__all__: list[str] = []

units.register(
    angular_noise=Quantity("Angular error", unit="deg"),
    area_rate=Quantity("Growth rate of area", length=2, time=-1),
    area_rate_error=Quantity("Error of growth rate of area", length=2, time=-1),
    count=Quantity("Particles"),
    coverage=Quantity("Coverage"),
    density=Quantity("Particles per area", length=-2),
    diffusion=Quantity("Diffusion coefficient", length=2, time=-1),
    diffusion_error=Quantity("Error of diffusion coefficient", length=2, time=-1),
    duration=Quantity("Duration", time=1),
    exponent=Quantity("Anomalous exponent"),
    exponent_error=Quantity("Error of anomalous exponent"),
    g=Quantity("Pair distribution g(r)"),
    growth_rate=Quantity("Growth rate of diameter", length=1, time=-1),
    growth_rate_error=Quantity("Error of growth rate of diameter", length=1, time=-1),
    lag=Quantity("Lag", time=1),
    lindemann_ratio=Quantity("Lindemann ratio"),
    localisation_noise=Quantity("Localisation error", length=1),
    mean_area=Quantity("Mean area", length=2),
    mean_diameter=Quantity("Mean diameter", length=1),
    median_diameter=Quantity("Median diameter", length=1),
    msad=Quantity("Mean-squared angular displacement", unit="deg2"),
    msad_error=Quantity("Error of mean-squared angular displacement", unit="deg2"),
    msad_fit=Quantity("Fitted mean-squared angular displacement", unit="deg2"),
    msd=Quantity("Mean-squared displacement", length=2),
    msd_error=Quantity("Error of mean-squared displacement", length=2),
    msd_fit=Quantity("Fitted mean-squared displacement", length=2),
    nearest_distance=Quantity("Distance to nearest neighbour", length=1),
    neighbours=Quantity("Neighbours"),
    net_displacement=Quantity("Net displacement", length=1),
    p10_diameter=Quantity("10th percentile of diameter", length=1),
    p90_diameter=Quantity("90th percentile of diameter", length=1),
    psi4=Quantity("Bond order ψ4"),
    psi6=Quantity("Bond order ψ6"),
    r=Quantity("Distance r", length=1),
    rms_displacement=Quantity("Displacement about the site (rms)", length=1),
    rotational_diffusion=Quantity("Rotational diffusion coefficient", unit="deg2", time=-1),
    rotational_diffusion_error=Quantity("Error of rotational diffusion", unit="deg2", time=-1),
    std_diameter=Quantity("Standard deviation of diameter", length=1),
)
