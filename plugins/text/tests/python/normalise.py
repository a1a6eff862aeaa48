"""Writes normalise.jsonl: texts, and what Python makes of them. Run with Python 3.11 (Unicode 14): python3 normalise.py > normalise.jsonl"""
import html, json, random, re, unicodedata

r = random.Random(7)
pick = lambda *ranges: [chr(c) for a, b in ranges for c in range(a, b + 1) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co") and chr(c) not in "\u019b\u0264"]
ALPHABETS = [
    [" ", " ", "\t", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "a", "B", "\u200b"],
    pick((0x20, 0x7E)),
    pick((0x80, 0x24F)),
    pick((0x300, 0x345), (0x41, 0x7A)),
    list("ΣσςΑΒΟΔΥΣΣ \u0301\u00ad'.") + list("aI\u0130\u0131\u0307 "),
    pick((0x370, 0x3FF), (0x1F00, 0x1FFF)),
    pick((0x1100, 0x11FF), (0xAC00, 0xAC40)),
    pick((0x3040, 0x30FF), (0xFF00, 0xFFEF), (0x4E00, 0x4E40)),
    pick((0x2000, 0x22FF), (0xFB00, 0xFB4F), (0xFDF0, 0xFDFF)),
    pick((0x900, 0x97F), (0x5D0, 0x64F), (0xE00, 0xE5F)),
    pick((0x1D400, 0x1D4FF), (0x1F600, 0x1F64F), (0x10400, 0x1044F), (0x1E900, 0x1E943), (0x13A0, 0x13FF), (0xAB70, 0xABBF)),
    ["&", "amp", ";", "&lt;", "&notit;", "&#38;", "&#x80;", "&#0;", "&#xD800;", "&#x110000;", "&#99999999999;", "&#x1;", "&eacute", "&NewLine;", "&CounterClockwiseContourIntegral;", "&x", "&#x", "é", " ", "&ampx", "&#12a", "&fjlig;", "&#xfffe;"],
]


def row(alphabet):
    words = ["".join(r.choice(alphabet) for _ in range(r.randint(0, 9))) for _ in range(r.randint(0, 9))]
    return r.choice(["", " ", "\u3000"]) + r.choice([" ", "  ", "\n\t "]).join(words) + r.choice(["", "\n", "\x85"])


for i in range(300):
    alphabet = ALPHABETS[i % len(ALPHABETS)] + (r.choice(ALPHABETS) if i % 3 == 0 else [])
    t = row(alphabet)
    print(json.dumps({
        "text": t,
        "bench": re.sub(r"\s+", " ", unicodedata.normalize("NFKC", t).lower()).strip(),
        "nfc": unicodedata.normalize("NFC", t),
        "upper": t.upper(),
        "unescaped": html.unescape(t),
    }, ensure_ascii=False))
