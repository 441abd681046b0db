"""Every submission of the demonstration."""

from reviews.demonstration import ended, late_days, under_way

STORIES = [
    ended.AURORA_35,
    ended.STRATA_15,
    ended.LODESTAR_1,
    ended.STRATA_2_VISION,
    ended.BOREALIS_15,
    ended.STRATA_2_LITE,
    late_days.MERIDIAN_1,
    late_days.STRATA_2,
    late_days.BOREALIS_2,
    under_way.STRATA_2_CODE,
    under_way.AURORA_4,
    under_way.LODESTAR_1_AGAIN,
    under_way.SCORIA_1,
    under_way.AURORA_4_MINI,
    under_way.STRATA_3,
    under_way.AURORA_42,
]
