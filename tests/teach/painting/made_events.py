"""Events as a browser sends them, for tests."""

SHAPE = (6, 90, 130)
CLASSES = [
    {"name": "pore", "color": "#112233", "is_pore": True},
    {"name": "clay", "color": "#aa5500", "is_pore": False},
    {"name": "grain", "color": "#99bbdd", "is_pore": False},
]


def paint(number, points, value=1, tool="brush", size=3, axis="z", at=0):
    return {
        "id": f"stroke-{number:06d}",
        "do": "paint",
        "axis": axis,
        "at": at,
        "value": value,
        "tool": tool,
        "size": size,
        "points": points,
    }


def do(number, what, **more):
    return {"id": f"{what}-{number:08d}", "do": what, **more}
