"""The sixteen critical-infrastructure sectors (National Security Memorandum 22, annex A)."""

from enum import IntEnum


class Sector(IntEnum):
    """A sector; its number is what rows hold, and never changes."""

    CHEMICAL = 1
    COMMERCIAL_FACILITIES = 2
    COMMUNICATIONS = 3
    CRITICAL_MANUFACTURING = 4
    DAMS = 5
    DEFENSE_INDUSTRIAL_BASE = 6
    EMERGENCY_SERVICES = 7
    ENERGY = 8
    FINANCIAL_SERVICES = 9
    FOOD_AND_AGRICULTURE = 10
    GOVERNMENT_SERVICES_AND_FACILITIES = 11
    HEALTHCARE_AND_PUBLIC_HEALTH = 12
    INFORMATION_TECHNOLOGY = 13
    NUCLEAR = 14
    TRANSPORTATION_SYSTEMS = 15
    WATER_AND_WASTEWATER = 16

    @property
    def label(self) -> str:
        return {
            Sector.NUCLEAR: "Nuclear reactors, materials, and waste",
            Sector.WATER_AND_WASTEWATER: "Water and wastewater systems",
        }.get(self, self.name.replace("_", " ").capitalize())
