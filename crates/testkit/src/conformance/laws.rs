//! What must hold, whatever happens. Violations are gathered, so that one run shows them all.

use shelfread_domain::port::{Problem, RemoteLibrary, ServerIdentity, SourceError};
use shelfread_domain::{ItemKind, Observation};

use super::reading::{Listing, Reading};
use super::{Subject, lines, name};

/// What was violated so far.
pub(crate) struct Violations {
    token: String,
    is_shown: bool,
    all: Vec<String>,
}

impl Violations {
    pub fn new(subject: &Subject<'_>) -> Self {
        Self { token: subject.token.clone(), is_shown: false, all: Vec::new() }
    }

    pub fn add(&mut self, case: &str, what: impl AsRef<str>) {
        self.all.push(format!("{case}: {}", what.as_ref()));
    }

    fn require(&mut self, holds: bool, case: &str, what: impl FnOnce() -> String) {
        if !holds {
            self.add(case, what());
        }
    }

    /// Ends the suite.
    pub fn report(self) {
        let (count, all) = (self.all.len(), lines(&self.all));
        assert!(self.all.is_empty(), "{count} violations of the contract of MediaSource:\n{all}");
    }

    /// Nothing that a person or a log may see holds the token. Once told is enough.
    fn secret(&mut self, case: &str, words: &str) {
        if !self.is_shown && words.contains(&self.token) {
            self.is_shown = true;
            self.add(case, "the token is shown");
        }
    }

    /// Everything is there and was read.
    pub fn honest(&mut self, case: &str, reading: &Reading) {
        self.secret(case, &reading.words);
        if let Err(error) = &reading.identity {
            self.add(case, format!("identify failed: {error}"));
        }
        let count = reading.listings().count();
        self.require(count >= 2, case, || format!("{count} libraries; the suite needs two"));
        for (library, listing) in reading.listings() {
            let case = &format!("{case}, library '{}'", name(library));
            self.contract(case, listing);
            self.require(listing.is_complete(), case, || format!("not complete: {listing:?}"));
            let some = !listing.observations.is_empty();
            self.require(some, case, || "empty; the suite needs something in it".to_owned());
        }
    }

    fn contract(&mut self, case: &str, listing: &Listing) {
        if let Err(fault) = &listing.contract {
            self.add(case, fault);
        }
    }

    /// The same is told.
    pub fn equal(&mut self, case: &str, reference: &Reading, reading: &Reading) {
        self.secret(case, &reading.words);
        let same = reference.identity == reading.identity;
        self.require(same, case, || format!("another identity: {:?}", reading.identity));
        let same = reference.libraries == reading.libraries;
        self.require(same, case, || format!("other libraries: {:?}", reading.libraries));
        for ((library, expected), (_, listing)) in reference.listings().zip(reading.listings()) {
            let case = &format!("{case}, library '{}'", name(library));
            self.contract(case, listing);
            let same = listing.is_complete() && expected.observations == listing.observations;
            self.require(same, case, || {
                let (a, b) = (expected.observations.len(), listing.observations.len());
                let (end, error) = (&listing.end, &listing.error);
                format!("not the same: {a} and {b} observations, {end:?}, {error:?}")
            });
        }
    }

    /// What is told is the whole truth, a doubt, or an error.
    pub fn never_a_part(&mut self, case: &str, reference: &Reading, reading: &Reading) {
        self.secret(case, &reading.words);
        let (known, told) = (&reference.libraries, &reading.libraries);
        let same = told.is_err() || known == told;
        self.require(same, case, || format!("other libraries and no error: {told:?}"));
        for ((library, expected), (_, listing)) in reference.listings().zip(reading.listings()) {
            let case = &format!("{case}, library '{}'", name(library));
            self.contract(case, listing);
            let (all, came) = (expected.observations.len(), listing.observations.len());
            let known = listing.observations.iter().all(|o| expected.observations.contains(o));
            self.require(known, case, || "something came that is not there".to_owned());
            let whole = came + listing.failed >= all || !listing.is_complete();
            self.require(whole, case, || format!("complete with {came} of {all} observations"));
        }
    }

    /// Whatever came, the contract holds, nothing is shown, and nothing is passed over in silence.
    pub fn survived(&mut self, case: &str, reference: &Reading, reading: &Reading) {
        self.secret(case, &reading.words);
        for (library, listing) in reading.listings() {
            let case = &format!("{case}, library '{}'", name(library));
            self.contract(case, listing);
            let known = reference.listings().find(|(l, _)| l.remote_id == library.remote_id);
            let all = known.map_or(0, |(_, l)| l.objects());
            let told = listing.objects() + listing.failed;
            let whole = told >= all || !listing.is_complete();
            self.require(whole, case, || format!("complete with {told} of {all} objects"));
        }
    }

    /// It worked and does not claim to be everything.
    pub fn partial(&mut self, case: &str, library: &RemoteLibrary, listing: &Listing) {
        let case = &format!("{case}, library '{}'", name(library));
        let error = listing.error.as_ref();
        self.require(error.is_none(), case, || format!("an error: {error:?}"));
        self.require(!listing.is_complete(), case, || "it claims to be everything".to_owned());
    }

    /// An object came with what hangs on it, and nothing else of its kind.
    pub fn family(
        &mut self,
        library: &RemoteLibrary,
        first: &Observation,
        all: &Listing,
        only: &Listing,
    ) {
        let case = &format!("only {}, library '{}'", first.label(), name(library));
        let hangs = |o: &&Observation| {
            o.remote_id == first.remote_id
                || first.kind == ItemKind::Show && o.parent.as_ref() == Some(&first.remote_id)
        };
        for wanted in all.observations.iter().filter(hangs) {
            let there = only.observations.contains(wanted);
            self.require(there, case, || format!("{} did not come", wanted.label()));
        }
    }

    /// Of a library, few observations are lost (a title may belong to several), and it is told.
    pub fn only_one_lost(
        &mut self,
        case: &str,
        library: &RemoteLibrary,
        truth: &Reading,
        reading: &Reading,
    ) {
        let of = |reading: &Reading| {
            let found = reading.listings().find(|(l, _)| l.remote_id == library.remote_id);
            found.map(|(_, l)| (l.observations.len(), l.failed, l.is_complete()))
        };
        let (Some((all, ..)), Some((came, failed, complete))) = (of(truth), of(reading)) else {
            return self.add(case, "the library is gone");
        };
        self.require(came + 4 >= all, case, || format!("only {came} of {all} came"));
        self.require(failed > 0 || !complete, case, || "nobody said that one failed".to_owned());
    }

    /// An error that says what it was.
    pub fn told(
        &mut self,
        case: &str,
        identity: Result<ServerIdentity, SourceError>,
        fits: impl Fn(&Problem) -> bool,
    ) {
        match identity {
            Ok(identity) => self.add(case, format!("identify saw nothing wrong: {identity:?}")),
            Err(error) => {
                self.secret(case, &format!("{error} {error:?}"));
                self.require(fits(&error.problem), case, || format!("told as {error:?}"));
            }
        }
    }
}
