//! Letters of five by seven squares, with their corners smoothed as they grow.

use super::canvas::{Canvas, Colour};

/// Squares from the beginning of a letter to that of the next one.
const STEP: f32 = 6.0;
/// Where the last line of the title ends, in pixels from above.
const FOOT: f32 = 267.0;

/// A letter and its seven rows; the lowest five bits of each count, the highest of them is left.
#[rustfmt::skip]
const LETTERS: [(char, [u8; 7]); 40] = [
    ('A', [0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11]), ('B', [0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e]),
    ('C', [0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e]), ('D', [0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e]),
    ('E', [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f]), ('F', [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10]),
    ('G', [0x0e, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0e]), ('H', [0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11]),
    ('I', [0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e]), ('J', [0x07, 0x02, 0x02, 0x02, 0x02, 0x12, 0x0c]),
    ('K', [0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11]), ('L', [0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f]),
    ('M', [0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11]), ('N', [0x11, 0x11, 0x19, 0x15, 0x13, 0x11, 0x11]),
    ('O', [0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e]), ('P', [0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10]),
    ('Q', [0x0e, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0d]), ('R', [0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11]),
    ('S', [0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e]), ('T', [0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04]),
    ('U', [0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e]), ('V', [0x11, 0x11, 0x11, 0x11, 0x11, 0x0a, 0x04]),
    ('W', [0x11, 0x11, 0x11, 0x15, 0x15, 0x1b, 0x11]), ('X', [0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11]),
    ('Y', [0x11, 0x11, 0x0a, 0x04, 0x04, 0x04, 0x04]), ('Z', [0x1f, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1f]),
    ('0', [0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e]), ('1', [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e]),
    ('2', [0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f]), ('3', [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e]),
    ('4', [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02]), ('5', [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e]),
    ('6', [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e]), ('7', [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08]),
    ('8', [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e]), ('9', [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c]),
    ('&', [0x0c, 0x12, 0x14, 0x08, 0x15, 0x12, 0x0d]), ('-', [0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00]),
    ('.', [0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c]), ('\'', [0x04, 0x04, 0x08, 0x00, 0x00, 0x00, 0x00]),
];

/// Writes a title, one word below the other, and the year beneath it.
pub fn write(canvas: &mut Canvas, title: &str, year: Option<i32>) {
    let lines = lines(title);
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(1).max(1);
    let size = (canvas.width() as f32 * 0.88 / (longest as f32 * STEP)).clamp(1.0, 3.6);
    let mut top = FOOT - lines.len() as f32 * size * 9.0;
    for line in &lines {
        centred(canvas, line, top, size);
        top += size * 9.0;
    }
    if let Some(year) = year {
        centred(canvas, &year.to_string(), FOOT + 5.0, 1.5);
    }
}

/// At most five lines of letters that we have; short words share a line with the next one.
fn lines(title: &str) -> Vec<String> {
    let plain: String = title.chars().take(60).map(plain).collect();
    let mut lines: Vec<String> = Vec::new();
    for word in plain.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < 8 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.chars().take(20).collect()),
        }
    }
    lines.truncate(5);
    lines
}

/// The letter as it is drawn: in capitals, and without accents.
fn plain(c: char) -> char {
    match c.to_lowercase().next().unwrap_or(c) {
        'á' | 'à' | 'ä' | 'å' => 'A',
        'é' | 'è' | 'ê' => 'E',
        'í' | 'ì' => 'I',
        'ó' | 'ö' | 'ø' => 'O',
        'ú' | 'ü' => 'U',
        ascii => ascii.to_ascii_uppercase(),
    }
}

fn centred(canvas: &mut Canvas, line: &str, top: f32, size: f32) {
    let width = line.chars().count() as f32 * STEP * size - size;
    let mut left = (canvas.width() as f32 - width) / 2.0;
    for c in line.chars() {
        letter(canvas, c, (left + size * 0.4, top + size * 0.4), size, Colour::BLACK);
        letter(canvas, c, (left, top), size, Colour::WHITE);
        left += STEP * size;
    }
}

fn letter(canvas: &mut Canvas, c: char, (left, top): (f32, f32), size: f32, colour: Colour) {
    let Some((_, rows)) = LETTERS.iter().find(|(known, _)| *known == c) else { return };
    for y in (top.max(0.0) as usize)..=((top + size * 8.0).max(0.0) as usize) {
        for x in (left.max(0.0) as usize)..=((left + size * 6.0).max(0.0) as usize) {
            let at = |pixel: usize, from: f32| (pixel as f32 + 0.5 - from) / size - 0.5;
            let inside = smooth(rows, at(x, left), at(y, top));
            canvas.dot(x, y, colour, ((inside - 0.5) * size + 0.5).clamp(0.0, 1.0));
        }
    }
}

/// How much ink there is at a place between the squares.
fn smooth(rows: &[u8; 7], x: f32, y: f32) -> f32 {
    let ink = |x: f32, y: f32| {
        let is_inside = (0.0..5.0).contains(&x) && (0.0..7.0).contains(&y);
        f32::from(u8::from(is_inside && rows[y as usize % 7] >> (4 - x as usize % 5) & 1 == 1))
    };
    let (left, top) = (x.floor(), y.floor());
    let (right, down) = (x - left, y - top);
    let row = |y: f32| ink(left, y) * (1.0 - right) + ink(left + 1.0, y) * right;
    row(top) * (1.0 - down) + row(top + 1.0) * down
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_broken_into_lines_of_letters_that_there_are() {
        assert_eq!(lines("A Velvet Orchard in Malmö"), ["A VELVET", "ORCHARD", "IN MALMO"]);
        assert_eq!(lines(""), [""; 0]);
        assert_eq!(lines(&"x".repeat(1 << 20))[0].len(), 20);
    }
}
