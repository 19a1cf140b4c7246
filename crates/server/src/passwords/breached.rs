//! Passwords that are known from breaches: a file of sorted, truncated SHA-1 hashes. Nothing is sent anywhere.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use cardea_seal::{Digest, Sha256, sha1};

/// Of this version of the format.
const MAGIC: &[u8; 8] = b"CRDBRCH1";
/// Magic, number of hashes, SHA-256 of them.
const HEADER_BYTES: u64 = 48;
/// Of each hash. With 48 bits and a billion hashes, one password in 280,000 is refused that is in no list.
const RECORD_BYTES: usize = 6;
/// So many hashes are sorted in memory: 64 MiB.
const IN_MEMORY: usize = 8 << 20;
/// No line of a list is longer.
const MAX_LINE_BYTES: u64 = 256;

/// Why a list makes no filter, or a filter can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BreachedError {
    /// It can't be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// A line of the list.
    #[error("line {0} is not a SHA-1 hash in hexadecimal digits, with :COUNT or without")]
    Line(u64),
    /// The list has no line.
    #[error("the list is empty")]
    Empty,
    /// The filter.
    #[error(
        "it is not a filter of cardea passwords build-filter, of another version, or damaged: build it again"
    )]
    Damaged,
}

/// A filter, open.
pub(crate) struct BreachedFilter {
    file: File,
    count: u64,
}

impl BreachedFilter {
    /// Opens a filter and reads all of it once.
    pub(crate) fn open(path: &Path) -> Result<Self, BreachedError> {
        let mut file = File::open(path)?;
        let mut header = [0; HEADER_BYTES as usize];
        file.read_exact(&mut header)
            .map_err(|_| BreachedError::Damaged)?;
        let (magic, rest) = header.split_at(MAGIC.len());
        let (count, expected) = rest.split_at(8);
        let count = count.try_into().map_or(0, u64::from_be_bytes);
        let length = count.checked_mul(RECORD_BYTES as u64);
        let length = length.and_then(|length| length.checked_add(HEADER_BYTES));
        if magic != MAGIC || length != Some(file.metadata()?.len()) {
            return Err(BreachedError::Damaged);
        }
        let mut hash = Sha256::new();
        let mut piece = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                break;
            }
            hash.update(piece.get(..read).unwrap_or_default());
        }
        match hash.finish().as_bytes() == expected {
            true => Ok(Self { file, count }),
            false => Err(BreachedError::Damaged),
        }
    }

    /// Whether the password is in the list, by binary search in the file.
    pub(crate) fn contains(&self, password: &str) -> io::Result<bool> {
        let wanted = record(&sha1(password.as_bytes()));
        let (mut from, mut to) = (0, self.count);
        while from < to {
            let middle = from.midpoint(to);
            let mut found = [0; RECORD_BYTES];
            let position = HEADER_BYTES + middle * RECORD_BYTES as u64;
            self.file.read_exact_at(&mut found, position)?;
            match found.cmp(&wanted) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        Ok(false)
    }
}

type Record = [u8; RECORD_BYTES];

fn record(hash: &[u8; 20]) -> Record {
    let [a, b, c, d, e, f, ..] = *hash;
    [a, b, c, d, e, f]
}

/// Makes a filter of a list of SHA-1 hashes, `HASH` or `HASH:COUNT` a line, in any order. `progress` is called with the number of bytes
/// read. Returns the number of hashes.
///
/// # Errors
/// When a line has another form, or a file can't be read or written. Then the output does not exist.
pub fn build_filter(
    list: &Path,
    output: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, BreachedError> {
    build(list, output, (IN_MEMORY, progress))
}

fn build(
    list: &Path,
    output: &Path,
    (in_memory, progress): (usize, &mut dyn FnMut(u64)),
) -> Result<u64, BreachedError> {
    let mut parts = Parts {
        output: output.to_owned(),
        files: Vec::new(),
    };
    let mut reader = BufReader::with_capacity(1 << 20, File::open(list)?);
    let (mut line, mut records, mut bytes) = (Vec::new(), Vec::new(), 0);
    for number in 1.. {
        line.clear();
        let read = reader
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)?;
        bytes += read as u64;
        if read == 0 {
            break;
        }
        let text = line.trim_ascii();
        if !text.is_empty() {
            records.push(hex_record(text).ok_or(BreachedError::Line(number))?);
        }
        if records.len() >= in_memory {
            parts.write(&mut records)?;
        }
        if number % 65_536 == 0 {
            progress(bytes);
        }
    }
    parts.write(&mut records)?;
    drop(records);
    parts.merge()
}

/// The first bytes of a hash, from a line of a list.
fn hex_record(line: &[u8]) -> Option<Record> {
    let hash = match line.iter().position(|byte| *byte == b':') {
        Some(end) => {
            let count = line.get(end + 1..)?;
            count.iter().all(u8::is_ascii_digit).then_some(())?;
            line.get(..end)?
        }
        None => line,
    };
    let is_hash = hash.len() == 40 && hash.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(hash.get(..2 * RECORD_BYTES)?).ok()?;
    let number = is_hash.then(|| u64::from_str_radix(digits, 16).ok())??;
    let [_, _, a, b, c, d, e, f] = number.to_be_bytes();
    Some([a, b, c, d, e, f])
}

/// Sorted parts of a filter, in files beside it, removed when this is dropped.
struct Parts {
    output: PathBuf,
    files: Vec<PathBuf>,
}

