//! Posters, drawn: a landscape under a sky, and the title. Which landscape and which colours follow
//! from the title, so a film looks the same on every server and every time.
//!
//! It knows what stands on a poster; how pixels become a file is in `canvas`, how letters look is
//! in `letters`.

mod canvas;
mod letters;

use std::f32::consts::TAU;

use canvas::{Canvas, Colour};

use crate::world::{Object, Random, mix};

const WIDTH: usize = 200;
const HEIGHT: usize = 300;
/// Ridges from the back to the front.
const RIDGES: u64 = 4;

/// The poster of an object as a PNG.
pub fn poster(o: &Object) -> Vec<u8> {
    let name = o.title.bytes().take(100).fold(0x0517, |n, b| mix(n ^ u64::from(b)));
    let mut random = Random::new(name, o.year.unwrap_or(0).unsigned_abs().into());
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let hue = random.below(360) as f32;
    sky(&mut canvas, hue);
    light(&mut canvas, hue, &mut random);
    let form = Form::ALL[random.below(Form::ALL.len() as u64) as usize];
    for ridge in 0..RIDGES {
        let skyline = form.skyline(ridge, &mut random);
        let nearness = (ridge + 1) as f32 / RIDGES as f32;
        canvas.ground(&skyline, Colour::hsl(hue + 20.0, 0.35, 0.42 - 0.36 * nearness));
    }
    letters::write(&mut canvas, &o.title, o.year);
    canvas.png()
}

fn sky(canvas: &mut Canvas, hue: f32) {
    let (top, bottom) = (Colour::hsl(hue, 0.55, 0.16), Colour::hsl(hue + 40.0, 0.65, 0.66));
    for y in 0..HEIGHT {
        canvas.row(y, top.mixed(bottom, y as f32 / (HEIGHT as f32 * 0.75)));
    }
}

/// A sun or a moon.
fn light(canvas: &mut Canvas, hue: f32, random: &mut Random) {
    let place = |from: u64, width: u64, random: &mut Random| (from + random.below(width)) as f32;
    let centre = (place(40, 120, random), place(100, 60, random));
    let radius = place(17, 27, random);
    canvas.disc(centre, radius, Colour::hsl(hue + 60.0, 0.8, 0.86));
}

/// What kind of land it is.
#[derive(Clone, Copy)]
enum Form {
    Hills,
    Mountains,
    City,
    Sea,
}

impl Form {
    const ALL: [Self; 4] = [Self::Hills, Self::Mountains, Self::City, Self::Sea];

    /// Where the ground begins in each column, in pixels from above.
    fn skyline(self, ridge: u64, random: &mut Random) -> Vec<f32> {
        let base = 143.0 + 30.0 * ridge as f32;
        let phase = random.below(1_000) as f32 / 1_000.0 * TAU;
        let pace = 1.0 + random.below(200) as f32 / 100.0;
        let mut towers = Random::new(phase.to_bits().into(), ridge);
        let heights: Vec<f32> = (0..16).map(|_| towers.below(47) as f32).collect();
        let height = |x: usize| {
            let at = x as f32 / WIDTH as f32;
            match self {
                Self::Hills => 17.0 * (phase + pace * TAU * at).sin() + 6.0 * (at * 17.0).sin(),
                Self::Mountains => 60.0 * triangle(at * pace * 2.0 + phase) - 27.0,
                Self::City => heights[x * heights.len() / WIDTH] - 13.0,
                Self::Sea => 3.0 * (phase + (8.0 + ridge as f32) * TAU * at).sin() - 20.0,
            }
        };
        (0..WIDTH).map(|x| base - height(x)).collect()
    }
}

/// A zigzag between 0 and 1.
fn triangle(at: f32) -> f32 {
    (at.fract() * 2.0 - 1.0).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    #[test]
    fn a_poster_is_a_picture_of_its_own_and_always_the_same() {
        let world = World::empty();
        let poster_of = |title: &str| {
            let film = world.add_movie(title, 1987);
            poster(&world.get(film).unwrap())
        };
        let (first, second) = (poster_of("Valparaíso & the Sea"), poster_of("Harbour"));
        assert!(first.starts_with(b"\x89PNG\r\n\x1a\n") && first.ends_with(b"IEND\xaeB`\x82"));
        assert_ne!(first, second);
        assert!((2_000..100_000).contains(&first.len()), "{}", first.len());
        let again = world.find("Valparaíso & the Sea").and_then(|id| world.get(id)).unwrap();
        assert_eq!(poster(&again), first);
    }

    #[test]
    fn no_title_is_too_strange_for_a_poster() {
        let world = World::empty();
        for title in crate::world::hostile_titles() {
            let film = world.add_movie(&title, 1987);
            assert!(!poster(&world.get(film).unwrap()).is_empty());
        }
    }
}
