"""Linear integer arithmetic: functions that are piecewise linear, found from the atoms of the condition itself."""
