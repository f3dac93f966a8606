"""The faults, by what breaks. Importing a module adds its faults to `fault.FAULTS`."""
