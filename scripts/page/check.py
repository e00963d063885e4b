#!/usr/bin/env python3
"""Looks at the HTML pages of `untrained report` in a real browser, and uses them as people do.

    python3 scripts/page/check.py target/debug/untrained [--screenshots FOLDER [--height PIXELS]] [PAGE ...]

Without pages it makes some: a run with repetitions beside scores whose names are hostile, a search with hostile names, and, where
UNTRAINED_DATA is set, 15,625 architectures. Needs Chromium (Debian: apt-get install chromium).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from chromium import Chromium, find

MOST_BYTES = 8_000_000
HOSTILE = ["<img src=x onerror=window.hostile=1>", "</script><script>window.hostile=1</script>", "%{x}<a href='javascript:window.hostile=1'>$x$"]
NAME_OF_ROLE = ["button", "combobox", "searchbox", "textbox", "img", "region", "link"]

# Text whose contrast with what is behind it is below WCAG's AA: 4.5, or 3 for large text.
CONTRAST = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
  const light = c => { const [r, g, b] = [...c].slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; } return rgba('white'); };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || e.closest('script, style, noscript, .heatmaplayer, .notifier')) continue;
    const style = getComputedStyle(e);
    const svg = e instanceof SVGElement;
    const [a, b] = [light(rgba(svg ? style.fill : style.color)), light(behind(svg ? e.closest('div.plot') : e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
    if (ratio < (large ? 3 : 4.5)) bad.push(`${e.tagName} ${e.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return bad.slice(0, 5);
})()"""

# Where the first point of the scatter plot is on the screen, and what it is.
POINT = """(() => {
  const plot = document.getElementById('scatter');
  plot.scrollIntoView({ block: 'center' });
  const { xaxis, yaxis } = plot._fullLayout, trace = plot.data[0], box = plot.getBoundingClientRect();
  const middle = trace.x.map((x, i) => [Math.abs(xaxis.d2p(x) - xaxis._length / 2) + Math.abs(yaxis.d2p(trace.y[i]) - yaxis._length / 2), i]);
  const at = middle.sort((a, b) => a[0] - b[0])[0][1];
  return { x: box.x + xaxis._offset + xaxis.d2p(trace.x[at]), y: box.y + yaxis._offset + yaxis.d2p(trace.y[at]), score: trace.x[at], accuracy: trace.y[at] };
})()"""


