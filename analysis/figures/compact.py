"""Makes an SVG of matplotlib's small without changing what is seen, so that a report with dozens of figures can be mailed.

matplotlib writes a dot as a reference to a path, with its whole style, six decimals and an id for every group: ten times what a browser
needs. No kept optimiser for SVG is written in Python (scour's last release is of 2021), and these files have one author and few forms.
"""

import itertools
import re
import zlib

_TAG = re.compile(r"<[^>]+>")  # what stands between tags are texts of users, which stay as they are
_PLACED = re.compile(r'\b(d|x|y|x1|x2|y1|y2|width|height|points|transform)="[^"]*"')
_NUMBER = re.compile(r"-?\d+\.\d+")
_ID = re.compile(r'\bid="([^"]+)"')
_MARKER = re.compile(r'<defs>\s*<path id="([^"]+)" d="([^"]+)"[^>]*/>\s*</defs>', re.DOTALL)
_USES = re.compile(r'(?:<use xlink:href="#([^"]+)" x="[^"]+" y="[^"]+" style="([^"]*)"/>\s*)+')
_PLACE = re.compile(r'x="([^"]+)" y="([^"]+)"')
_CIRCLE = re.compile(r"M 0 (\S+) \s*C ")  # how matplotlib draws a round marker: from its lowest point, by curves
_COMMAND = re.compile(r"\s*([MLCHVZz])\s*")
_STROKE = re.compile(r"M (\S+) (\S+) \s*L (\S+) (\S+)\s*")


def compact(text: str, name: str) -> str:
    """Return the same drawing with dots and ticks as one path each, one decimal of a point, and only the ids that are used.

    `name` is unique among the figures of a page; what is left of ids begins with a hash of it.
    """
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = _TAG.sub(lambda tag: _tight(tag.group()), _marks(text))
    text = re.sub(r"\s*\n\s*", " ", text)
    text = re.sub(r"> <(?!/text|/tspan)", "><", text)
    return _joined(_plain(_ids(_without_empty(text), name)))


def _tight(tag: str) -> str:
    """Return one tag without what changes nothing: fonts that the reader lacks, turns by no angle, decimals, spaces in a style."""
    tag = re.sub(r"font-family: [^;\"]*", "font-family: sans-serif", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", tag)
    tag = _PLACED.sub(lambda part: _rounded(part.group()), tag)
    return re.sub(r'style="[^"]*"', lambda style: re.sub(r"([:;]) ", r"\1", style.group()), tag)


def _marks(text: str) -> str:
    """Draw every run of one marker as a path: a dot is a line of no length with round ends."""
    shapes = dict(_MARKER.findall(text))

    def drawn(run: re.Match[str]) -> str:
        shape, style = shapes.get(run[1], ""), run[2]
        parts = set(re.findall(r'href="#([^"]+)"[^>]*style="([^"]*)"', run.group()))
        places = _PLACE.findall(run.group())
        circle, stroke = _CIRCLE.match(shape), _STROKE.fullmatch(shape)
        if len(parts) > 1 or not (circle or stroke):
            return run.group()
        if circle and "stroke" in style:
            r = float(circle[1])
            return f'<path d="{"".join(_ring(float(x), float(y), r) for x, y in places)}" style="{style}"/>'
        if circle:
            colour = _value(style, "fill")
            opacity = _value(style, "fill-opacity") or _value(style, "opacity") or "1"
            path = "".join(f"M{_short(x)} {_short(y)}h0" for x, y in places)
            width = 2 * float(circle[1])
            faint = "" if opacity == "1" else f";stroke-opacity:{opacity}"
            return f'<path d="{path}" style="fill:none;stroke:{colour};stroke-width:{width:.1f};stroke-linecap:round{faint}"/>'
        if stroke is None:
            return run.group()
        x0, y0, x1, y1 = map(float, stroke.groups())
        path = "".join(f"M{float(x) + x0:.1f} {float(y) + y0:.1f}l{x1 - x0:g} {y1 - y0:g}" for x, y in places)
        return f'<path d="{path}" style="{style}"/>'

    # a shape that nothing refers to any more goes with its definitions
    text = _USES.sub(drawn, text)
    return _MARKER.sub(lambda own: own.group() if f'"#{own[1]}"' in text else "", text)


def _ring(x: float, y: float, r: float) -> str:
    return f"M{x - r:.1f} {y:.1f}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0"


def _value(style: str, key: str) -> str:
    found = re.search(rf"(?:^|; ){key}: ([^;]+)", style)
    return "" if found is None else found[1]


def _rounded(attribute: str) -> str:
    name, _, value = attribute.partition("=")
    value = _NUMBER.sub(lambda number: _short(number.group()), value)
    return f"{name}={_COMMAND.sub(lambda command: command[1], value) if name == 'd' else value}"


def _short(number: str) -> str:
    """Return a coordinate to a tenth of a point."""
    text = f"{float(number):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _without_empty(text: str) -> str:
    """Take out groups and definitions that hold nothing."""
    while True:
        smaller = re.sub(r"<(g|defs)\b[^>]*(?:/>|>\s*</\1>)", "", text)
        if smaller == text:
            return text
        text = smaller


def _plain(text: str) -> str:
    """Take out the marks of groups that say nothing of what is in them."""
    while True:
        smaller = re.sub(r"<g>((?:(?!</?g\b).)*)</g>", r"\1", text, flags=re.DOTALL)
        if smaller == text:
            return text
        text = smaller


def _joined(text: str) -> str:
    """Draw paths of one style that follow one another as one."""
    path = r'<path d="([^"]*)"((?: clip-path="[^"]*")? style="[^"]*")/>'

    def one(run: re.Match[str]) -> str:
        parts = re.findall(path, run.group())
        return f'<path d="{"".join(d.strip() for d, _ in parts)}"{run[2]}/>'

    return re.sub(rf"{path}(?:<path d=\"[^\"]*\"\2/>)+", one, text)


def _ids(text: str, name: str) -> str:
    """Keep the ids that are referred to, under short names."""
    tags = _TAG.findall(text)
    used = {own for tag in tags for own in re.findall(r'(?:href="#|url\(#)([^")]+)', tag)}
    stem, counter = f"f{zlib.crc32(name.encode()):08x}", itertools.count(1)
    ids = dict.fromkeys(own for tag in tags for own in _ID.findall(tag))
    short = {own: f"{stem}-{next(counter)}" for own in ids if own in used}

    def renamed(tag: re.Match[str]) -> str:
        kept = re.sub(r' ?\bid="([^"]+)"', lambda own: f' id="{short[own[1]]}"' if own[1] in short else "", tag.group())
        return re.sub(r'(href="#|url\(#)([^")]+)', lambda own: own[1] + short.get(own[2], own[2]), kept)

    return _TAG.sub(renamed, text)
