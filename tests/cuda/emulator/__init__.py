"""An emulator of CUDA on the CPU, which checks what emitted kernels do."""

from tests.cuda.emulator.device import ORDERS, EmulatedDevice, Schedule, Violation

__all__ = ["ORDERS", "EmulatedDevice", "Schedule", "Violation"]
