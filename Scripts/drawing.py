# SPDX-License-Identifier: BSD-2-Clause
"""Draws a graph without circles as text: names in rows, lines from each down to what it needs.

A line ends where it meets the horizontal line of a name; where two lines only cross, `┼` stands.
"""
import itertools

# What a cell looks like by the sides at which a line leaves it.
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LINES = {
    UP: "│", DOWN: "│", LEFT: "─", RIGHT: "─", UP | DOWN: "│", LEFT | RIGHT: "─",
    UP | RIGHT: "└", UP | LEFT: "┘", DOWN | RIGHT: "┌", DOWN | LEFT: "┐",
    UP | LEFT | RIGHT: "┴", DOWN | LEFT | RIGHT: "┬", UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤",
    UP | DOWN | LEFT | RIGHT: "┼",
}


def reduced(graph):
    """The graph without the edges that follow from others."""
    def below(name, seen):
        for each in graph[name]:
            if each not in seen:
                seen.add(each)
                below(each, seen)
        return seen
    return {name: sorted(each for each in needs
                         if not any(each in below(other, set()) for other in needs if other != each))
            for name, needs in graph.items()}


def levels(graph):
    """Each name's height: as low as what it needs allows, then as near to its users as that can be."""
    heights = {}

    def height(name):
        if name not in heights:
            heights[name] = 1 + max((height(each) for each in graph[name]), default=-1)
        return heights[name]

    for name in sorted(graph, key=height, reverse=True):
        users = [heights[user] for user, needs in graph.items() if name in needs]
        heights[name] = min(users, default=heights[name] + 1) - 1
    return heights


class Drawing:
    """Rows of items from the top. An item `(name, True)` is a name, `(name, False)` a line that
    passes the row on its way down to that name."""

    def __init__(self, graph):
        self.graph = reduced(graph)
        heights = levels(graph)
        top = max(heights.values())
        self.rows = []
        for level in range(top, -1, -1):
            row = [(name, True) for name in graph if heights[name] == level]
            passing = {need for name, needs in self.graph.items() for need in needs
                       if heights[name] > level > heights[need]}
            self.rows.append(row + [(name, False) for name in sorted(passing)])
        self.heights, self.top = heights, top
        self.arrange()
        self.place()

    def edges(self, index):
        """Pairs of an item in row `index` and the item of the next row that its line goes to."""
        found = []
        below = {name: item for item in self.rows[index + 1] for name in [item[0]]}
        for item in self.rows[index]:
            for need in self.graph[item[0]] if item[1] else [item[0]]:
                found.append((item, below[need]))
        return found

    def arrange(self):
        """Orders each row so that few lines cross."""
        def crossings(index):
            above = {item: place for place, item in enumerate(self.rows[index])}
            below = {item: place for place, item in enumerate(self.rows[index + 1])}
            pairs = [(above[a], below[b]) for a, b in self.edges(index)]
            return sum((a[0] - b[0]) * (a[1] - b[1]) < 0
                       for a, b in itertools.combinations(pairs, 2))

        def cost():
            return sum(crossings(index) for index in range(len(self.rows) - 1))

        best = cost()
        for _ in range(6):
            for row in self.rows:
                for a, b in itertools.combinations(range(len(row)), 2):
                    row[a], row[b] = row[b], row[a]
                    if (now := cost()) < best:
                        best = now
                    else:
                        row[a], row[b] = row[b], row[a]

    @staticmethod
    def text(item):
        return f"[{item[0]}]" if item[1] else "│"

    def place(self):
        """Gives each item its first column, near to what it is joined with."""
        self.columns = [{} for _ in self.rows]
        for index, row in enumerate(self.rows):
            at = 0
            for item in row:
                self.columns[index][item] = at
                at += len(self.text(item)) + 3

        def center(index, item):
            return self.columns[index][item] + len(self.text(item)) // 2

        for sweep in range(12):
            order = range(len(self.rows))
            for index in order if sweep % 2 else reversed(order):
                joined = {item: [] for item in self.rows[index]}
                if index:
                    for a, b in self.edges(index - 1):
                        joined[b].append(center(index - 1, a))
                if index + 1 < len(self.rows):
                    for a, b in self.edges(index):
                        joined[a].append(center(index + 1, b))
                edge = 0
                for item in self.rows[index]:
                    places = joined[item]
                    wish = sum(places) // len(places) - len(self.text(item)) // 2 if places else 0
                    self.columns[index][item] = max(edge, wish)
                    edge = self.columns[index][item] + len(self.text(item)) + 2

    def between(self, index):
        """The lines of text between row `index` and the next."""
        edges = self.edges(index)
        entries = {b: self.columns[index + 1][b] + len(self.text(b)) // 2 for _, b in edges}
        exits = {b: [] for b in entries}
        for item in self.rows[index]:
            targets = sorted((b for a, b in edges if a == item), key=lambda b: entries[b])
            start, width = self.columns[index][item], len(self.text(item))
            for number, target in enumerate(targets):
                column = start + (2 * number + 1) * width // (2 * len(targets))
                exits[target].append(column)
        bent = [target for target in exits if exits[target] != [entries[target]]]
        best = None
        for order in itertools.permutations(bent):
            row = {target: number for number, target in enumerate(order)}
            # A column may not be used from above and from below at one height.
            if any(a != b and entries[b] in exits[a] and row.get(a, 99) >= row.get(b, -1)
                   for a in exits for b in exits):
                continue
            crossed = 0
            for target in order:
                span = [*exits[target], entries[target]]
                for other in exits:
                    if other == target:
                        continue
                    columns = [c for c in exits[other] if row.get(other, 99) > row[target]]
                    if row.get(other, -1) < row[target]:
                        columns.append(entries[other])
                    crossed += sum(min(span) < column < max(span) for column in columns)
            if best is None or crossed < best[0]:
                best = crossed, row
        if best is None:
            raise ValueError(f"no way to draw the lines under {self.rows[index]}")
        row = best[1]
        cells = {}

        def mark(line, column, sides):
            cells[line, column] = cells.get((line, column), 0) | sides

        # Crossings are marked from both, so only the ends of a line say where it turns.
        height = 2 * max(len(row), 0) + 1 if row else 1
        for target in exits:
            track = 2 * row[target] + 1 if target in row else None
            for column in exits[target]:
                for line in range(height if track is None else track):
                    mark(line, column, UP | DOWN)
                if track is not None:
                    mark(track, column, UP)
            if track is None:
                continue
            span = [*exits[target], entries[target]]
            for column in range(min(span), max(span) + 1):
                mark(track, column, (LEFT if column > min(span) else 0)
                     | (RIGHT if column < max(span) else 0))
            mark(track, entries[target], DOWN)
            for line in range(track + 1, height):
                mark(line, entries[target], UP | DOWN)
        lines = []
        for line in range(height):
            columns = {column: sides for (at, column), sides in cells.items() if at == line}
            lines.append("".join(LINES[columns[column]] if column in columns else " "
                                 for column in range(max(columns, default=-1) + 1)))
        # Rows in which all lines only pass say nothing; one is enough to part the names.
        kept = [line for number, line in enumerate(lines)
                if number % 2 or number in (0, len(lines) - 1)]
        return kept if row else lines[:1]

    def lines(self):
        result = []
        for index, row in enumerate(self.rows):
            line = ""
            for item in row:
                line = line.ljust(self.columns[index][item]) + self.text(item)
            result.append(line)
            if index + 1 < len(self.rows):
                result += self.between(index)
        indent = min(len(line) - len(line.lstrip()) for line in result if line.strip())
        return [line[indent:].rstrip() for line in result]
