//! Pixels, a few shapes, and the file that they become. Knows nothing of what is drawn.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// Red, green and blue, from 0 to 1.
#[derive(Clone, Copy)]
pub struct Colour([f32; 3]);

impl Colour {
    pub const WHITE: Self = Self([1.0, 1.0, 1.0]);
    pub const BLACK: Self = Self([0.0, 0.0, 0.0]);

    /// Of a hue in degrees, a saturation and a lightness.
    pub fn hsl(hue: f32, saturation: f32, lightness: f32) -> Self {
        let reach = saturation * lightness.min(1.0 - lightness);
        let part = |n: f32| {
            let k = (n + hue / 30.0) % 12.0;
            lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
        };
        Self([part(0.0), part(8.0), part(4.0)])
    }

    /// Between this one (0) and the other one (1).
    pub fn mixed(self, other: Self, share: f32) -> Self {
        let share = share.clamp(0.0, 1.0);
        Self(std::array::from_fn(|n| self.0[n] + (other.0[n] - self.0[n]) * share))
    }
}

/// A picture that is being drawn.
pub struct Canvas {
    width: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, pixels: vec![Colour::BLACK; width * height] }
    }

    pub const fn width(&self) -> usize {
        self.width
    }

    /// Lays a colour over a pixel; how much of it is covered goes from 0 to 1.
    pub fn dot(&mut self, x: usize, y: usize, colour: Colour, covered: f32) {
        if let Some(pixel) = self.pixels.get_mut(y * self.width + x).filter(|_| x < self.width) {
            *pixel = pixel.mixed(colour, covered);
        }
    }

    /// A line of one colour from side to side.
    pub fn row(&mut self, y: usize, colour: Colour) {
        for x in 0..self.width {
            self.dot(x, y, colour, 1.0);
        }
    }

    pub fn disc(&mut self, (cx, cy): (f32, f32), radius: f32, colour: Colour) {
        let reach = |c: f32| ((c - radius).max(0.0) as usize)..=((c + radius) as usize + 1);
        for y in reach(cy) {
            for x in reach(cx) {
                let away = (x as f32 - cx).hypot(y as f32 - cy);
                self.dot(x, y, colour, (radius - away).clamp(0.0, 1.0));
            }
        }
    }

    /// Fills each column from its height to the bottom.
    pub fn ground(&mut self, skyline: &[f32], colour: Colour) {
        let height = self.pixels.len() / self.width;
        for (x, top) in skyline.iter().enumerate() {
            for y in (top.max(0.0) as usize)..height {
                self.dot(x, y, colour, (y as f32 + 1.0 - top).clamp(0.0, 1.0));
            }
        }
    }

    /// The picture as a PNG: eight bits for each colour, each row as the difference to its left,
    /// which packs well.
    pub fn png(&self) -> Vec<u8> {
        let height = self.pixels.len() / self.width;
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut head = [self.width, height].map(|n| (n as u32).to_be_bytes()).concat();
        head.extend([8, 2, 0, 0, 0]);
        chunk(&mut file, b"IHDR", &head);
        chunk(&mut file, b"IDAT", &self.packed());
        chunk(&mut file, b"IEND", &[]);
        file
    }

    fn packed(&self) -> Vec<u8> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
        for row in self.pixels.chunks(self.width) {
            let bytes = row.iter().map(|pixel| pixel.0.map(|part| (part * 255.0).round() as u8));
            let mut left = [0_u8; 3];
            let mut line = vec![1];
            for pixel in bytes {
                line.extend((0..3).map(|n| pixel[n].wrapping_sub(left[n])));
                left = pixel;
            }
            // Writing to memory does not fail.
            let _ = packer.write_all(&line);
        }
        packer.finish().unwrap_or_default()
    }
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    file.extend((content.len() as u32).to_be_bytes());
    let begin = file.len();
    file.extend(name);
    file.extend(content);
    let mut sum = Crc::new();
    sum.update(&file[begin..]);
    file.extend(sum.sum().to_be_bytes());
}