impl Parts {
    fn beside(&self, name: &str) -> PathBuf {
        let mut path = self.output.clone().into_os_string();
        path.push(name);
        path.into()
    }

    fn write(&mut self, records: &mut Vec<Record>) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        records.sort_unstable();
        records.dedup();
        let path = self.beside(&format!(".part{}", self.files.len()));
        self.files.push(path.clone());
        let mut file = BufWriter::new(File::create(path)?);
        for record in records.drain(..) {
            file.write_all(&record)?;
        }
        file.flush()
    }

    /// All parts as one, without repetitions. The filter has its name only when it is whole.
    fn merge(&mut self) -> Result<u64, BreachedError> {
        let files = self.files.iter().map(File::open);
        let files: Vec<File> = files.collect::<io::Result<_>>()?;
        let mut readers: Vec<_> = files.into_iter().map(BufReader::new).collect();
        let mut heap = BinaryHeap::new();
        for (part, reader) in readers.iter_mut().enumerate() {
            heap.extend(next(reader)?.map(|record| Reverse((record, part))));
        }
        let whole = self.beside(".new");
        self.files.push(whole.clone());
        let mut file = BufWriter::new(File::create(&whole)?);
        file.write_all(&[0; HEADER_BYTES as usize])?;
        let (mut hash, mut count, mut last) = (Sha256::new(), 0_u64, None);
        while let Some(Reverse((record, part))) = heap.pop() {
            if last != Some(record) {
                hash.update(&record);
                file.write_all(&record)?;
                count += 1;
                last = Some(record);
            }
            if let Some(reader) = readers.get_mut(part) {
                heap.extend(next(reader)?.map(|record| Reverse((record, part))));
            }
        }
        if count == 0 {
            return Err(BreachedError::Empty);
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header(count, &hash.finish()))?;
        file.sync_all()?;
        std::fs::rename(&whole, &self.output)?;
        Ok(count)
    }
}

fn header(count: u64, hash: &Digest) -> Vec<u8> {
    [MAGIC.as_slice(), &count.to_be_bytes(), hash.as_bytes()].concat()
}

fn next(reader: &mut BufReader<File>) -> io::Result<Option<Record>> {
    let mut record = [0; RECORD_BYTES];
    match reader.fill_buf()?.is_empty() {
        true => Ok(None),
        false => reader.read_exact(&mut record).map(|()| Some(record)),
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        for file in &self.files {
            // The filter itself has another name by now.
            let _ = std::fs::remove_file(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(password: &str) -> String {
        sha1(password.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect()
    }

    fn built(lines: &str, in_memory: usize) -> (tempfile::TempDir, Result<u64, BreachedError>) {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.txt");
        std::fs::write(&list, lines).unwrap();
        let output = folder.path().join("filter");
        let count = build(&list, &output, (in_memory, &mut |_| {}));
        (folder, count)
    }

    #[test]
    fn a_list_in_any_order_makes_the_same_filter() {
        let mut lines: Vec<String> = (0..1000)
            .map(|n| format!("{}:{n}", hex(&format!("password-{n}"))))
            .collect();
        lines.push(hex("password-7").to_lowercase());
        let (one, count) = built(&lines.join("\r\n"), 100_000);
        assert_eq!(count.unwrap(), 1000);
        lines.sort();
        let (two, count) = built(&lines.join("\n"), 64);
        assert_eq!(count.unwrap(), 1000);
        let read =
            |folder: &tempfile::TempDir| std::fs::read(folder.path().join("filter")).unwrap();
        assert_eq!(read(&one), read(&two));
        let left = std::fs::read_dir(two.path()).unwrap().count();
        assert_eq!(left, 2, "the list and the filter");
        let filter = BreachedFilter::open(&one.path().join("filter")).unwrap();
        for n in 0..1000 {
            assert!(filter.contains(&format!("password-{n}")).unwrap());
            assert!(!filter.contains(&format!("other-{n}")).unwrap());
        }
    }

    #[test]
    fn what_is_no_list_makes_no_filter() {
        let good = hex("a");
        for lines in [
            "",
            "\n\n",
            "password",
            &format!("{good}:x"),
            &format!("{good}0"),
            &format!("{good}\nnot a hash\n"),
            &"x".repeat(1_000_000),
        ] {
            let (folder, count) = built(lines, 10);
            assert!(count.is_err(), "{lines:.40}");
            assert!(!folder.path().join("filter").exists());
        }
        let (_folder, count) = built(&format!("{good}\nnot a hash\n"), 10);
        assert!(matches!(count, Err(BreachedError::Line(2))));
    }

    #[test]
    fn a_damaged_filter_is_not_used() {
        let lines = format!("{}\n{}\n", hex("a"), hex("b"));
        let (folder, _) = built(&lines, 10);
        let path = folder.path().join("filter");
        let whole = std::fs::read(&path).unwrap();
        let changed = |position: usize| {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            bytes
        };
        for bytes in [
            changed(0),
            changed(12),
            changed(20),
            changed(50),
            whole[..59].to_vec(),
            [&whole[..], &[0]].concat(),
            Vec::new(),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert!(BreachedFilter::open(&path).is_err());
        }
        std::fs::write(&path, whole).unwrap();
        assert!(BreachedFilter::open(&path).is_ok());
    }
}
