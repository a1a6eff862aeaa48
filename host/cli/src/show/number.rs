//! Numbers as people read them.

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `"1 row"`, `"2 rows"`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Bytes to three digits, in powers of a thousand.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let digits = if unit == "B" || value >= 99.95 { 0 } else { 1 };
    format!("{value:.digits$} {unit}")
}

/// A size that somebody set: in powers of two where it is a round number of those.
pub(crate) fn size(size: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let round = units.into_iter().find(|(_, bits)| size > 0 && size.is_multiple_of(1 << bits));
    round.map_or_else(|| bytes(size), |(unit, bits)| format!("{} {unit}", count(size >> bits)))
}

/// A length of time: `12 ms`, `1.23 s`, `2 min 03 s`, `1 h 02 min`.
pub(crate) fn seconds(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        s if s < 0.0005 => "0 ms".to_owned(),
        s if s < 0.9995 => format!("{:.0} ms", s * 1000.0),
        s if s < 9.995 => format!("{s:.2} s"),
        s if s < 59.95 => format!("{s:.1} s"),
        _ if whole < 3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// How many a second, as a whole number; `None` before there is anything to divide.
pub(crate) fn rate(number: u64, seconds: f64) -> Option<u64> {
    (seconds > 0.0 && number > 0).then(|| (number as f64 / seconds) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let texts = [0, 12, 123, 1234, 123_456, 1_234_567].map(count);
        assert_eq!(texts, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
        assert_eq!((counted(1, "row"), counted(1000, "row")), ("1 row".to_owned(), "1,000 rows".to_owned()));
    }

    #[test]
    fn sizes() {
        let texts = [0, 999, 1000, 69_123, 123_456, 999_999, 4_600_000].map(bytes);
        assert_eq!(texts, ["0 B", "999 B", "1.0 kB", "69.1 kB", "123 kB", "1.0 MB", "4.6 MB"]);
    }

    #[test]
    fn sizes_that_were_set() {
        let texts = [0, 1 << 30, 1536 << 20, 64 << 10, 5_000_000].map(size);
        assert_eq!(texts, ["0 B", "1 GiB", "1,536 MiB", "64 KiB", "5.0 MB"]);
    }

    #[test]
    fn times() {
        let texts = [0.0, 0.0123, 1.234, 12.34, 59.97, 123.4, 3599.7, 3725.0].map(seconds);
        assert_eq!(
            texts,
            ["0 ms", "12 ms", "1.23 s", "12.3 s", "1 min 00 s", "2 min 03 s", "1 h 00 min", "1 h 02 min"]
        );
    }
}