class Checks:
    def __init__(self, browser, height):
        self.browser, self.height, self.failures = browser, height, []

    def that(self, holds, words):
        if not holds:
            self.failures.append(words)
            print(f"  FAILED: {words}")

    def page(self, path, screenshots):
        """All checks of one page."""
        print(path, f"({os.path.getsize(path) / 1e6:.2f} MB)", flush=True)
        self.that(os.path.getsize(path) < MOST_BYTES, "the page is below 8 MB")
        name = os.path.splitext(os.path.basename(path))[0]
        for device, width, height in [("desktop", 1280, 900), ("phone", 360, 740)]:
            for scheme in ["light", "dark"]:
                self.browser.open(path, width, height, scheme)
                self.seen(device, width, scheme)
                if screenshots:
                    self.browser.picture(os.path.join(screenshots, f"{name}-{device}-{scheme}.png"), self.height)
        self.browser.open(path, 1280, 900)
        for use in [self.labels, self.tables, self.pointing, self.choices, self.theme, self.downloads, self.printing]:
            use()
        self.that(not self.browser.run("'hostile' in window"), "names of files run nothing")
        self.complaints("when it is used")

    def complaints(self, when):
        self.that(not self.browser.complaints(), f"no complaints {when}: {self.browser.complaints()[:3]}")

    def seen(self, device, width, scheme):
        b = self.browser
        scroll = b.run("document.documentElement.scrollWidth")
        self.that(scroll <= width, f"{device}: {scroll} pixels wide on a screen of {width}")
        bad = b.run(CONTRAST)
        self.that(not bad, f"{device}, {scheme}: contrast of text: {bad}")
        self.complaints(f"on a {device}, {scheme}")

    def labels(self):
        """Everything that is operated or looked at has a name, heads are in order, and the language is said."""
        nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
        seen = [n for n in nodes if not n.get("ignored") and n.get("role", {}).get("value") in NAME_OF_ROLE]
        nameless = [n["role"]["value"] for n in seen if not n.get("name", {}).get("value", "").strip()]
        self.that(seen and not nameless, f"everything has a name but {nameless}")
        self.that(self.browser.run("document.documentElement.lang === 'en' && document.title.length > 0"), "language and title")
        levels = self.browser.run("[...document.querySelectorAll('h1,h2,h3')].map(h => Number(h.tagName[1]))")
        self.that(levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:])), f"headings in order: {levels}")

    def column(self, column):
        cells = f"[...document.querySelector('tbody').rows].map(r => parseFloat(r.cells[{column}].dataset.value)).filter(x => !isNaN(x))"
        return self.browser.run(cells)

    def tables(self):
        """Heads sort, by mouse and by keyboard, and the field filters."""
        b, head = self.browser, "document.querySelector('thead th:nth-child(2) button')"
        if not b.run(f"Boolean({head})"):
            return
        b.click(head)
        self.that(self.column(1) == sorted(self.column(1), reverse=True), "a click sorts downwards")
        self.that(b.run("document.querySelector('thead th:nth-child(2)').ariaSort") == "descending", "and says so")
        b.run(f"{head}.focus()")
        b.key("Enter", 13)
        self.that(self.column(1) == sorted(self.column(1)), "Enter sorts upwards")
        b.run("document.querySelector('section.table input').focus()")
        first = b.run("document.querySelector('tbody tr').cells[0].textContent")
        b.call("Input.insertText", text=first)
        left = b.run("[...document.querySelector('tbody').rows].filter(r => !r.hidden).length")
        all_ = b.run("document.querySelector('tbody').rows.length")
        self.that(1 <= left and (left < all_ or all_ == 1), f"the filter leaves {left} of {all_} rows")
        said = b.run("document.querySelector('section.table [role=status]').textContent")
        self.that(said == f"{left} of {all_} rows", f"and says so: {said!r}")

    def pointing(self):
        """A dot that is pointed at names its architecture, score and accuracy."""
        b = self.browser
        if not b.run("Boolean(document.getElementById('scatter'))"):
            return
        at = b.run(POINT)
        began = time.monotonic()
        b.mouse("mouseMoved", at["x"] - 3, at["y"] - 3)
        b.mouse("mouseMoved", at["x"], at["y"])
        b.wait("document.querySelector('#scatter .hoverlayer text') !== null")
        taken = time.monotonic() - began
        text = b.run("document.querySelector('#scatter .hoverlayer').textContent")
        self.that("score" in text and "accuracy" in text and len(text) > 30, f"a dot says what it is: {text!r}")
        self.that(taken < 1.0, f"a dot answers within a second: {taken:.2f} s")
        began = time.monotonic()
        b.run("Plotly.relayout('scatter', { 'xaxis.autorange': true, 'yaxis.range[0]': 0 }).then(() => true)")
        b.settle()
        count = b.run("document.getElementById('scatter').data[0].x.length")
        print(f"  {count} points: pointed at in {1e3 * taken:.0f} ms, moved in {1e3 * (time.monotonic() - began):.0f} ms")

    def choices(self):
        """Every choice of every list draws."""
        self.browser.run("""(async () => { for (const select of document.querySelectorAll('select')) {
            for (const option of [...select.options].slice(0, 8)) { select.value = option.value; select.dispatchEvent(new Event('change')); }
            select.selectedIndex = 0; select.dispatchEvent(new Event('change')); } return true; })()""")
        self.browser.settle()

    def theme(self):
        b = self.browser
        before = b.run("getComputedStyle(document.body).backgroundColor")
        b.click("document.getElementById('theme')")
        after = b.run("getComputedStyle(document.body).backgroundColor")
        plot = b.run("document.querySelector('.plot')?._fullLayout.paper_bgcolor ?? null")
        self.that(before != after, "the button changes the theme")
        self.that(plot in [None, after], f"pictures follow the theme: {plot} on {after}")

    def downloads(self):
        b = self.browser
        with tempfile.TemporaryDirectory() as folder:
            b.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder)
            wanted = b.run("document.querySelectorAll('section.table').length > 0") + b.run("Boolean(document.getElementById('points'))")
            for button in [".csv", "#points"]:
                if b.run(f"Boolean(document.querySelector('{button}'))"):
                    b.click(f"document.querySelector('{button}')")
            end = time.monotonic() + 10
            while time.monotonic() < end and sum(f.endswith(".csv") for f in os.listdir(folder)) < wanted:
                b.settle()
            files = [os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".csv")]
            self.that(len(files) == wanted, f"{wanted} CSV files come: {files}")
            for file in files:
                with open(file, encoding="utf-8") as lines:
                    self.that(len(lines.readlines()) > 1, f"{file} has lines")

    def printing(self):
        """A print has a white ground and no buttons, whatever the theme; `theme` left the dark one."""
        b = self.browser
        b.call("Emulation.setEmulatedMedia", media="print", features=[])
        ground = b.run("getComputedStyle(document.body).backgroundColor")
        self.that(ground == "rgb(255, 255, 255)", f"a print is white: {ground}")
        hidden = b.run("[...document.querySelectorAll('#theme, .csv')].every(e => !e.getClientRects().length)")
        self.that(hidden, "a print has no buttons")
        b.call("Emulation.setEmulatedMedia", media="", features=[])
        pdf = b.call("Page.printToPDF", preferCSSPageSize=True)["data"]
        self.that(len(pdf) > 10_000, "a print has pages")
        b.settle()
        b.wait("document.documentElement.dataset.theme === 'dark'")


