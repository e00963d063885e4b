//! Columns of text for the terminal.

/// Where the cells of a column stand in its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// Columns two spaces apart, with the width of each.
#[derive(Clone, Debug)]
pub struct Columns(Vec<(Side, usize)>);

impl Columns {
    /// Columns of given widths, for lines that are written before the next is known.
    pub fn fixed(columns: &[(Side, usize)]) -> Self {
        Self(columns.to_vec())
    }

    /// Columns as wide as their widest cell. The last side holds for all further columns.
    pub fn fitting<T: AsRef<str>>(sides: &[Side], rows: &[Vec<T>]) -> Self {
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.as_ref().chars().count()).max().unwrap_or(0)
        };
        let number = rows.iter().map(Vec::len).max().unwrap_or(0);
        let side = |column: usize| sides.get(column).or(sides.last()).copied().unwrap_or(Side::Left);
        Self((0..number).map(|column| (side(column), width(column))).collect())
    }

    /// One line with its end; blanks behind the last cell are left out.
    pub fn line<T: AsRef<str>>(&self, cells: &[T]) -> String {
        let padded = self.0.iter().zip(cells).map(|((side, width), cell)| match side {
            Side::Left => format!("{:<width$}", cell.as_ref()),
            Side::Right => format!("{:>width$}", cell.as_ref()),
        });
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    }

    /// A line of names over so many columns each, in the middle of dashes that show how far they reach. A name that is longer
    /// than its columns is cut.
    pub(super) fn spanning(&self, spans: &[(String, usize)]) -> String {
        let mut at = 0;
        let cells = spans.iter().map(|(name, columns)| {
            let widths = self.0[at..at + columns].iter().map(|(_, width)| width);
            at += columns;
            let width = widths.sum::<usize>() + 2 * (columns - 1);
            match name.is_empty() {
                true => " ".repeat(width),
                false => {
                    let name: String = format!(" {name} ").chars().take(width).collect();
                    format!("{name:-^width$}")
                }
            }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    }

    /// All lines of a table, in [fitting](Self::fitting) columns.
    pub fn table<T: AsRef<str>>(sides: &[Side], rows: &[Vec<T>]) -> Vec<String> {
        let columns = Self::fitting(sides, rows);
        rows.iter().map(|row| columns.line(row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["proxy", "n", "note"], vec!["é", "100", ""]];
        let lines = Columns::table(&[Side::Left, Side::Right], &rows);
        assert_eq!(lines, ["proxy    n  note\n", "é      100\n"]);
        let fixed = Columns::fixed(&[(Side::Right, 4), (Side::Left, 2)]);
        assert_eq!(fixed.line(&["longer", "x"]), "longer  x\n");
    }

    #[test]
    fn names_stand_in_the_middle_of_the_columns_that_they_span() {
        let columns =
            Columns::fixed(&[(Side::Left, 3), (Side::Right, 4), (Side::Right, 4), (Side::Right, 2)]);
        let spans = [("", 1), ("tau", 2), ("too long", 1)].map(|(name, width)| (name.to_owned(), width));
        assert_eq!(columns.spanning(&spans), "     -- tau ---   t\n");
    }
}
