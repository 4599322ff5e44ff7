//! A reader of bencoding that makes nothing: it walks over bytes that may be hostile, without
//! recursion and without a tree, so that a file can cost no more than its own length.

/// Why bytes are not bencoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NotBencode;

/// The deepest nesting of lists and dictionaries that is walked over.
const MAX_DEPTH: usize = 64;

type Result<T> = std::result::Result<T, NotBencode>;

/// A place in bencoded bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn peek(&self) -> Result<u8> {
        self.bytes.get(self.at).copied().ok_or(NotBencode)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(length).ok_or(NotBencode)?;
        let taken = self.bytes.get(self.at..end).ok_or(NotBencode)?;
        self.at = end;
        Ok(taken)
    }

    /// Whether the dictionary or list ends here; its end is taken then.
    fn ends(&mut self) -> Result<bool> {
        let ends = self.peek()? == b'e';
        self.at += usize::from(ends);
        Ok(ends)
    }

    /// Digits up to `end`, which is taken too.
    fn digits(&mut self, end: u8) -> Result<&'a str> {
        let rest = self.bytes.get(self.at..).ok_or(NotBencode)?;
        let length = rest.iter().take(24).position(|b| *b == end).ok_or(NotBencode)?;
        let digits = self.take(length)?;
        self.at += 1;
        std::str::from_utf8(digits).map_err(|_| NotBencode)
    }

    /// A byte string.
    pub(super) fn string(&mut self) -> Result<&'a [u8]> {
        if !self.peek()?.is_ascii_digit() {
            return Err(NotBencode);
        }
        let length = self.digits(b':')?.parse().map_err(|_| NotBencode)?;
        self.take(length)
    }

    /// A whole number.
    pub(super) fn integer(&mut self) -> Result<i64> {
        if self.take(1)? != b"i" {
            return Err(NotBencode);
        }
        self.digits(b'e')?.parse().map_err(|_| NotBencode)
    }

    /// Walks over a dictionary: `entry` gets each key with a reader at its value. What it reads
    /// there is not taken: the value is walked over afterwards.
    pub(super) fn dictionary(
        &mut self,
        mut entry: impl FnMut(&'a [u8], Self) -> Result<()>,
    ) -> Result<()> {
        if self.take(1)? != b"d" {
            return Err(NotBencode);
        }
        while !self.ends()? {
            let key = self.string()?;
            entry(key, *self)?;
            self.skip()?;
        }
        Ok(())
    }

    /// Walks over a list in the same way.
    pub(super) fn list(&mut self, mut entry: impl FnMut(Self) -> Result<()>) -> Result<()> {
        if self.take(1)? != b"l" {
            return Err(NotBencode);
        }
        while !self.ends()? {
            entry(*self)?;
            self.skip()?;
        }
        Ok(())
    }

    /// Walks over one value of any kind and returns its bytes.
    pub(super) fn skip(&mut self) -> Result<&'a [u8]> {
        let start = self.at;
        let mut depth = 0;
        loop {
            match self.peek()? {
                b'd' | b'l' => {
                    depth += 1;
                    self.at += 1;
                }
                b'e' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b'i' => {
                    self.integer()?;
                }
                _ => {
                    self.string()?;
                }
            }
            match depth {
                0 => return self.bytes.get(start..self.at).ok_or(NotBencode),
                1..=MAX_DEPTH => {}
                _ => return Err(NotBencode),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_walked_over_whole() {
        for text in ["i-3e", "0:", "4:spam", "le", "de", "d1:ai1e1:bl1:cd1:di2eee1:e0:e"] {
            let bytes = format!("{text}tail");
            assert_eq!(Reader::new(bytes.as_bytes()).skip(), Ok(text.as_bytes()));
        }
        let deep = "l".repeat(1_000_000);
        for bad in ["", "i", "ie", "i1", "5:spam", "-1:a", "99999999999999999999:a", "l", "d", "e"]
        {
            assert_eq!(Reader::new(bad.as_bytes()).skip(), Err(NotBencode), "{bad}");
        }
        assert_eq!(Reader::new(deep.as_bytes()).skip(), Err(NotBencode));
    }

    #[test]
    fn an_entry_may_be_left_unread() {
        let mut seen = Vec::new();
        let mut reader = Reader::new(b"d1:ai7e1:bl1:xee3:end");
        reader
            .dictionary(|key, mut value| {
                seen.push((key.to_vec(), value.integer().ok()));
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, [(b"a".to_vec(), Some(7)), (b"b".to_vec(), None)]);
        assert_eq!(reader.string(), Ok(&b"end"[..]));
    }
}
