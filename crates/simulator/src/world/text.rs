//! Titles and descriptions as people would believe them, made of a few words.

use super::random::Random;

const ADJECTIVES: [&str; 32] = [
    "Silent",
    "Golden",
    "Broken",
    "Distant",
    "Crimson",
    "Hollow",
    "Last",
    "Hidden",
    "Burning",
    "Frozen",
    "Endless",
    "Forgotten",
    "Iron",
    "Paper",
    "Midnight",
    "Northern",
    "Quiet",
    "Savage",
    "Gentle",
    "Electric",
    "Second",
    "Stolen",
    "Wandering",
    "Velvet",
    "Bitter",
    "Shallow",
    "Distant",
    "Restless",
    "Marble",
    "Lonely",
    "Secret",
    "Winter",
];
const NOUNS: [&str; 40] = [
    "River",
    "Harbour",
    "Garden",
    "Empire",
    "Letter",
    "Orchard",
    "Signal",
    "Mirror",
    "Border",
    "Lighthouse",
    "Promise",
    "Machine",
    "Stranger",
    "Ocean",
    "Kingdom",
    "Shadow",
    "Station",
    "Summer",
    "Witness",
    "Voyage",
    "Archive",
    "Mountain",
    "Carnival",
    "Verdict",
    "Island",
    "Cathedral",
    "Sparrow",
    "Reckoning",
    "Island",
    "Circus",
    "Library",
    "Railway",
    "Desert",
    "Daughter",
    "Clockmaker",
    "Bridge",
    "Inheritance",
    "Tide",
    "Cartographer",
    "Horizon",
];
const PLACES: [&str; 24] = [
    "Lisbon",
    "Marrakesh",
    "Bergen",
    "Kyoto",
    "Trieste",
    "Valparaíso",
    "Galway",
    "Odessa",
    "Tbilisi",
    "Montréal",
    "Zürich",
    "Hanoi",
    "Malmö",
    "Cádiz",
    "Nairobi",
    "Reykjavík",
    "Kraków",
    "Naples",
    "Dakar",
    "Tallinn",
    "Antwerp",
    "Seville",
    "Riga",
    "Porto",
];
const PEOPLE: [&str; 20] = [
    "a retired detective",
    "two estranged sisters",
    "a young cartographer",
    "the night porter",
    "an ambitious prosecutor",
    "a widowed beekeeper",
    "the ship's doctor",
    "a failed composer",
    "an unlikely pair of thieves",
    "a schoolteacher",
    "the youngest heir",
    "a war photographer",
    "an insurance clerk",
    "three old friends",
    "a runaway apprentice",
    "the new lighthouse keeper",
    "a translator",
    "the mayor's driver",
    "a marine biologist",
    "an honest forger",
];
const EVENTS: [&str; 16] = [
    "finds a letter that was never meant to be read",
    "returns to a town that has agreed to forget",
    "is offered one last chance to set things right",
    "stumbles upon a ledger worth more than any life",
    "must choose between loyalty and the truth",
    "loses everything in a single night",
    "inherits a house with a locked third floor",
    "boards the wrong train and decides to stay on it",
    "discovers that the past keeps its own calendar",
    "witnesses a crime nobody else remembers",
    "makes a bargain that cannot be undone",
    "goes looking for a brother who does not want to be found",
    "hears a voice on a frequency that was switched off years ago",
    "takes the blame for something far larger",
    "learns what the harbour master has been hiding",
    "begins to doubt the only story ever told about the family",
];
const ENDINGS: [&str; 12] = [
    "As winter closes in, old debts come due and nobody is quite who they seemed.",
    "What begins as a favour turns into a race against people with nothing left to lose.",
    "Slowly the pieces fit together, and the picture is not the one anybody hoped for.",
    "With time running out, the smallest kindness turns out to matter most.",
    "The answer has been in plain sight all along, for those who dare to look.",
    "Between the two of them lie an ocean, a lie, and one unanswered question.",
    "Soon the whole town has taken sides, and silence is no longer safe.",
    "Every door that opens makes it harder to turn back.",
    "It will take more than courage to leave, and more than love to stay.",
    "Only the sea remembers how it started, and the sea does not talk.",
    "By the end of the week one of them will be gone for good.",
    "And somewhere, patiently, somebody is keeping count.",
];

/// The title of a film or show.
pub fn title(random: &mut Random) -> String {
    let (adjective, noun) = (random.pick(&ADJECTIVES), random.pick(&NOUNS));
    match random.below(6) {
        0 => format!("The {adjective} {noun}"),
        1 => format!("{noun} of {}", random.pick(&PLACES)),
        2 => format!("A {adjective} {noun} in {}", random.pick(&PLACES)),
        3 => format!("{} {noun}", random.pick(&PLACES)),
        4 => format!("The {noun} & the {}", random.pick(&NOUNS)),
        _ => format!("{adjective} {noun}"),
    }
}

/// The title of an episode.
pub fn episode_title(random: &mut Random) -> String {
    match random.below(3) {
        0 => format!("The {}", random.pick(&NOUNS)),
        1 => format!("{} {}", random.pick(&ADJECTIVES), random.pick(&NOUNS)),
        _ => format!("Back to {}", random.pick(&PLACES)),
    }
}

/// A description of 300 to 500 characters.
pub fn overview(random: &mut Random) -> String {
    let mut text = format!("In {}, ", random.pick(&PLACES));
    for joint in [". Meanwhile ", ". "] {
        text += random.pick(&PEOPLE);
        text += " ";
        text += random.pick(&EVENTS);
        text += joint;
    }
    while text.len() < 320 {
        text += random.pick(&ENDINGS);
        text += " ";
    }
    text.truncate(text.trim_end().len());
    text
}

/// Titles that break programs: markup, scripts of other directions, NUL, escapes, wide characters,
/// injections, nothing at all, and a megabyte.
pub fn hostile_titles() -> Vec<String> {
    let mut titles: Vec<String> = [
        "<script>alert('x')</script>",
        "Robert'); DROP TABLE items;--",
        "שלום \u{202e}evil\u{202c} עולם",
        "NUL\u{0}inside",
        "\u{1b}[31mred\u{1b}[0m",
        "🎬👩‍👩‍👧‍👦 Zero\u{200b}width",
        "進撃の巨人",
        "100% %s {} ${HOME} \\ \"quoted\"",
        "../../etc/passwd",
        "\r\nSet-Cookie: a=b",
        "   ",
        "",
    ]
    .map(str::to_owned)
    .into();
    titles.push("x".repeat(1 << 20));
    titles
}
