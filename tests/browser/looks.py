"""How a page looks: measured in the browser, over what a reader can see of it."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Frame, Page

MEASURE = """
() => {
  const parse = (color) => {
    const [r, g, b, alpha = 1] = color.match(/[0-9.]+/g).map(Number);
    return {rgb: [r, g, b], alpha};
  };
  const over = (top, below) =>
    top.rgb.map((part, i) => part * top.alpha + below[i] * (1 - top.alpha));
  const ground = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      layers.push(parse(getComputedStyle(each).backgroundColor));
      if (layers.at(-1).alpha === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (rgb) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((one, other) => other - one);
    return (high + 0.05) / (low + 0.05);
  };
  const whole = {opacityProperty: true, visibilityProperty: true};
  const seen = (element) => element.checkVisibility(whole);

  const found = [];
  const note = (element, text) => {
    const style = getComputedStyle(element);
    // What lies below a drawing's text is drawn too, so only its size is measured.
    const drawing = element instanceof SVGElement;
    const scale = drawing ? element.getScreenCTM().a : 1;
    const below = ground(element);
    const ink = parse(style.color);
    const opacity = Number(style.opacity);
    const shown = over({rgb: ink.rgb, alpha: ink.alpha * opacity}, below);
    found.push({
      text: text.trim().slice(0, 60),
      px: parseFloat(style.fontSize) * scale,
      contrast: drawing ? 21 : contrast(shown, below),
    });
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const {parentElement, data} = texts.currentNode;
    const isShown = !parentElement.closest('script, style, noscript, option');
    if (data.trim() && isShown && seen(parentElement)) note(parentElement, data);
  }
  for (const field of document.querySelectorAll('input, select, textarea')) {
    const hasText = !['hidden', 'checkbox', 'radio'].includes(field.type);
    if (seen(field) && hasText) note(field, field.name);
  }
  const {scrollWidth, clientWidth} = document.documentElement;
  return {texts: found, overflow: scrollWidth - clientWidth};
}"""
TEXT_MIN_PX = 14
CONTRAST_MIN = 4.5  # WCAG 2.2, 1.4.3, for text of any size


@dataclass(frozen=True)
class Looks:
    """What is wrong with a page, or a part of it. overflow_px: how far it scrolls sideways."""

    overflow_px: int
    small: list[str]
    pale: list[str]
    texts: int


def looks_of(page: Page) -> Looks:
    """Measures a page and the frames in it. A frame may scroll in its own box; the page may not."""
    return _looks([_measure(frame) for frame in page.frames])


def looks_in(frame: Frame) -> Looks:
    """Measures one frame, which may not scroll sideways."""
    return _looks([_measure(frame)])


def _looks(measured: list[Any]) -> Looks:
    texts = [text for each in measured for text in each["texts"]]
    return Looks(
        overflow_px=measured[0]["overflow"],
        small=[
            f"{text['text']}: {text['px']:.1f} px"
            for text in texts
            if text["px"] < TEXT_MIN_PX - 0.01
        ],
        pale=[
            f"{text['text']}: {text['contrast']:.2f}"
            for text in texts
            if text["contrast"] < CONTRAST_MIN
        ],
        texts=len(texts),
    )


def _measure(frame: Frame) -> Any:
    return frame.evaluate(MEASURE)