def make(untrained, folder):
    """Pages of a run, a search and, where the tables are at hand, of a whole space."""
    def do(*words):
        subprocess.run([untrained, *words], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    def write(name, text):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    quoted = [f'"{name}"' for name in HOSTILE]
    archs = ["ReLU", "GELU", "Mish", "SiLU", "ELU"]
    write("hostile.csv", "\n".join([",".join(["arch", *quoted]), *(f"{arch},{i},{(7 * i) % 5},{-i}" for i, arch in enumerate(archs))]) + "\n")
    do("score", "--space", "nafbee_vgg19", "--dataset", "synthetic", "--all", "--batch-size", "2", "--proxies", "naswot,l2_norm",
       "--repetitions", "2", "--out", "run")
    do("report", "run", "--scores", "hostile.csv", "--out", "run.html")
    do("search", "evolve", "--iterations", "12", "--population", "5", "--batch-size", "2", "--repetitions", "2", "--out", "search")
    for name in ["result.json", "trajectory.json"]:
        with open(os.path.join(folder, "search", name), encoding="utf-8") as file:
            found = json.load(file)
        for entry in found:
            for part in [entry, *entry.get("outcomes", [])]:
                if part.get("rule") == "search":
                    part["rule"] = HOSTILE[0]
                if part.get("winner"):
                    part["winner"]["arch"] += HOSTILE[1]
        write(f"search/{name}", json.dumps(found))
    do("report", "search", "--out", "search.html")
    pages = ["run.html", "search.html"]
    if os.environ.get("UNTRAINED_DATA"):
        write("whole.csv", "arch,mine\n" + "".join(f"{i},{(7919 * i) % 15625}\n" for i in range(15625)))
        do("report", "--scores", "whole.csv", "--space", "nasbench201", "--dataset", "cifar10", "--out", "whole.html")
        pages.append("whole.html")
    return [os.path.join(folder, page) for page in pages]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("untrained", help="the program that makes the pages")
    parser.add_argument("pages", nargs="*", help="pages to look at in place of those")
    parser.add_argument("--screenshots", help="folder for pictures of every page, width and theme")
    parser.add_argument("--height", type=int, help="of pages that are longer, so many pixels from the top")
    args = parser.parse_intermixed_args()
    if not find():
        sys.exit("no Chromium is installed (Debian: apt-get install chromium)")
    if args.screenshots:
        os.makedirs(args.screenshots, exist_ok=True)
    browser = Chromium()
    try:
        with tempfile.TemporaryDirectory() as folder:
            checks = Checks(browser, args.height)
            for page in args.pages or make(os.path.abspath(args.untrained), folder):
                checks.page(page, args.screenshots)
    finally:
        browser.close()
    if checks.failures:
        sys.exit(f"{len(checks.failures)} checks failed")


if __name__ == "__main__":
    main()
