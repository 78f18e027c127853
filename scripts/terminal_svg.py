"""An animated SVG from frames of a terminal, as `tmux capture-pane -e` gives them. Used by record-tour.py.

Each distinct line is stored once; a place on the screen shows it at its times, by SMIL's discrete animation. What does
not animate (a static renderer, a printer) shows the last frame.
"""

import html
import re
import unicodedata

CELL = (8.4, 18)  # pixels
FONT = 14
PAD = 14
BACKGROUND, FOREGROUND = "#16181d", "#d6d9df"
COLOURS = ["#16181d", "#e06c75", "#8fc66f", "#e0b45c", "#61a8e8", "#c583dc", "#56b6c2", "#d6d9df",
           "#6b7280", "#ef8891", "#a5d88a", "#efc97d", "#84bff2", "#d5a0e8", "#7ccdd6", "#ffffff"]


PLAIN = (None, None, False, False, False)  # fore, back, bold, dim, inverse


def colour(index):
    if index < 16:
        return COLOURS[index]
    if index < 232:
        levels = [0, 95, 135, 175, 215, 255]
        index -= 16
        return "#%02x%02x%02x" % (levels[index // 36], levels[index // 6 % 6], levels[index % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (index - 232),) * 3)


def restyled(style, codes):
    """The style (fore, back, bold, dim, inverse) after an SGR sequence."""
    fore, back, bold, dim, inverse = style
    codes = [int(code or 0) for code in codes.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            fore, back, bold, dim, inverse = PLAIN
        elif code in (1, 2):
            bold, dim = bold or code == 1, dim or code == 2
        elif code == 22:
            bold = dim = False
        elif code in (7, 27):
            inverse = code == 7
        elif code in (38, 48) and codes:
            kind = codes.pop(0)
            value = colour(codes.pop(0)) if kind == 5 else "#%02x%02x%02x" % tuple(codes.pop(0) for _ in range(3))
            fore, back = (value, back) if code == 38 else (fore, value)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            fore = COLOURS[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            back = COLOURS[code - 40 if code < 100 else code - 92]
        elif code == 39:
            fore = None
        elif code == 49:
            back = None
    return fore, back, bold, dim, inverse


def runs(line, style):
    """-> [(column, width, text, style) of each piece of one style, without blanks that show nothing], style at the end."""
    found, column = [], 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if code := re.match(r"\x1b\[([0-9;]*)m", part):
            style = restyled(style, code[1])
            continue
        # Gaps are left out, and the next piece has its own place: renderers differ in what they make of blanks.
        for text in re.split(r"(\s{2,}|^\s|\s$)", part):
            width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
            if text.strip() or style[1] or style[4]:
                found.append((column, width, text, style))
            column += width
    return found, style


def drawn(pieces):
    """The SVG of a line at the top of the screen."""
    backs, texts = [], []
    for column, width, text, (fore, back, bold, dim, inverse) in pieces:
        if inverse:
            fore, back = back or BACKGROUND, fore or FOREGROUND
        x, w = round(column * CELL[0], 1), round(width * CELL[0], 1)
        if back and width:
            backs.append(f'<rect x="{x:g}" width="{w:g}" height="{CELL[1]}" fill="{back}"/>')
        if text.strip():
            look = (f' fill="{fore}"' if fore else "") + (' class="b"' if bold else "") + (' opacity=".6"' if dim else "")
            fit = f' textLength="{w:g}"' if width > 1 else ""
            texts.append(f'<text x="{x:g}" y="13.5"{fit}{look}>{html.escape(text, quote=False)}</text>')
    return "".join(backs + texts)


def screen(lines):
    """The SVG of each line; tmux goes on with a line's last style in the next one."""
    style = PLAIN
    for line in lines:
        pieces, style = runs(line, style)
        yield drawn(pieces)


def animated(frames, columns, rows, title):
    """`frames`: (seconds, lines, (column, row) of the cursor or None), the last one the end: only its time counts."""
    total = frames[-1][0]
    shown = {}  # (row, what) -> [(from, to), …]
    for (start, lines, cursor), (end, _, _) in zip(frames, frames[1:]):
        places = {(row, what) for row, what in enumerate(screen(lines[:rows])) if what}
        if cursor:
            places.add((cursor[1], f'<rect x="{round(cursor[0] * CELL[0], 1):g}" width="8" height="17" '
                                   f'fill="{FOREGROUND}" opacity=".7"/>'))
        for place in places:
            times = shown.setdefault(place, [])
            if times and times[-1][1] == start:
                times[-1] = (times[-1][0], end)
            else:
                times.append((start, end))

    names = {}
    for _, what in shown:
        names.setdefault(what, f"l{len(names)}")
    width, height = columns * CELL[0] + 2 * PAD, rows * CELL[1] + 2 * PAD
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
           f'viewBox="0 0 {width:g} {height:g}" role="img">',
           f"<title>{html.escape(title)}</title>",
           f'<style>text{{font:{FONT}px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}}'
           '.b{font-weight:bold}</style>',
           f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>', "<defs>"]
    out += [f'<g id="{name}">{what}</g>' for what, name in names.items()]
    out.append(f'</defs><g fill="{FOREGROUND}" transform="translate({PAD} {PAD})">')
    for (row, what), times in shown.items():
        values, keys = (["none"], ["0"]) if times[0][0] > 0 else ([], [])
        for start, end in times:
            values.append("inline")
            keys.append(f"{start / total:.4f}".lstrip("0").rstrip("0").rstrip(".") or "0")
            if end < total:
                values.append("none")
                keys.append(f"{end / total:.4f}".lstrip("0").rstrip("0"))
        hidden = "" if times[-1][1] == total else ' display="none"'
        out.append(f'<use href="#{names[what]}" y="{row * CELL[1]}"{hidden}><animate attributeName="display" '
                   f'calcMode="discrete" dur="{total:.1f}s" repeatCount="indefinite" values="{";".join(values)}" '
                   f'keyTimes="{";".join(keys)}"/></use>')
    out.append("</g></svg>\n")
    return "\n".join(out)
