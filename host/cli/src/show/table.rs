//! A table of text: columns as wide as they need to be, a heading, no lines to draw.

use super::text;

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows under a heading, if there is one. Cells are escaped by whoever makes them.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
}

/// Between two columns.
const GAP: &str = "  ";

impl Table {
    /// A table with these headings; all empty, there is no line for them.
    pub(crate) fn new(columns: &[(&str, Side)]) -> Self {
        let columns = columns.iter().map(|(name, side)| ((*name).to_owned(), *side)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Leaves out the columns of that name in which nothing stands.
    pub(crate) fn drop_empty(&mut self, names: &[&str]) {
        for at in (0..self.columns.len()).rev() {
            let is_empty = self.rows.iter().all(|row| row.get(at).is_none_or(|cell| cell.is_empty()));
            if is_empty && names.contains(&self.columns[at].0.as_str()) {
                self.columns.remove(at);
                self.rows.iter_mut().filter(|row| row.len() > at).for_each(|row| {
                    row.remove(at);
                });
            }
        }
    }

    /// The table as lines, each indented.
    pub(crate) fn lines(&self, indent: usize) -> Vec<String> {
        let heading: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let heading = heading.iter().any(|name| !name.is_empty()).then_some(heading);
        let rows: Vec<&Vec<String>> = heading.iter().chain(&self.rows).collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| text::width(cell)).max().unwrap_or(0))
            .collect();
        rows.into_iter().map(|row| " ".repeat(indent) + &self.line(row, &widths)).collect()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(&self.columns).zip(widths).map(|((cell, (_, side)), width)| {
            let space = " ".repeat(width.saturating_sub(text::width(cell)));
            if *side == Side::Left { format!("{cell}{space}") } else { format!("{space}{cell}") }
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_and_leaves_out_what_is_empty() {
        let mut table = Table::new(&[("step", Side::Left), ("rejected", Side::Right), ("rows", Side::Right)]);
        table.push(vec!["日本".into(), String::new(), "1".into()]);
        table.push(vec!["keep".into(), String::new(), "1,000".into()]);
        table.drop_empty(&["rejected"]);
        assert_eq!(table.lines(1), [" step   rows", " 日本      1", " keep  1,000"]);
    }
}
