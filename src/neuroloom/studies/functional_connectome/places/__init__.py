"""Place cells driven by boundary-vector cells: what students make of them where they never were."""
