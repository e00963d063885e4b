"""Prints the constants of src/keyed/elementary.rs.

usage: python3 -m venv V && V/bin/pip install mpmath && V/bin/python scripts/elementary_constants.py

Polynomials: the Remez exchange algorithm in 60-digit arithmetic, minimising the *relative* error of the function they
stand in (the weight of each call). Split constants: a leading part with zeros at its end, so that its product with a
small integer is exact, and the rest.
"""
import mpmath as mp

mp.mp.dps = 60
TINY = mp.mpf(10) ** -9


def remez(function, low, high, degree, weight):
    """Coefficients c_0..c_degree minimising max |weight(z) (function(z) - p(z))| on [low, high], and that maximum."""
    size = degree + 2
    nodes = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * size)) for i in range(size)]
    grid = [low + (high - low) * (1 - mp.cos(mp.pi * i / 400)) / 2 for i in range(401)]
    for _ in range(40):
        system, rhs = mp.matrix(size, size), mp.matrix(size, 1)
        for i, z in enumerate(nodes):
            for j in range(degree + 1):
                system[i, j] = z ** j
            system[i, degree + 1] = (-1) ** i / weight(z)
            rhs[i] = function(z)
        c = list(mp.lu_solve(system, rhs))[: degree + 1]
        error = [weight(z) * (function(z) - mp.polyval(c[::-1], z)) for z in grid]
        extrema = extrema_of(grid, error, size)
        if len(extrema) < size:
            break
        moved = max(abs(a - b) for a, b in zip(nodes, extrema))
        nodes = extrema
        if moved < mp.mpf(10) ** -12:
            break
    return c, max(abs(e) for e in error)


def extrema_of(grid, error, size):
    """The grid point of largest error in every run of equal sign; the weaker end is dropped while there are too many."""
    best = []
    for i, e in enumerate(error):
        if i == 0 or mp.sign(e) != mp.sign(error[i - 1]):
            best.append(i)
        elif abs(e) > abs(error[best[-1]]):
            best[-1] = i
    while len(best) > size:
        best.pop(0 if abs(error[best[0]]) < abs(error[best[-1]]) else -1)
    return [grid[i] for i in best]


def split(value, bits):
    """`value` as leading parts of `bits` significant bits each and a rounded rest."""
    parts = []
    for b in bits:
        exponent = mp.floor(mp.log(abs(value), 2)) + 1 - b
        head = mp.floor(value / mp.mpf(2) ** exponent) * mp.mpf(2) ** exponent
        parts.append(head)
        value -= head
    return parts + [value]


def show(name, numbers, error=None):
    print(f"{name}" + (f"  (largest relative error 2^{float(mp.log(error, 2)):.1f})" if error else ""))
    for x in numbers:
        print(f"    {float(x)!r},")


def log_remainder(z):
    """R with ln((1 + s) / (1 - s)) = 2 s + s z R(z), z = s^2."""
    if z < TINY:
        return mp.mpf(2) / 3 + 2 * z / 5
    s = mp.sqrt(z)
    return (mp.log((1 + s) / (1 - s)) / s - 2) / z


def sin_remainder(z):
    """S with sin r = r + r z S(z), z = r^2."""
    if z < TINY:
        return -mp.mpf(1) / 6 + z / 120
    r = mp.sqrt(z)
    return (mp.sin(r) - r) / (r * z)


def cos_remainder(z):
    """C with cos r = 1 - z / 2 + z^2 C(z), z = r^2."""
    if z < TINY:
        return mp.mpf(1) / 24 - z / 720
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z ** 2


if __name__ == "__main__":
    floor = mp.mpf(10) ** -30
    s_max = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
    r_max = mp.pi / 4 * mp.mpf("1.0001")
    show("LN", *remez(log_remainder, mp.mpf(0), s_max ** 2, 6, lambda z: max(z / 2, floor)))
    show("SIN", *remez(sin_remainder, mp.mpf(0), r_max ** 2, 5, lambda z: max(z, floor)))
    show("COS", *remez(cos_remainder, mp.mpf(0), r_max ** 2, 5, lambda z: max(z * z, floor)))
    show("LN2", split(mp.log(2), [32]))
    show("HALF_PI", split(mp.pi / 2, [33, 33]))
