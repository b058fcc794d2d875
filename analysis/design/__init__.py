"""Planning and checking: power of a run and of a task, simulated runs (`simulate`), the self-check of the statistics (`selfcheck`)."""

from freqbias.analysis.design.plan import power_of
from freqbias.analysis.design.task_power import power_of_task

__all__ = ["power_of", "power_of_task"]
